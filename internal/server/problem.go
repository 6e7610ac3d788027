package server

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/relyingparty"
	"github.com/hitherauth/hither/webauthn"
)

// code is what programs act on in a problem document. Codes are never reused
// for something else.
type code string

const (
	codeBodyMalformed        code = "body_malformed"
	codeNameInvalid          code = "name_invalid"
	codeCeremonyInvalid      code = "ceremony_invalid"
	codeCeremonyExpired      code = "ceremony_expired"
	codeCeremonySpent        code = "ceremony_spent"
	codeAuthenticationFailed code = "authentication_failed"
	codeCredentialUnknown    code = "credential_unknown"
	codeRegistrationFailed   code = "registration_failed"
	codeCredentialExists     code = "credential_exists"
	codeNameTaken            code = "name_taken"
	codeSignupClosed         code = "signup_closed"
	codeInvitationInvalid    code = "invitation_invalid"
	codeUnauthenticated      code = "unauthenticated"
	codeStepUpRequired       code = "step_up_required"
	codeLastCredential       code = "last_credential"
	codeCredentialLimit      code = "credential_limit"
	codeLastAdministrator    code = "last_administrator"
	codeNotFound             code = "not_found"
	codeCrossSite            code = "cross_site"
	codeMethodNotAllowed     code = "method_not_allowed"
	codeUnsupportedMediaType code = "unsupported_media_type"
	codeBodyTooLarge         code = "body_too_large"
	codeHeadersTooLarge      code = "headers_too_large"
	codeMisdirected          code = "misdirected"
	codeRateLimited          code = "rate_limited"
	codeUnavailable          code = "unavailable"
	codeInternal             code = "internal"
)

// status is the HTTP status of a code, and detail the sentence that is shown
// when the refusal brings none of its own.
func (c code) status() (status int, detail string) {
	switch c {
	case codeBodyMalformed:
		return http.StatusBadRequest, "the request body is not what this endpoint takes"
	case codeNameInvalid:
		return http.StatusBadRequest, "the name cannot be used"
	case codeCeremonyInvalid:
		return http.StatusBadRequest, "the ceremony was not begun by this browser, or another sign-in has replaced it: begin again"
	case codeCeremonyExpired:
		return http.StatusBadRequest, "the ceremony took too long: begin again"
	case codeCeremonySpent:
		return http.StatusConflict, "the ceremony was used before: begin again"
	case codeAuthenticationFailed:
		return http.StatusUnauthorized, "the passkey was not accepted"
	case codeCredentialUnknown:
		return http.StatusUnauthorized, "this passkey is not known here any more"
	case codeRegistrationFailed:
		return http.StatusBadRequest, "the passkey was not accepted"
	case codeCredentialExists:
		return http.StatusConflict, "this passkey is registered already"
	case codeNameTaken:
		return http.StatusConflict, "the name is taken"
	case codeSignupClosed:
		return http.StatusForbidden, "an account is made with an invitation"
	case codeInvitationInvalid:
		return http.StatusForbidden, "the invitation is used, expired or not known"
	case codeUnauthenticated:
		return http.StatusUnauthorized, "nobody is signed in"
	case codeStepUpRequired:
		return http.StatusForbidden, "confirm with a passkey first"
	case codeLastCredential:
		return http.StatusConflict, "the last passkey of an account stays"
	case codeCredentialLimit:
		return http.StatusConflict, "the account has as many passkeys as it can have: remove one first"
	case codeLastAdministrator:
		return http.StatusConflict, "the last administrator stays: invite another one first"
	case codeNotFound:
		return http.StatusNotFound, "there is nothing here"
	case codeCrossSite:
		return http.StatusForbidden, "the request does not come from this site"
	case codeMethodNotAllowed:
		return http.StatusMethodNotAllowed, "the method is not one of those in the Allow header"
	case codeUnsupportedMediaType:
		return http.StatusUnsupportedMediaType, "the body must be application/json in UTF-8"
	case codeBodyTooLarge:
		return http.StatusRequestEntityTooLarge, "the request body is larger than 64 KiB"
	case codeHeadersTooLarge:
		return http.StatusRequestHeaderFieldsTooLarge, "the request has too many cookies"
	case codeMisdirected:
		return http.StatusMisdirectedRequest, "this server is reached under another name"
	case codeRateLimited:
		return http.StatusTooManyRequests, "too many requests from your network"
	case codeUnavailable:
		return http.StatusServiceUnavailable, "the server cannot do this right now"
	case codeInternal:
	}
	return http.StatusInternalServerError, "something went wrong here"
}

func (c code) httpStatus() int {
	status, _ := c.status()
	return status
}

// refusal is an error that knows what the client is told. The cause is for
// the log alone.
type refusal struct {
	code       code
	detail     string // "": that of the code
	retryAfter time.Duration
	cause      error
}

func (r *refusal) Error() string {
	if r.cause != nil {
		return "server: " + string(r.code) + ": " + r.cause.Error()
	}
	return "server: " + string(r.code)
}

func (r *refusal) Unwrap() error { return r.cause }

func refuse(c code, detail string) error { return &refusal{code: c, detail: detail} }

// refuseFor hides cause behind a code: it is logged and not shown.
func refuseFor(c code, cause error) error { return &refusal{code: c, cause: cause} }

