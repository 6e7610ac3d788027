package server_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

func TestHostileCeremonies(t *testing.T) {
	t.Parallel()

	t.Run("CER-05_a_failed_attempt_spends_the_ceremony", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t)
		b := h.browser()
		b.signUp("spent")
		g := b.beginAuthentication(object{})
		b.do(http.MethodPost, pathAuthFinish, b.assert(g, clientData("origin", "null"))).want(t, http.StatusUnauthorized, "authentication_failed")
		b.do(http.MethodPost, pathAuthFinish, b.assert(g)).want(t, http.StatusConflict, "ceremony_spent")
		up := b.beginRegistration(object{})
		b.key = webauthntest.New(webauthntest.Config{})
		_, body := b.create(up, func(r *registration) { r.ClientData.SetString("origin", "null") })
		b.do(http.MethodPost, pathRegFinish, body).want(t, http.StatusBadRequest, "registration_failed")
		_, body = b.create(up)
		b.do(http.MethodPost, pathRegFinish, body).want(t, http.StatusConflict, "ceremony_spent")
	})

	t.Run("CER-22_steps_out_of_order", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t)
		owner := h.browser()
		owner.signUp("order")
		b := h.browser()
		b.key = owner.key
		for _, path := range []string{pathAuthFinish, pathRegFinish} {
			b.do(http.MethodPost, path, "").want(t, http.StatusBadRequest, "body_malformed")
			b.do(http.MethodPost, path, object{}).want(t, http.StatusBadRequest, "body_malformed")
			b.do(http.MethodPost, path, object{"ceremony": "never-begun", "credential": object{"x": 1}}).want(t, http.StatusBadRequest, "ceremony_invalid")
		}
		// Begun is not signed in, and what comes behind a sign-in leads back to it.
		b.beginAuthentication(object{"name": "order"})
		for _, path := range []string{"/account", "/account/"} {
			a := b.do(http.MethodGet, path, nil)
			if a.status == http.StatusOK || a.status == http.StatusSeeOther && a.header.Get("Location") != "/login" {
				t.Errorf("%s: got %d to %q", path, a.status, a.header.Get("Location"))
			}
		}
		b.do(http.MethodPost, pathRegBegin, object{}).want(t, http.StatusUnauthorized, "unauthenticated")
		b.do(http.MethodGet, "/api/v1/me", nil).want(t, http.StatusUnauthorized, "unauthenticated")
	})

	t.Run("CER-27_abandoned_ceremonies_leave_nothing", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t)
		h.browser().signUp("real")
		events, size := len(must(h.store.Events(t.Context(), 0, 10_000))(t)), h.stored()
		statuses := parallel(8, func(int) int {
			b := h.browser()
			worst := http.StatusOK
			for j := range 250 {
				path, body := pathAuthBegin, object{}
				switch j % 4 {
				case 1:
					body = object{"name": "real"}
				case 2:
					body = object{"name": "nobody"}
				case 3:
					path, body = pathRegBegin, object{"name": "abandoned"}
				}
				if a := b.do(http.MethodPost, path, body); a.status != http.StatusOK {
					worst = a.status
				}
			}
			return worst
		})
		if statuses[http.StatusOK] != 8 {
			t.Fatalf("got %v", statuses)
		}
		if now := len(must(h.store.Events(t.Context(), 0, 10_000))(t)); now != events {
			t.Errorf("%d events became %d", events, now)
		}
		if now := h.stored(); !bytes.Equal(now, size) {
			t.Error("2,000 abandoned ceremonies were written to the database")
		}
	})
}

// stored are the bytes of the database and its log.
func (h *house) stored() []byte {
	h.t.Helper()
	var all []byte
	for _, name := range must(filepath.Glob(filepath.Join(h.folder, "*.db*")))(h.t) {
		if !strings.HasSuffix(name, "-shm") {
			all = append(all, must(os.ReadFile(name))(h.t)...)
		}
	}
	if len(all) == 0 {
		h.t.Fatal("there is no database")
	}
	return all
}

