package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

const (
	cookieSession = "__Host-hither-session"
	cookieBrowser = "__Host-hither-browser"
)

func TestHostileRaces(t *testing.T) {
	t.Parallel()
	const n = 50

	t.Run("CER-01_parallel_sign_ins", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t)
		b := h.browser()
		b.signUp("once")
		b.do(http.MethodPost, "/api/v1/logout", nil).ok(t, http.StatusNoContent)
		for range 3 {
			c := h.browser()
			c.key = b.key
			g := c.beginAuthentication(object{})
			body := c.assert(g)
			copies := make([]*browser, n)
			for i := range copies {
				copies[i] = c.copy()
			}
			before := h.sessions("once")
			statuses := parallel(n, func(i int) int { return copies[i].do(http.MethodPost, pathAuthFinish, body).status })
			if statuses[http.StatusOK] != 1 || statuses[http.StatusConflict] != n-1 {
				t.Errorf("got %v", statuses)
			}
			if now := h.sessions("once"); now != before+1 {
				t.Errorf("%d sessions became %d", before, now)
			}
		}
	})

	t.Run("CER-01_parallel_refusals", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t)
		b := h.browser()
		b.signUp("once")
		c := h.browser()
		c.key = b.key
		body := c.assert(c.beginAuthentication(object{}), clientData("origin", "null"))
		copies := make([]*browser, n)
		for i := range copies {
			copies[i] = c.copy()
		}
		statuses := parallel(n, func(i int) int { return copies[i].do(http.MethodPost, pathAuthFinish, body).status })
		if statuses[http.StatusUnauthorized] != 1 || statuses[http.StatusConflict] != n-1 {
			t.Errorf("got %v", statuses)
		}
		if events := h.events(account.EventAuthenticationFail); len(events) != 1 || events[0].Check != "origin" {
			t.Errorf("got %+v", events)
		}
	})

	t.Run("CER-03_parallel_registrations", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t)
		b := h.browser()
		_, body := b.create(b.beginRegistration(object{"name": "once"}))
		copies := make([]*browser, n)
		for i := range copies {
			copies[i] = b.copy()
		}
		statuses := parallel(n, func(i int) int { return copies[i].do(http.MethodPost, pathRegFinish, body).status })
		if statuses[http.StatusCreated] != 1 || statuses[http.StatusConflict] != n-1 {
			t.Errorf("got %v", statuses)
		}
		if _, creds := h.person("once"); len(creds) != 1 {
			t.Errorf("got %d credentials", len(creds))
		}
	})

	t.Run("more_passkeys_than_an_account_can_have", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t)
		b := h.browser()
		b.signUp("collector")
		tabs := make([]*browser, account.MaxCredentials)
		bodies := make([]string, len(tabs))
		for i := range tabs {
			tabs[i] = b.copy()
			tabs[i].key = webauthntest.New(webauthntest.Config{})
			_, bodies[i] = tabs[i].create(tabs[i].beginRegistration(object{}))
		}
		statuses := parallel(len(tabs)-1, func(i int) int { return tabs[i].do(http.MethodPost, pathRegFinish, bodies[i]).status })
		if statuses[http.StatusCreated] != len(tabs)-1 {
			t.Fatalf("got %v", statuses)
		}
		tabs[len(tabs)-1].do(http.MethodPost, pathRegFinish, bodies[len(tabs)-1]).want(t, http.StatusConflict, "credential_limit")
		b.do(http.MethodPost, pathRegBegin, object{}).want(t, http.StatusConflict, "credential_limit")
		if _, creds := h.person("collector"); len(creds) != account.MaxCredentials {
			t.Errorf("got %d credentials", len(creds))
		}
		if _, a := h.browser().allowed("collector"); len(a.Allow) != account.MaxCredentials {
			t.Errorf("a begin shows %d credentials", len(a.Allow))
		}
	})

	t.Run("CER-17_parallel_removals_of_the_last_two", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t)
		b := h.browser()
		first := b.signUp("last")
		b.key = webauthntest.New(webauthntest.Config{})
		second, body := b.create(b.beginRegistration(object{}))
		b.do(http.MethodPost, pathRegFinish, body).ok(t, http.StatusCreated)
		other := h.browser()
		other.key = b.key
		other.signIn()
		browsers, ids := []*browser{b, other}, []string{second.ID.String(), first.ID.String()}
		statuses := parallel(2, func(i int) int { return browsers[i].do(http.MethodDelete, "/api/v1/credentials/"+ids[i], nil).status })
		if statuses[http.StatusNoContent] != 1 {
			t.Errorf("got %v", statuses)
		}
		if _, creds := h.person("last"); len(creds) != 1 {
			t.Errorf("got %d credentials", len(creds))
		}
	})
}

