package server

import "net/http"

// route builds the doors. This file is the whole surface.
func (s *Server) route(version string) error {
	pages, api, health, operator := newRouteMux(s.refusePage), newRouteMux(s.writeProblem), newRouteMux(s.refuseHealth), newRouteMux(s.writeProblem)

	health.handle(http.MethodGet, "/livez", s.livez)
	health.handle(http.MethodGet, "/readyz", s.readyz)
	health.handle(http.MethodGet, "/healthz", s.readyz)

	pages.handle(http.MethodGet, "/{$}", s.page(s.homePage))
	pages.handle(http.MethodGet, "/setup", s.page(s.setupPage))
	pages.handle(http.MethodGet, "/login", s.page(s.loginPage))
	pages.handle(http.MethodGet, "/account", s.page(s.accountPage))
	pages.handle(http.MethodGet, "/learn", s.page(s.learnPage))
	pages.handle(http.MethodPost, "/logout", s.form(s.postLogout))
	pages.handle(http.MethodPost, "/account/credentials/{id}/rename", s.form(s.postRename))
	pages.handle(http.MethodPost, "/account/sessions/{id}/end", s.form(s.postEndSession))
	pages.handle(http.MethodGet, "/assets/{file}", s.asset)

	if len(s.related) > 0 {
		document, err := relatedOriginsDocument(s.origin, s.related)
		if err != nil {
			return err
		}
		pages.handle(http.MethodGet, "/.well-known/webauthn", wellKnown(document))
	}

	for _, e := range s.endpoints() {
		api.handle(e.method, e.path, s.answer(e))
		if e.shared && len(s.related) > 0 {
			api.handle(http.MethodOptions, e.path, s.preflight(e))
		}
	}
	document, err := describe(s.origin, version, s.endpoints())
	if err != nil {
		return err
	}
	api.handle(http.MethodGet, "/api/openapi.json", func(w http.ResponseWriter, r *http.Request) {
		if err := s.requests.admit(r, 0); err != nil {
			s.writeProblem(w, r, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(document) // the client has gone
	})

	for _, e := range s.operatorEndpoints() {
		operator.handle(e.method, e.path, s.answerOperator(e))
	}

	s.public = s.publicDoor(pages, api, health)
	s.operator = s.enter(operator.mux, backupTimeout, s.writeProblem)
	return nil
}

// endpoints is the JSON API of the public door.
func (s *Server) endpoints() []endpoint {
	beginCodes, finishCodes := registrationCodes()
	return []endpoint{
		{
			method: http.MethodPost, path: "/api/v1/registration/invitation", id: "readInvitation", status: http.StatusOK, ceremony: true,
			summary:   "What a setup or invitation link is good for",
			detail:    "Changes nothing. A page asks this before it asks a person for a name.",
			codes:     []code{codeInvitationInvalid, codeRateLimited},
			operation: handle(s.readInvitation),
		},
		{
			method: http.MethodPost, path: "/api/v1/registration/begin", id: "beginRegistration", status: http.StatusOK, ceremony: true, shared: true,
			summary:   "Begin to make a passkey",
			detail:    "With a token from a setup or invitation link: for a new account. Signed in, freshly: for one's own. Neither: for a new account, where sign-up is open.",
			codes:     beginCodes,
			operation: handle(begins(s, kindRegistration, s.beginRegistration)),
		},
		{
			method: http.MethodPost, path: "/api/v1/registration/finish", id: "finishRegistration", status: http.StatusCreated, ceremony: true, finish: true, shared: true,
			summary:   "Finish making a passkey",
			detail:    "A new account is signed in at once. A ceremony can be finished once, whatever comes of it.",
			codes:     finishCodes,
			operation: handle(ends(s, kindRegistration, s.finishRegistration)),
		},
		{
			method: http.MethodPost, path: "/api/v1/authentication/begin", id: "beginAuthentication", status: http.StatusOK, ceremony: true, shared: true,
			summary:   "Begin to sign in",
			detail:    "With a name the answer lists that account's passkeys; a name that nobody has gets an answer that looks alike.",
			codes:     []code{codeNameInvalid, codeRateLimited},
			operation: handle(begins(s, kindAuthentication, s.beginAuthentication)),
		},
		{
			method: http.MethodPost, path: "/api/v1/authentication/finish", id: "finishAuthentication", status: http.StatusOK, ceremony: true, finish: true, shared: true,
			summary: "Finish signing in",
			detail: "Opens a session and ends the one that the request came with. credential_unknown says that the passkey was removed here and may be forgotten; " +
				"every other failure of a passkey is authentication_failed.",
			codes:     []code{codeCeremonyInvalid, codeCeremonyExpired, codeCeremonySpent, codeAuthenticationFailed, codeCredentialUnknown, codeRateLimited},
			operation: handle(ends(s, kindAuthentication, s.finishAuthentication)),
		},
		{
			method: http.MethodGet, path: "/api/v1/me", id: "me", status: http.StatusOK, session: true, shared: true,
			summary: "Who is signed in, and how", operation: handle(s.me),
		},
		{
			method: http.MethodGet, path: "/api/v1/credentials", id: "listCredentials", status: http.StatusOK, session: true,
			summary: "One's own passkeys", operation: handle(s.listCredentials),
		},
		{
			method: http.MethodPatch, path: "/api/v1/credentials/{id}", id: "renameCredential", status: http.StatusOK, session: true,
			summary: "Rename a passkey", codes: []code{codeNameInvalid, codeNotFound}, operation: handle(s.renameCredential),
		},
		{
			method: http.MethodDelete, path: "/api/v1/credentials/{id}", id: "removeCredential", status: http.StatusNoContent, session: true,
			summary:   "Remove a passkey",
			detail:    "Ends every session that it opened. The session must be fresh.",
			codes:     []code{codeStepUpRequired, codeLastCredential, codeNotFound},
			operation: handle(s.removeCredential),
		},
		{
			method: http.MethodGet, path: "/api/v1/sessions", id: "listSessions", status: http.StatusOK, session: true,
			summary: "One's own sessions", operation: handle(s.listSessions),
		},
		{
			method: http.MethodDelete, path: "/api/v1/sessions", id: "endOtherSessions", status: http.StatusNoContent, session: true,
			summary: "End all sessions but this one", operation: handle(s.endOtherSessions),
		},
		{
			method: http.MethodDelete, path: "/api/v1/sessions/{id}", id: "endSession", status: http.StatusNoContent, session: true,
			summary: "End a session", codes: []code{codeNotFound}, operation: handle(s.endSession),
		},
		{
			method: http.MethodPost, path: "/api/v1/logout", id: "logout", status: http.StatusNoContent, session: true, shared: true,
			summary: "End this session", operation: handle(s.logout),
		},
	}
}

// operatorEndpoints is the API behind hither.sock.
func (s *Server) operatorEndpoints() []endpoint {
	return []endpoint{
		{method: http.MethodGet, path: "/api/v1/operator/accounts", status: http.StatusOK, operation: handle(s.operatorAccounts)},
		{method: http.MethodPost, path: "/api/v1/operator/invitations", status: http.StatusOK, operation: handle(s.operatorInvite)},
		{method: http.MethodPost, path: "/api/v1/operator/setup", status: http.StatusOK, operation: handle(s.operatorSetup)},
		{method: http.MethodPost, path: "/api/v1/operator/accounts/{name}/disable", status: http.StatusNoContent, operation: handle(s.operatorDisable)},
		{method: http.MethodPost, path: "/api/v1/operator/accounts/{name}/enable", status: http.StatusNoContent, operation: handle(s.operatorEnable)},
		{method: http.MethodDelete, path: "/api/v1/operator/accounts/{name}", status: http.StatusNoContent, operation: handle(s.operatorRemove)},
		{method: http.MethodPost, path: "/api/v1/operator/backup", status: http.StatusOK, patient: true, operation: operation{serve: sendBackup}},
	}
}