// CER-19: who changes what signs them in can end every other session, and what was removed ends its own.
func TestHostileFactorChange(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	dead := func(t *testing.T, b *browser) {
		t.Helper()
		b.do(http.MethodGet, "/api/v1/me", nil).want(t, http.StatusUnauthorized, "unauthenticated")
	}
	// twice is somebody with two passkeys, each signed in in a browser of its own, and the second one's id.
	twice := func(name string) (first, second *browser, id string) {
		first, second = h.browser(), h.browser()
		first.signUp(name)
		was := first.key
		first.key = second.key
		cred, body := first.create(first.beginRegistration(object{}))
		first.key = was
		first.do(http.MethodPost, pathRegFinish, body).ok(t, http.StatusCreated)
		second.signIn()
		return first, second, cred.ID.String()
	}
	t.Run("CER-19_passkey_removed", func(t *testing.T) {
		t.Parallel()
		first, second, id := twice("remover")
		first.do(http.MethodDelete, "/api/v1/credentials/"+id, nil).ok(t, http.StatusNoContent)
		dead(t, second)
		first.do(http.MethodGet, "/api/v1/me", nil).ok(t, http.StatusOK)
	})
	t.Run("CER-19_passkey_added", func(t *testing.T) {
		t.Parallel()
		first, second, _ := twice("adder")
		// The page offers it, the API does it.
		if _, page := first.get("/account"); !strings.Contains(page, "sessions") {
			t.Error("the page does not offer to end the other sessions")
		}
		first.do(http.MethodDelete, "/api/v1/sessions", nil).ok(t, http.StatusNoContent)
		dead(t, second)
		first.do(http.MethodGet, "/api/v1/me", nil).ok(t, http.StatusOK)
	})
	t.Run("CER-19_operator_disables_and_enables", func(t *testing.T) {
		t.Parallel()
		first, second, _ := twice("disabled")
		for _, verb := range []string{"disable", "enable"} {
			h.operate(http.MethodPost, "/api/v1/operator/accounts/disabled/"+verb, "").ok(t, http.StatusNoContent)
			dead(t, first)
			dead(t, second)
		}
	})
}

// HTTP-26: every operation that wants a session wants a live one of this house.
func TestHostileSurface(t *testing.T) {
	t.Parallel()
	h, other := openHouse(t), openHouse(t)
	ended, foreign := h.browser(), other.browser()
	ended.signUp("ended")
	foreign.signUp("foreign")
	dead := ended.cookies[cookieSession]
	ended.do(http.MethodPost, "/api/v1/logout", nil).ok(t, http.StatusNoContent)
	open := map[string]bool{pathRegBegin: true, pathRegFinish: true, pathAuthBegin: true, pathAuthFinish: true, "/api/v1/registration/invitation": true, "/api/openapi.json": true}
	sessions := map[string]string{"none": "", "ended": dead, "of_another_house": foreign.cookies[cookieSession], "random": strings.Repeat("A", 43), "malformed": "x"}
	tried := 0
	document := h.browser().do(http.MethodGet, "/api/openapi.json", nil).ok(t, http.StatusOK)
	for path, item := range document["paths"].(object) {
		for method := range item.(object) {
			if open[path] {
				continue
			}
			tried++
			for name, session := range sessions {
				t.Run("HTTP-26_"+name+"_"+method+"_"+path, func(t *testing.T) {
					t.Parallel()
					var body any
					if method == "patch" {
						body = object{"name": "x"}
					}
					at := strings.Replace(path, "{id}", strings.Repeat("A", 22), 1)
					b, p := h.browser(), h.program()
					if session != "" {
						b.cookies[cookieSession], p.headers["Authorization"] = session, "Bearer "+session
					}
					p.headers["Origin"] = h.origin
					b.do(strings.ToUpper(method), at, body).want(t, http.StatusUnauthorized, "unauthenticated")
					p.do(strings.ToUpper(method), at, body).want(t, http.StatusUnauthorized, "unauthenticated")
				})
			}
		}
	}
	if tried < 8 {
		t.Errorf("tried %d operations", tried)
	}
	t.Run("HTTP-26_pages", func(t *testing.T) {
		t.Parallel()
		for _, session := range sessions {
			for _, route := range append(mutating(), [2]string{http.MethodGet, "/account"}) {
				if !plainForm(route[1]) {
					continue
				}
				b := h.browser()
				if session != "" {
					b.cookies[cookieSession] = session
				}
				var a answer
				if route[0] == http.MethodGet {
					a = b.do(route[0], route[1], nil)
				} else {
					a = b.mutate(route)
				}
				if to := a.header.Get("Location"); a.status != http.StatusSeeOther || to != "/login" && route[1] != "/logout" {
					t.Errorf("%s: got %d to %q", route[1], a.status, to)
				}
			}
		}
	})
	t.Run("HTTP-26_operator_routes_are_elsewhere", func(t *testing.T) {
		t.Parallel()
		root := h.browser()
		_, body := root.create(root.beginRegistration(object{"token": h.setupToken(), "name": "root"}))
		root.do(http.MethodPost, pathRegFinish, body).ok(t, http.StatusCreated)
		for _, path := range []string{"accounts", "invitations", "setup", "accounts/root/disable", "accounts/root/enable", "accounts/root"} {
			for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
				root.do(method, "/api/v1/operator/"+path, nil).want(t, http.StatusNotFound, "not_found")
			}
		}
	})
	t.Run("PRIV-09_operator_endpoints", func(t *testing.T) {
		t.Parallel()
		b := h.program()
		for _, path := range []string{
			"/metrics", "/debug/pprof/", "/debug/pprof/heap", "/debug/vars", "/version", "/status", "/health", "/info", "/env", "/config", "/actuator/health",
			"/server-status", "/.env", "/.git/config", "/hither.key", "/hither.db", "/api/v1/version", "/api/v1/metrics", "/livez/x", "/swagger", "/admin",
		} {
			if a := b.do(http.MethodGet, path, nil); a.status != http.StatusNotFound {
				t.Errorf("%s: got %d", path, a.status)
			}
		}
		for _, path := range []string{"/livez", "/readyz", "/healthz"} {
			if a := b.do(http.MethodGet, path+"?verbose=1", nil); a.status != http.StatusOK || string(a.body) != "ok\n" || a.header.Get("Server") != "" {
				t.Errorf("%s: got %d %q", path, a.status, a.body)
			}
		}
	})
	t.Run("HTTP-31_well_known_files", func(t *testing.T) {
		t.Parallel()
		for _, name := range []string{"webauthn", "openid-configuration", "oauth-authorization-server", "security.txt", "passkey-endpoints", "change-password"} {
			b := h.browser()
			b.cookies[cookieSession] = dead
			a := b.do(http.MethodGet, "/.well-known/"+name, nil)
			// Nothing is configured that one of them could tell.
			if a.status != http.StatusNotFound || len(a.cookie) != 0 {
				t.Errorf("%s: got %d %.200s, cookies %v", name, a.status, a.body, a.cookie)
			}
			a = b.do(http.MethodGet, "/.well-known/"+name, nil, func(r *http.Request) { r.Host = "evil.test" })
			if a.status != http.StatusMisdirectedRequest || bytes.Contains(a.body, []byte("evil")) {
				t.Errorf("%s of another host: got %d %.200s", name, a.status, a.body)
			}
		}
	})
}