func TestHostileCeremonyBinding(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	owner := h.browser()
	owner.signUp("owner")

	t.Run("CER-08_another_browser", func(t *testing.T) {
		t.Parallel()
		b := h.browser()
		b.key = owner.key
		g := b.beginAuthentication(object{})
		body := b.assert(g)
		without := b.copy()
		without.cookies = map[string]string{}
		without.do(http.MethodPost, pathAuthFinish, body).want(t, http.StatusBadRequest, "ceremony_invalid")
		other := h.browser()
		other.beginAuthentication(object{})
		other.do(http.MethodPost, pathAuthFinish, body).want(t, http.StatusBadRequest, "ceremony_invalid")
		malformed := b.copy()
		malformed.cookies[cookieBrowser] += "A"
		malformed.do(http.MethodPost, pathAuthFinish, body).want(t, http.StatusBadRequest, "ceremony_invalid")
		// None of that has spent it.
		b.do(http.MethodPost, pathAuthFinish, body).ok(t, http.StatusOK)
	})

	t.Run("CER-08_other_verb", func(t *testing.T) {
		t.Parallel()
		b := h.browser()
		b.key = owner.key
		in, up := b.beginAuthentication(object{}), b.beginRegistration(object{"name": "verb"})
		body := b.assert(in)
		b.do(http.MethodPost, pathAuthFinish, strings.Replace(body, in.ceremony, up.ceremony, 1)).want(t, http.StatusBadRequest, "ceremony_invalid")
		b.do(http.MethodPost, pathAuthFinish, strings.Replace(body, in.ceremony, "x", 1)).want(t, http.StatusBadRequest, "ceremony_invalid")
	})

	t.Run("CER-09_planted_cookies", func(t *testing.T) {
		t.Parallel()
		b := h.browser()
		b.key = owner.key
		planted := strings.Repeat("A", 43)
		b.cookies[cookieSession] = planted
		b.do(http.MethodGet, "/login", nil)
		browserBefore := b.cookies[cookieBrowser]
		b.signIn()
		if b.cookies[cookieSession] == planted || b.cookies[cookieBrowser] == browserBefore {
			t.Error("a cookie survived the sign-in")
		}
		first := b.copy()
		b.signIn() // step-up
		if b.cookies[cookieSession] == first.cookies[cookieSession] {
			t.Error("the session survived the step-up")
		}
		first.do(http.MethodGet, "/api/v1/me", nil).want(t, http.StatusUnauthorized, "unauthenticated")
		thief := h.browser()
		thief.cookies[cookieSession] = planted
		thief.do(http.MethodGet, "/api/v1/me", nil).want(t, http.StatusUnauthorized, "unauthenticated")
	})

	t.Run("CER-10_account_switch", func(t *testing.T) {
		t.Parallel()
		a := h.browser()
		a.signUp("switch-a")
		b := h.browser()
		b.signUp("switch-b")
		fresh := webauthntest.New(webauthntest.Config{})
		g := a.beginRegistration(object{})
		switched := a.copy()
		switched.key = b.key
		switched.signIn()
		switched.key = fresh
		_, body := switched.create(g)
		switched.do(http.MethodPost, pathRegFinish, body).want(t, http.StatusBadRequest, "ceremony_invalid")
		// With the old browser cookie and the new session, too.
		switched.cookies[cookieBrowser] = a.cookies[cookieBrowser]
		switched.do(http.MethodPost, pathRegFinish, body).want(t, http.StatusBadRequest, "ceremony_invalid")
		// And signed out.
		delete(switched.cookies, cookieSession)
		switched.do(http.MethodPost, pathRegFinish, body).want(t, http.StatusBadRequest, "ceremony_invalid")
		for _, name := range []string{"switch-a", "switch-b"} {
			if _, creds := h.person(name); len(creds) != 1 {
				t.Errorf("%s has %d credentials", name, len(creds))
			}
		}
	})

	t.Run("CER-11_client_names_the_account", func(t *testing.T) {
		t.Parallel()
		victim, _ := h.person("owner")
		b := h.browser()
		b.signUp("climber")
		for _, member := range []string{"userId", "username", "email", "user", "account_id", "user_handle"} {
			b.do(http.MethodPost, pathRegBegin, object{member: victim.ID.String()}).want(t, http.StatusBadRequest, "body_malformed")
		}
		b.do(http.MethodPost, pathRegBegin, object{"name": "owner"}).want(t, http.StatusBadRequest, "body_malformed")
		b.key = webauthntest.New(webauthntest.Config{})
		g := b.do(http.MethodPost, pathRegBegin+"?userId="+victim.ID.String(), object{}, header("X-User-Id", victim.ID.String())).begun(t)
		g.options = []byte(strings.Replace(string(g.options), `"user":{"id":"`, `"user":{"id":"AAAA`, 1))
		_, body := b.create(g)
		made := b.do(http.MethodPost, pathRegFinish, body).ok(t, http.StatusCreated)
		if made["account"].(object)["name"] != "climber" {
			t.Errorf("got %v", made)
		}
		if _, creds := h.person("owner"); len(creds) != 1 {
			t.Errorf("the victim has %d credentials", len(creds))
		}
	})

	t.Run("CER-23_two_tabs", func(t *testing.T) {
		t.Parallel()
		b := h.browser()
		b.key = owner.key
		b.do(http.MethodGet, "/login", nil)
		one, two := b.beginAuthentication(object{}), b.beginAuthentication(object{})
		first, second := b.assert(one), b.assert(two)
		b.do(http.MethodPost, pathAuthFinish, second).ok(t, http.StatusOK)
		// The other tab is told to begin again, and then all is well.
		a := b.do(http.MethodPost, pathAuthFinish, first).want(t, http.StatusBadRequest, "ceremony_invalid")
		if !strings.Contains(a.json(t)["detail"].(string), "begin again") {
			t.Errorf("got %s", a.body)
		}
		b.do(http.MethodGet, "/api/v1/me", nil).ok(t, http.StatusOK)
		b.signIn()
	})

	t.Run("CER-23_two_tabs_add_a_passkey", func(t *testing.T) {
		t.Parallel()
		b := h.browser()
		b.signUp("tabs")
		one, two := b.beginRegistration(object{}), b.beginRegistration(object{})
		for _, g := range []begun{two, one} {
			b.key = webauthntest.New(webauthntest.Config{})
			_, body := b.create(g)
			b.do(http.MethodPost, pathRegFinish, body).ok(t, http.StatusCreated)
		}
	})
}

