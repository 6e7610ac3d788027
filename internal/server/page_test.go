package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hitherauth/hither/internal/server"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

func TestHostileReturnTo(t *testing.T) {
	t.Parallel()
	t.Run("HTTP-13_return_to", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t)
		b := h.browser()
		plain := string(b.do(http.MethodGet, "/login", nil).body)
		for _, to := range []string{
			"//evil.test", `/\evil.test`, "https:evil.test", "/%09/evil", "/%2f%2fevil.test", "javascript:alert(1)", "data:text/html,x", "/\r\nX: y", "@evil.test",
			"/\t/evil.test", "ht\ntps://evil.test", "／evil.test", "/a//evil.test", "/..//evil.test", "/a?b=//evil.test", "/#evil",
		} {
			query := "?return_to=" + strings.NewReplacer("%", "%25", "\r", "%0d", "\n", "%0a", "\t", "%09", "#", "%23", "?", "%3f", "&", "%26", "+", "%2b", " ", "%20").Replace(to)
			status, body := b.get("/login" + query)
			if status != http.StatusOK || body != plain {
				t.Errorf("HTTP-13 %q: the page differs, or got %d", to, status)
			}
		}
		if _, body := b.get("/login?return_to=/device"); body == plain || !strings.Contains(body, "/device") {
			t.Error("a local path is not taken")
		}
	})
}

// get is a page as text.
func (b *browser) get(path string) (int, string) {
	b.h.t.Helper()
	a := b.do(http.MethodGet, path, nil)
	return a.status, string(a.body)
}

func TestHostilePageInjection(t *testing.T) {
	t.Parallel()
	t.Run("HTTP-21_markup_in_names", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t)
		b := h.browser()
		const script = `<script>alert(1)</script>`
		_, body := b.create(b.beginRegistration(object{"name": "injector", "display_name": script}))
		b.do(http.MethodPost, pathRegFinish, body).ok(t, http.StatusCreated)
		_, creds := h.person("injector")
		b.do(http.MethodPatch, "/api/v1/credentials/"+creds[0].ID.String(), object{"name": `"><img src=x>`}).ok(t, http.StatusOK)
		for _, path := range []string{"/", "/account", "/login?notice=%3Cscript%3E&return_to=%3Cscript%3E", "/setup?x=%3Cscript%3Ealert(1)%3C/script%3E", "/nothing%3Cscript%3E"} {
			_, page := b.get(path)
			for _, evil := range []string{script, "<script>a", "<img src=x", "<House>"} {
				if strings.Contains(page, evil) {
					t.Errorf("HTTP-21 %s shows %s", path, evil)
				}
			}
		}
	})
}

// TestProvider follows a provider's name from the registration to API and page.
func TestProvider(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	b := h.browser()
	_, body := b.create(b.beginRegistration(object{"name": "keeper"}), func(r *webauthntest.Registration) {
		r.AuthenticatorData.Attested.AAGUID = vault[:]
	})
	b.do(http.MethodPost, pathRegFinish, body).ok(t, http.StatusCreated)
	_, creds := h.person("keeper")
	if creds[0].Name != "Test <vault>" {
		t.Errorf("got the name %q", creds[0].Name)
	}
	const from = "From Test &lt;vault&gt;."
	if _, page := b.get("/account"); strings.Contains(page, from) {
		t.Error("the page says twice what is in the name")
	}
	answer := b.do(http.MethodPatch, "/api/v1/credentials/"+creds[0].ID.String(), object{"name": "Mine"})
	answer.ok(t, http.StatusOK)
	if !strings.Contains(string(answer.body), `"provider":"Test <vault>"`) {
		t.Errorf("got %s", answer.body)
	}
	if _, page := b.get("/account"); !strings.Contains(page, from) {
		t.Errorf("the page does not say %q", from)
	}
}

func TestPhoneWait(t *testing.T) {
	t.Parallel()
	for want, wait := range map[string]time.Duration{`data-patience="30"`: 0, `data-patience="2.5"`: 2500 * time.Millisecond} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			h := openHouse(t, houseConfig{edit: func(c *server.Config) { c.PhoneWait = wait }})
			b := h.browser()
			for _, path := range []string{"/login", "/setup"} {
				if _, page := b.get(path); !strings.Contains(page, want) {
					t.Errorf("%s: no %s in the page", path, want)
				}
			}
			_, body := b.create(b.beginRegistration(object{"name": "waiter"}))
			b.do(http.MethodPost, pathRegFinish, body).ok(t, http.StatusCreated)
			if _, page := b.get("/account"); !strings.Contains(page, want) {
				t.Errorf("/account: no %s in the page", want)
			}
		})
	}
}
