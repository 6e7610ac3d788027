package server_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/internal/server"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

func closed(c *server.Config) { c.SignUpOpen = false }

// setupToken is the token of a new setup link.
func (h *house) setupToken() string {
	h.t.Helper()
	return must(h.accounts.Setup(h.t.Context()))(h.t).Reveal()
}

func TestJourneyFirstRun(t *testing.T) {
	t.Parallel()

	t.Run("J1_setup_link_makes_the_administrator", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t, houseConfig{edit: closed})
		token, b := h.setupToken(), h.browser()
		if page := b.do(http.MethodGet, "/setup", nil); page.status != http.StatusOK || page.cookie["__Host-hither-browser"] == nil {
			t.Fatalf("got %d and cookies %v", page.status, page.cookie)
		}
		asked := b.do(http.MethodPost, "/api/v1/registration/invitation", object{"token": token}).ok(t, http.StatusOK)
		if asked["name"] != "" || asked["administrator"] != true {
			t.Errorf("the link is good for %v", asked)
		}
		_, body := b.create(b.beginRegistration(object{"token": token, "name": "Ada", "display_name": "Ada Lovelace"}))
		made := b.do(http.MethodPost, pathRegFinish, body).ok(t, http.StatusCreated)
		person := made["account"].(object)
		if person["name"] != "Ada" || person["display_name"] != "Ada Lovelace" || person["administrator"] != true {
			t.Errorf("got %v", person)
		}
		me := b.do(http.MethodGet, "/api/v1/me", nil).ok(t, http.StatusOK)
		if me["account"].(object)["id"] != person["id"] {
			t.Errorf("signed in as %v", me)
		}
		// Used: this token and every other are dead.
		other := h.browser()
		other.do(http.MethodPost, pathRegBegin, object{"token": token, "name": "eve"}).want(t, http.StatusForbidden, "invitation_invalid")
		for _, text := range []string{token, "", "mistyped", strings.Repeat("A", 43), token + "A"} {
			other.do(http.MethodPost, "/api/v1/registration/invitation", object{"token": text}).want(t, http.StatusForbidden, "invitation_invalid")
		}
	})

	t.Run("J1_two_racing_visitors_make_one_administrator", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t, houseConfig{edit: closed})
		tokens := []string{h.setupToken(), h.setupToken()}
		browsers := []*browser{h.browser(), h.browser()}
		bodies := make([]string, 2)
		for i, b := range browsers {
			_, bodies[i] = b.create(b.beginRegistration(object{"token": tokens[i], "name": []string{"one", "two"}[i]}))
		}
		statuses := parallel(2, func(i int) int { return browsers[i].do(http.MethodPost, pathRegFinish, bodies[i]).status })
		if statuses[http.StatusCreated] != 1 || statuses[http.StatusForbidden] != 1 {
			t.Errorf("got %v", statuses)
		}
	})

	t.Run("operator_makes_the_link", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t, houseConfig{edit: closed})
		link := h.operate(http.MethodPost, "/api/v1/operator/setup", "").ok(t, http.StatusOK)["link"].(string)
		token, ok := strings.CutPrefix(link, h.origin+"/setup#")
		if !ok {
			t.Fatalf("got link %q", link)
		}
		b := h.browser()
		_, body := b.create(b.beginRegistration(object{"token": token, "name": "root"}))
		b.do(http.MethodPost, pathRegFinish, body).ok(t, http.StatusCreated)
		h.operate(http.MethodPost, "/api/v1/operator/setup", "").want(t, http.StatusNotFound, "not_found")
	})
}