// problem is a problem document (RFC 9457).
type problem struct {
	_         struct{}      `additionalProperties:"true"`
	Type      string        `doc:"Always about:blank: the code says more." json:"type"`
	Title     string        `doc:"The HTTP status in words."               json:"title"`
	Status    int           `doc:"The HTTP status."                        json:"status"`
	Detail    string        `doc:"A sentence for people."                  json:"detail"`
	Code      code          `doc:"What programs act on."                   json:"code"`
	RequestID string        `doc:"Names the request in the server's log."  json:"request_id"`
	retry     time.Duration // Retry-After
}

// toProblem turns an error of any room into what the client is told. It is
// the only place that does. An error that it does not know is "internal".
func toProblem(err error) problem {
	var (
		refused *refusal
		name    *account.NameError
		parse   *webauthn.ParseError
		verify  *relyingparty.VerificationError
		large   *http.MaxBytesError
		guess   *account.GuessError
	)
	switch {
	case errors.As(err, &refused):
		p := newProblem(refused.code, refused.detail)
		p.retry = refused.retryAfter
		return p
	case errors.As(err, &large):
		return newProblem(codeBodyTooLarge, "")
	case errors.As(err, &name):
		return newProblem(codeNameInvalid, name.Reason)
	case errors.As(err, &guess):
		p := newProblem(codeRateLimited, "too many wrong tries from your network")
		p.retry = guess.RetryAfter
		return p
	case errors.Is(err, account.ErrInvitationLife):
		return newProblem(codeBodyMalformed, "an invitation lives at most 7 days")
	case errors.As(err, &parse):
		return newProblem(codeBodyMalformed, "credential: "+parse.Error())
	case errors.As(err, &verify):
		return newProblem(ceremonyCode(verify.Check), "")
	case errors.Is(err, account.ErrUnavailable), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		p := newProblem(codeUnavailable, "")
		p.retry = time.Second
		return p
	}
	return newProblem(accountCode(err), "")
}

func newProblem(c code, detail string) problem {
	status, text := c.status()
	if detail == "" {
		detail = text
	}
	return problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail, Code: c}
}

// ceremonyCode is for ceremonies that do not open. Once one is open its
// failures are answered alike, by a refusal of the handler that judged it.
func ceremonyCode(c relyingparty.Check) code {
	switch c {
	case relyingparty.CheckCeremony, relyingparty.CheckBinding:
		return codeCeremonyInvalid
	case relyingparty.CheckExpiry:
		return codeCeremonyExpired
	default:
		return codeInternal
	}
}

func accountCode(err error) code {
	switch {
	case errors.Is(err, account.ErrNotFound):
		return codeNotFound
	case errors.Is(err, account.ErrCeremonySpent):
		return codeCeremonySpent
	case errors.Is(err, account.ErrNameTaken):
		return codeNameTaken
	case errors.Is(err, account.ErrCredentialExists):
		return codeCredentialExists
	case errors.Is(err, account.ErrLastCredential):
		return codeLastCredential
	case errors.Is(err, account.ErrTooManyCredentials):
		return codeCredentialLimit
	case errors.Is(err, account.ErrLastAdministrator):
		return codeLastAdministrator
	case errors.Is(err, account.ErrSessionEnded), errors.Is(err, account.ErrDisabled):
		return codeUnauthenticated
	case errors.Is(err, account.ErrInvitationUsed):
		return codeInvitationInvalid
	case errors.Is(err, account.ErrStepUp):
		return codeStepUpRequired
	default:
		return codeInternal
	}
}

// headers sets what belongs to a problem whatever its body looks like.
func (p problem) headers(h http.Header) {
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="hither"`) // RFC 9110 §11.6.1 wants one
	}
	if p.Status == http.StatusTooManyRequests || p.Status == http.StatusServiceUnavailable {
		seconds := max(1, int((p.retry+time.Second-1)/time.Second))
		h.Set("Retry-After", strconv.Itoa(seconds))
	}
}

// writeProblem answers an API request that was refused, and logs what nobody
// expected.
func (s *Server) writeProblem(w http.ResponseWriter, r *http.Request, err error) {
	p := toProblem(err)
	in := incomingOf(r)
	p.RequestID = in.id
	s.logRefused(r, p, err)
	p.headers(w.Header())
	body, err := json.Marshal(p)
	if err != nil {
		panic("server: encoding a problem: " + err.Error()) // strings and a number
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_, _ = w.Write(body) // the client has gone
}

// logRefused writes the one line about an error: loud for what is our fault,
// quiet for what is the client's.
func (s *Server) logRefused(r *http.Request, p problem, err error) {
	in := incomingOf(r)
	attrs := []any{"request_id", in.id, "method", r.Method, "route", routeText(r), "status", p.Status, "code", string(p.Code), "address", addressText(in.client.Address)}
	_, guess := errors.AsType[*account.GuessError](err)
	switch {
	case guess:
		s.metrics.guesses.Inc()
		s.logger.InfoContext(r.Context(), "guess refused", append(attrs, "err", err)...)
	case errors.Is(err, context.Canceled):
		s.logger.DebugContext(r.Context(), "request abandoned", attrs...)
	case p.Code == codeInternal, p.Code == codeUnavailable:
		s.logger.ErrorContext(r.Context(), "request failed", append(attrs, "err", err)...)
	default:
		s.logger.DebugContext(r.Context(), "request refused", append(attrs, "err", err)...)
	}
}