func TestHostilePrivacy(t *testing.T) {
	t.Parallel()

	t.Run("PRIV-10_nothing_from_others_and_no_token_in_an_address", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t)
		b := h.browser()
		b.signUp("reader")
		elsewhere := regexp.MustCompile(`(?i)\b(?:src|href|action|srcset|poster|data|content)\s*=\s*["']?(?:[a-z]+:|//)[^"'\s>]*`)
		for _, path := range []string{"/", "/login", "/setup", "/account", "/nothing"} {
			a := b.do(http.MethodGet, path, nil)
			for _, found := range elsewhere.FindAllString(string(a.body), -1) {
				t.Errorf("%s asks for %s", path, found)
			}
			csp := a.header.Get("Content-Security-Policy")
			if a.header.Get("Referrer-Policy") != "no-referrer" || strings.Contains(csp, "http") || !strings.Contains(csp, "default-src 'none'") {
				t.Errorf("%s: got %v", path, a.header)
			}
		}
		link := h.operate(http.MethodPost, "/api/v1/operator/invitations", `{}`).ok(t, http.StatusOK)["link"].(string)
		address, token, _ := strings.Cut(link, "#")
		if address != h.origin+"/setup" || len(token) != 43 {
			t.Errorf("got link %s", link)
		}
	})

	t.Run("PRIV-16_attestation_is_neither_asked_for_nor_kept", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t)
		b := h.browser()
		b.key = webauthntest.New(webauthntest.Config{Attestation: webauthntest.AttestationPacked, AAGUID: [16]byte{7}})
		g := b.beginRegistration(object{"name": "attested"})
		var o struct{ Attestation string }
		if err := json.Unmarshal(g.options, &o); err != nil || o.Attestation != "none" {
			t.Errorf("asked for %q, %v", o.Attestation, err)
		}
		var certificates [][]byte
		// An authenticator may send it nevertheless.
		_, body := b.create(g, func(r *registration) {
			r.At(webauthntest.BeforeSigning, func() { certificates = r.X5C })
		})
		b.do(http.MethodPost, pathRegFinish, body).ok(t, http.StatusCreated)
		if len(certificates) == 0 {
			t.Fatal("no certificate was sent")
		}
		stored := h.stored()
		for _, certificate := range certificates {
			if bytes.Contains(stored, certificate[len(certificate)/2:]) {
				t.Error("an attestation certificate is in the database")
			}
		}
		if events := must(h.store.Events(t.Context(), 0, 100))(t); len(events) == 0 || len(h.events(account.EventAuthenticationFail)) != 0 {
			t.Errorf("got %+v", events)
		}
	})
}