func TestHostileCeremonyLifetime(t *testing.T) {
	t.Parallel()
	t.Run("CER-12_CER-13_lifetime_and_step_up", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t)
		owner := h.browser()
		owner.signUp("owner")
		begin := func() (*browser, string) {
			b := h.browser()
			b.key = owner.key
			return b, b.assert(b.beginAuthentication(object{}))
		}
		// CER-12. The clock is the house's, so these go one after the other.
		soon, body := begin()
		h.clock.move(5*time.Minute - time.Second)
		soon.do(http.MethodPost, pathAuthFinish, body).ok(t, http.StatusOK)
		late, body := begin()
		h.clock.move(5*time.Minute + time.Second)
		late.do(http.MethodPost, pathAuthFinish, body).want(t, http.StatusBadRequest, "ceremony_expired")
		h.clock.move(24 * time.Hour)
		late.do(http.MethodPost, pathAuthFinish, body).want(t, http.StatusBadRequest, "ceremony_expired")

		// CER-13: what is sensitive wants a fresh sign-in.
		b, body := begin()
		b.do(http.MethodPost, pathAuthFinish, body).ok(t, http.StatusOK)
		_, creds := h.person("owner")
		h.clock.move(5*time.Minute + time.Second)
		b.do(http.MethodPost, pathRegBegin, object{}).want(t, http.StatusForbidden, "step_up_required")
		b.do(http.MethodDelete, "/api/v1/credentials/"+creds[0].ID.String(), nil).want(t, http.StatusForbidden, "step_up_required")
		b.do(http.MethodPost, pathAuthFinish, b.assert(b.beginAuthentication(object{"name": "owner"}))).ok(t, http.StatusOK)
		b.beginRegistration(object{})

		// A session that has ended is told so before anything else.
		h.clock.move(31 * 24 * time.Hour)
		b.do(http.MethodPost, pathRegBegin, object{}).want(t, http.StatusUnauthorized, "unauthenticated")
	})
}

func TestHostileCredentialsOfOthers(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	victim, b := h.browser(), h.browser()
	theirs := victim.signUp("victim").ID.String()
	b.signUp("visitor")
	sessions := victim.do(http.MethodGet, "/api/v1/sessions", nil).ok(t, http.StatusOK)["sessions"].([]any)
	session := sessions[0].(object)["id"].(string)

	// CER-15, PRIV-11: whatever is not one's own is not there.
	for name, id := range map[string]string{"of_another": theirs, "random": strings.Repeat("A", 22), "malformed": "A", "padded": theirs + "A"} {
		t.Run("CER-15_credential_"+name, func(t *testing.T) {
			t.Parallel()
			rename := b.copy().do(http.MethodPatch, "/api/v1/credentials/"+id, object{"name": "mine"}).want(t, http.StatusNotFound, "not_found")
			remove := b.copy().do(http.MethodDelete, "/api/v1/credentials/"+id, nil).want(t, http.StatusNotFound, "not_found")
			if withoutID(t, rename) != withoutID(t, remove) {
				t.Errorf("got %s and %s", rename.body, remove.body)
			}
		})
	}
	for name, id := range map[string]string{"of_another": session, "random": strings.Repeat("A", 22), "malformed": "A"} {
		t.Run("CER-15_session_"+name, func(t *testing.T) {
			t.Parallel()
			b.copy().do(http.MethodDelete, "/api/v1/sessions/"+id, nil).want(t, http.StatusNotFound, "not_found")
		})
	}
	t.Run("PRIV-11_nobody_sees_a_list", func(t *testing.T) {
		t.Parallel()
		for _, path := range []string{"/api/v1/me", "/api/v1/credentials", "/api/v1/sessions"} {
			h.browser().do(http.MethodGet, path, nil).want(t, http.StatusUnauthorized, "unauthenticated")
		}
		list := b.copy().do(http.MethodGet, "/api/v1/credentials", nil)
		if strings.Contains(string(list.body), theirs) {
			t.Error("somebody else's credential is listed")
		}
	})
}