// operate is a request through the operator's door.
func (h *house) operate(method, path, body string) answer {
	h.t.Helper()
	r := httptest.NewRequestWithContext(h.t.Context(), method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	r.RemoteAddr = "@"
	w := httptest.NewRecorder()
	h.operator.ServeHTTP(w, r)
	return answer{status: w.Code, header: w.Header(), body: w.Body.Bytes()}
}

func TestJourneySignIn(t *testing.T) {
	t.Parallel()
	h := openHouse(t)

	t.Run("J2_J3_sign_up_sign_out_sign_in_without_a_name", func(t *testing.T) {
		t.Parallel()
		b := h.browser()
		cred := b.signUp("grace")
		b.do(http.MethodPost, "/api/v1/logout", nil).ok(t, http.StatusNoContent)
		b.do(http.MethodGet, "/api/v1/me", nil).want(t, http.StatusUnauthorized, "unauthenticated")
		in := b.signIn()
		if in["account"].(object)["name"] != "grace" || in["credential"].(object)["id"] != cred.ID.String() {
			t.Errorf("got %v", in)
		}
		session := in["session"].(object)
		if session["user_verified"] != true || session["acr"] != "phr" || session["current"] != true || session["browser"] != "Firefox on Linux" || session["token"] != nil {
			t.Errorf("got session %v", session)
		}
		if amr := session["amr"].([]any); len(amr) != 3 || amr[0] != "pop" || amr[1] != "hwk" || amr[2] != "user" {
			t.Errorf("got amr %v", amr)
		}
	})

	t.Run("J3_with_a_name_in_any_case", func(t *testing.T) {
		t.Parallel()
		b := h.browser()
		b.signUp("Edsger")
		g := b.beginAuthentication(object{"name": "eDSGER"})
		b.do(http.MethodPost, pathAuthFinish, b.assert(g)).ok(t, http.StatusOK)
	})

	t.Run("synced_passkey_is_swk", func(t *testing.T) {
		t.Parallel()
		b := h.browser()
		b.key = webauthntest.New(webauthntest.Config{BackupEligible: true, BackupState: true, Counting: true})
		b.signUp("synced")
		in := b.signIn()
		if amr := in["session"].(object)["amr"].([]any); amr[1] != "swk" {
			t.Errorf("got amr %v", amr)
		}
	})

	t.Run("bearer_for_a_program", func(t *testing.T) {
		t.Parallel()
		b := h.browser()
		b.signUp("program")
		p := h.program()
		p.headers["Origin"] = h.origin
		p.key = b.key
		g := p.beginAuthentication(object{})
		body := strings.TrimSuffix(p.assert(g), "}") + `,"session":"bearer"}`
		a := p.do(http.MethodPost, pathAuthFinish, body)
		token, ok := a.ok(t, http.StatusOK)["session"].(object)["token"].(string)
		if !ok || a.cookie["__Host-hither-session"] != nil {
			t.Fatalf("got %s and cookies %v", a.body, a.cookie)
		}
		q := h.program()
		q.headers["Authorization"] = "Bearer " + token
		q.do(http.MethodGet, "/api/v1/me", nil).ok(t, http.StatusOK)
		q.do(http.MethodPost, "/api/v1/logout", nil).ok(t, http.StatusNoContent)
		q.do(http.MethodGet, "/api/v1/me", nil).want(t, http.StatusUnauthorized, "unauthenticated")
	})

	t.Run("pages_follow", func(t *testing.T) {
		t.Parallel()
		b := h.browser()
		if a := b.do(http.MethodGet, "/account", nil); a.status != http.StatusSeeOther || a.header.Get("Location") != "/login" {
			t.Errorf("got %d to %q", a.status, a.header.Get("Location"))
		}
		b.signUp("pages")
		for _, path := range []string{"/", "/account", "/login", "/setup"} {
			if a := b.do(http.MethodGet, path, nil); a.status != http.StatusOK || !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
				t.Errorf("%s: got %d %s", path, a.status, a.header.Get("Content-Type"))
			}
		}
		if a := b.do(http.MethodPost, "/logout", formBody("")); a.status != http.StatusSeeOther || a.header.Get("Location") != "/?notice=signed_out" {
			t.Errorf("got %d to %q", a.status, a.header.Get("Location"))
		}
		b.do(http.MethodGet, "/api/v1/me", nil).want(t, http.StatusUnauthorized, "unauthenticated")
	})
}

