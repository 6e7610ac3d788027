package control

import "net/http"

// endpoints is the whole surface.
func endpoints() []endpoint {
	wait := parameter{name: "wait_ms", doc: "How long to wait for it, in milliseconds. Left out: not at all.", max: maxWaitMS}
	return []endpoint{
		{
			method: http.MethodGet, path: "/openapi.json", id: "openapi", status: http.StatusOK,
			summary: "This document", operation: handle((*Server).describeItself),
		},
		{
			method: http.MethodGet, path: "/v1/bed", id: "readBed", status: http.StatusOK,
			summary: "What there is in the bed", operation: handle((*Server).readBed),
		},
		{
			method: http.MethodPut, path: "/v1/air", id: "setAir", status: http.StatusOK,
			summary: "Say what goes wrong on the air",
			detail:  "All of it: what is left out is in order, and the adapter is on.",
			codes:   []code{codeValueInvalid}, operation: handle((*Server).setAir),
		},
		{
			method: http.MethodPost, path: "/v1/phones", id: "newPhone", status: http.StatusCreated, bare: true,
			summary: "Make a phone",
			detail:  "It has no passkeys, its person agrees to everything, and nothing is wrong with it. At most 64 at once.",
			codes:   []code{codeValueInvalid, codeTooMany}, operation: handle((*Server).newPhone),
		},
		{
			method: http.MethodGet, path: "/v1/phones", id: "listPhones", status: http.StatusOK,
			summary: "All phones", operation: handle((*Server).readPhones),
		},
		{
			method: http.MethodGet, path: "/v1/phones/{phone}", id: "readPhone", status: http.StatusOK,
			summary: "One phone", codes: []code{codeNotFound}, operation: handle((*Server).readPhone),
		},
		{
			method: http.MethodPatch, path: "/v1/phones/{phone}", id: "changePhone", status: http.StatusOK,
			summary: "Say what its person answers, and what goes wrong with it",
			detail:  "What is left out stays. Faults strike scans that begin afterwards.",
			codes:   []code{codeNotFound, codeValueInvalid}, operation: handle((*Server).changePhone),
		},
		{
			method: http.MethodDelete, path: "/v1/phones/{phone}", id: "removePhone", status: http.StatusNoContent,
			summary: "Remove a phone, with its passkeys", codes: []code{codeNotFound}, operation: handle((*Server).removePhone),
		},
		{
			method: http.MethodDelete, path: "/v1/phones/{phone}/passkeys/{id}", id: "forgetPasskey", status: http.StatusNoContent,
			summary: "Remove a passkey from a phone", codes: []code{codeNotFound}, operation: handle((*Server).forgetPasskey),
		},
		{
			method: http.MethodPost, path: "/v1/phones/{phone}/scans", id: "newScan", status: http.StatusOK, bare: true,
			summary: "Scan a QR code",
			detail: "Answers when the scan is as far as `until` says, or has ended: then `error` says why. A scan that is not so far in time is hung up. " +
				"A phone scans one QR code at a time: a scan of it that goes on is hung up.",
			codes: []code{codeNotFound, codeValueInvalid, codeQRCodeInvalid, codeNoQRCode, codeTimeout, codeSuperseded}, operation: handle((*Server).newScan),
		},
		{
			method: http.MethodGet, path: "/v1/phones/{phone}/scans/{scan}", id: "readScan", status: http.StatusOK,
			summary: "How far a scan is", detail: "A phone remembers its last 32.",
			codes: []code{codeNotFound}, operation: handle((*Server).readScan),
		},
		{
			method: http.MethodDelete, path: "/v1/phones/{phone}/scans/{scan}", id: "hangUp", status: http.StatusNoContent,
			summary: "Hang up", codes: []code{codeNotFound}, operation: handle((*Server).hangUp),
		},
		{
			method: http.MethodGet, path: "/v1/phones/{phone}/question", id: "readQuestion", status: http.StatusOK, query: []parameter{wait},
			summary: "What a phone asks its person", detail: "Of a phone whose `answer` is ask.",
			codes: []code{codeNotFound, codeNoQuestion}, operation: handle((*Server).readQuestion),
		},
		{
			method: http.MethodPost, path: "/v1/phones/{phone}/answer", id: "answer", status: http.StatusNoContent,
			summary: "Answer it", codes: []code{codeNotFound, codeNoQuestion, codeValueInvalid}, operation: handle((*Server).answerQuestion),
		},
		{
			method: http.MethodGet, path: "/v1/events", id: "listEvents", status: http.StatusOK,
			query:   []parameter{{name: "after", doc: "The id of the last event that is known. Left out: all that are kept.", max: 1<<31 - 1}, wait},
			summary: "What has happened in the bed, in order", operation: handle((*Server).readEvents),
		},
		{
			method: http.MethodGet, path: "/v1/screen.png", id: "readScreen", status: http.StatusOK,
			summary: "What is on the screen, dialogs of the browser included", operation: handle((*Server).readScreen),
		},
	}
}