func TestHostileSessions(t *testing.T) {
	t.Parallel()
	h := openHouse(t)

	t.Run("CER-18_logout_is_real", func(t *testing.T) {
		t.Parallel()
		b := h.browser()
		b.signUp("leaver")
		other := b.copy()
		a := b.do(http.MethodPost, "/api/v1/logout", nil)
		a.ok(t, http.StatusNoContent)
		if c := a.cookie[cookieSession]; c == nil || c.MaxAge >= 0 || !c.Secure || !c.HttpOnly || c.Path != "/" {
			t.Errorf("got %v", c)
		}
		for _, path := range []string{"/api/v1/me", "/api/v1/credentials", "/api/v1/sessions"} {
			other.do(http.MethodGet, path, nil).want(t, http.StatusUnauthorized, "unauthenticated")
		}
		if a := other.do(http.MethodGet, "/account", nil); a.status != http.StatusSeeOther {
			t.Errorf("got %d", a.status)
		}
		other.do(http.MethodPost, "/api/v1/logout", nil).want(t, http.StatusUnauthorized, "unauthenticated")
	})

	t.Run("CER-20_cookies", func(t *testing.T) {
		t.Parallel()
		b := h.browser()
		for _, a := range []answer{
			b.do(http.MethodGet, "/login", nil),
			func() answer {
				_, body := b.create(b.beginRegistration(object{"name": "cookies"}))
				return b.do(http.MethodPost, pathRegFinish, body)
			}(),
			b.do(http.MethodPost, pathAuthFinish, b.assert(b.beginAuthentication(object{}))),
		} {
			if len(a.cookie) == 0 {
				t.Error("no cookie was set")
			}
			for name, c := range a.cookie {
				if !strings.HasPrefix(name, "__Host-") || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || len(c.Value) < 22 {
					t.Errorf("got %v", c)
				}
			}
		}
	})

	t.Run("cookie_and_bearer_do_not_mix", func(t *testing.T) {
		t.Parallel()
		b := h.browser()
		b.signUp("mixer")
		cookie := b.cookies[cookieSession]
		b.do(http.MethodGet, "/api/v1/me", nil, header("Authorization", "Bearer "+cookie)).want(t, http.StatusUnauthorized, "unauthenticated")
		b.do(http.MethodGet, "/api/v1/me", nil, func(r *http.Request) { r.AddCookie(&http.Cookie{Name: cookieSession, Value: cookie}) }).
			want(t, http.StatusUnauthorized, "unauthenticated")
		p := h.program()
		for _, value := range []string{"Bearer " + cookie, "Basic " + cookie, "Bearer", "Bearer  " + cookie, cookie} {
			p.do(http.MethodGet, "/api/v1/me", nil, header("Authorization", value)).want(t, http.StatusUnauthorized, "unauthenticated")
			p.do(http.MethodPost, pathAuthBegin, object{}, header("Authorization", value)).want(t, http.StatusUnauthorized, "unauthenticated")
		}
	})

	t.Run("bearer_is_not_for_browsers", func(t *testing.T) {
		t.Parallel()
		b := h.browser()
		b.signUp("scripted")
		for _, fetch := range []string{"Sec-Fetch-Site", "Sec-Fetch-Mode", "Sec-Fetch-Dest", "sec-fetch-user"} {
			p := h.program()
			p.headers["Origin"] = h.origin
			p.key = b.key
			g := p.beginAuthentication(object{})
			body := strings.TrimSuffix(p.assert(g), "}") + `,"session":"bearer"}`
			p.do(http.MethodPost, pathAuthFinish, body, header(fetch, "same-origin")).want(t, http.StatusForbidden, "cross_site")
			p.do(http.MethodPost, pathAuthFinish, strings.Replace(body, `"bearer"`, `"cookie"`, 1)).want(t, http.StatusBadRequest, "body_malformed")
		}
	})
}