func TestJourneyManage(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	b := h.browser()
	first := b.signUp("barbara")

	second := webauthntest.New(webauthntest.Config{})
	addTo := func(key *webauthntest.Authenticator) map[string]any {
		t.Helper()
		was := b.key
		b.key = key
		_, body := b.create(b.beginRegistration(object{}))
		b.key = was
		return b.do(http.MethodPost, pathRegFinish, body).ok(t, http.StatusCreated)
	}

	// add.
	added := addTo(second)
	if added["session"] != nil || added["account"].(object)["name"] != "barbara" {
		t.Errorf("got %v", added)
	}
	id := added["credential"].(object)["id"].(string)
	if _, _, err := b.key.CreateJSON(b.beginRegistration(object{}).options, h.origin); err != webauthntest.ErrExcluded { //nolint:errorlint // the very error
		t.Errorf("the first authenticator was asked for another: %v", err)
	}

	// list.
	list := b.do(http.MethodGet, "/api/v1/credentials", nil).ok(t, http.StatusOK)["credentials"].([]any)
	if len(list) != 2 || list[0].(object)["id"] != first.ID.String() || list[0].(object)["current"] != true || list[1].(object)["last_used"] != nil {
		t.Errorf("got %v", list)
	}

	// rename, by API and by form.
	renamed := b.do(http.MethodPatch, "/api/v1/credentials/"+id, object{"name": "  Blue   key "}).ok(t, http.StatusOK)
	if renamed["name"] != "Blue key" {
		t.Errorf("got %v", renamed)
	}
	b.do(http.MethodPatch, "/api/v1/credentials/"+id, object{"name": ""}).want(t, http.StatusBadRequest, "name_invalid")
	if a := b.do(http.MethodPost, "/account/credentials/"+id+"/rename", formBody("name=Red+key")); a.header.Get("Location") != "/account?notice=renamed" {
		t.Errorf("got %d to %q", a.status, a.header.Get("Location"))
	}
	if a := b.do(http.MethodPost, "/account/credentials/"+id+"/rename", formBody("name=")); a.status != http.StatusBadRequest || !strings.Contains(string(a.body), "at least one character") {
		t.Errorf("got %d %.200s", a.status, a.body)
	}
	if page := b.do(http.MethodGet, "/account", nil); !strings.Contains(string(page.body), "Red key") {
		t.Error("the page does not show the new name")
	}

	// Removing ends the sessions that the passkey opened.
	other := h.browser()
	other.key = second
	other.signIn()
	b.do(http.MethodDelete, "/api/v1/credentials/"+id, nil).ok(t, http.StatusNoContent)
	other.do(http.MethodGet, "/api/v1/me", nil).want(t, http.StatusUnauthorized, "unauthenticated")
	b.do(http.MethodDelete, "/api/v1/credentials/"+first.ID.String(), nil).want(t, http.StatusConflict, "last_credential")

	// One's own: the session goes too.
	third := webauthntest.New(webauthntest.Config{})
	addTo(third)
	leaver := h.browser()
	leaver.key = third
	in := leaver.signIn()
	gone := leaver.do(http.MethodDelete, "/api/v1/credentials/"+in["credential"].(object)["id"].(string), nil)
	gone.ok(t, http.StatusNoContent)
	if c := gone.cookie["__Host-hither-session"]; c == nil || c.MaxAge >= 0 {
		t.Errorf("the browser keeps %v", c)
	}

	// Sessions: list, end one, end the others.
	for range 3 {
		c := h.browser()
		c.key = b.key
		c.signIn()
	}
	sessions := b.do(http.MethodGet, "/api/v1/sessions", nil).ok(t, http.StatusOK)["sessions"].([]any)
	if len(sessions) != 4 {
		t.Fatalf("got %d sessions", len(sessions))
	}
	for _, s := range sessions {
		if s := s.(object); s["current"] == false {
			if a := b.do(http.MethodPost, "/account/sessions/"+s["id"].(string)+"/end", formBody("from=home")); a.header.Get("Location") != "/?notice=session_ended" {
				t.Errorf("got %d to %q", a.status, a.header.Get("Location"))
			}
			b.do(http.MethodDelete, "/api/v1/sessions/"+s["id"].(string), nil).want(t, http.StatusNotFound, "not_found")
			break
		}
	}
	b.do(http.MethodDelete, "/api/v1/sessions", nil).ok(t, http.StatusNoContent)
	if n := h.sessions("barbara"); n != 1 {
		t.Errorf("got %d sessions", n)
	}
	b.do(http.MethodGet, "/api/v1/me", nil).ok(t, http.StatusOK)
	if n := len(h.events(account.EventCredentialRemoved)); n != 2 {
		t.Errorf("got %d removals in the audit log", n)
	}
}

func TestOperator(t *testing.T) {
	t.Parallel()
	h := openHouse(t, houseConfig{edit: closed})
	root := h.browser()
	_, body := root.create(root.beginRegistration(object{"token": h.setupToken(), "name": "root"}))
	root.do(http.MethodPost, pathRegFinish, body).ok(t, http.StatusCreated)

	link := h.operate(http.MethodPost, "/api/v1/operator/invitations", `{"name":"Zoë","hours":2}`).ok(t, http.StatusOK)["link"].(string)
	_, token, _ := strings.Cut(link, "#")
	b := h.browser()
	b.do(http.MethodPost, pathRegBegin, object{"token": token, "name": "someone"}).want(t, http.StatusBadRequest, "name_invalid")
	_, body = b.create(b.beginRegistration(object{"token": token}))
	b.do(http.MethodPost, pathRegFinish, body).ok(t, http.StatusCreated)

	list := h.operate(http.MethodGet, "/api/v1/operator/accounts", "").ok(t, http.StatusOK)["accounts"].([]any)
	if len(list) != 2 || list[1].(object)["name"] != "Zoë" {
		t.Errorf("got %v", list)
	}
	h.operate(http.MethodPost, "/api/v1/operator/accounts/zo%C3%AB/disable", "").ok(t, http.StatusNoContent)
	b.do(http.MethodGet, "/api/v1/me", nil).want(t, http.StatusUnauthorized, "unauthenticated")
	h.operate(http.MethodPost, "/api/v1/operator/accounts/zo%C3%AB/enable", "").ok(t, http.StatusNoContent)
	b.signIn()
	h.operate(http.MethodDelete, "/api/v1/operator/accounts/zo%C3%AB", "").ok(t, http.StatusNoContent)
	h.operate(http.MethodDelete, "/api/v1/operator/accounts/zo%C3%AB", "").want(t, http.StatusNotFound, "not_found")
	h.operate(http.MethodDelete, "/api/v1/operator/accounts/root", "").want(t, http.StatusConflict, "last_administrator")
	h.operate(http.MethodPost, "/api/v1/operator/invitations", `{"hours":1000}`).want(t, http.StatusBadRequest, "body_malformed")
	h.operate(http.MethodPost, "/api/v1/operator/invitations", `{"hours":-1}`).want(t, http.StatusBadRequest, "body_malformed")
	h.operate(http.MethodPost, "/api/v1/operator/invitations", `{"Name":"x"}`).want(t, http.StatusBadRequest, "body_malformed")
	// None of it is at the public door.
	for _, path := range []string{"/api/v1/operator/accounts", "/api/v1/operator/invitations", "/api/v1/operator/setup"} {
		root.do(http.MethodPost, path, object{}).want(t, http.StatusNotFound, "not_found")
	}
}
