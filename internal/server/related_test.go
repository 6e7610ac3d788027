package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/hitherauth/hither/internal/account"
)

const (
	shop  = "https://shop.example"
	other = "https://other.example:8443"
)

// page is a browser with a page of another origin, which sends no cookies.
func (h *house) page(origin string) *browser {
	h.t.Helper()
	b := h.program()
	b.headers = map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty", "Origin": origin, "User-Agent": firefox}
	return b
}

const asBearer = `,"session":"bearer"}`

// createAt and assertAt answer g on a page of an origin and ask for a token.
func (b *browser) createAt(origin string, g begun) string {
	b.h.t.Helper()
	_, body, err := b.key.CreateJSON(g.options, origin)
	if err != nil {
		b.h.t.Fatal(err)
	}
	return strings.TrimSuffix(g.finish(body), "}") + asBearer
}

func (b *browser) assertAt(origin string, g begun) string {
	b.h.t.Helper()
	body, err := b.key.GetJSON(g.options, origin)
	if err != nil {
		b.h.t.Fatal(err)
	}
	return strings.TrimSuffix(g.finish(body), "}") + asBearer
}

// wantShared checks that an answer may be read by the pages of an origin, and
// leaves nothing in the browser.
func (a answer) wantShared(t *testing.T, origin string) answer {
	t.Helper()
	if got := a.header["Access-Control-Allow-Origin"]; len(got) != 1 || got[0] != origin {
		t.Errorf("got Access-Control-Allow-Origin %q, want %q", got, origin)
	}
	if a.header.Get("Access-Control-Allow-Credentials") != "" {
		t.Error("got Access-Control-Allow-Credentials")
	}
	if !strings.Contains(strings.Join(a.header["Vary"], ", "), "Origin") {
		t.Errorf("got Vary %q", a.header["Vary"])
	}
	if len(a.header["Set-Cookie"]) != 0 {
		t.Errorf("got cookies %v", a.cookie)
	}
	return a
}

func (a answer) wantUnshared(t *testing.T) answer {
	t.Helper()
	for name := range a.header {
		if strings.HasPrefix(name, "Access-Control-") {
			t.Errorf("got %s: %q", name, a.header[name])
		}
	}
	return a
}

func TestRelatedOrigin(t *testing.T) {
	t.Parallel()
	h := openHouse(t, houseConfig{related: []string{shop, other}})
	p := h.page(shop)

	up := p.do(http.MethodPost, pathRegBegin, object{"name": "customer"}).wantShared(t, shop).begun(t)
	made := p.do(http.MethodPost, pathRegFinish, p.createAt(shop, up)).wantShared(t, shop).ok(t, http.StatusCreated)
	if token, _ := made["session"].(object)["token"].(string); token == "" {
		t.Errorf("got %v", made)
	}
	in := p.do(http.MethodPost, pathAuthBegin, object{}).wantShared(t, shop).begun(t)
	signedIn := p.do(http.MethodPost, pathAuthFinish, p.assertAt(shop, in)).wantShared(t, shop).ok(t, http.StatusOK)
	token, _ := signedIn["session"].(object)["token"].(string)
	bearer := header("Authorization", "Bearer "+token)
	if len(p.cookies) != 0 {
		t.Errorf("got cookies %v", p.cookies)
	}

	// The page and its own server may ask who that is.
	for _, asker := range []*browser{p, h.program()} {
		me := asker.do(http.MethodGet, "/api/v1/me", nil, bearer).ok(t, http.StatusOK)
		if name := me["account"].(object)["name"]; name != "customer" {
			t.Errorf("got %v", me)
		}
	}
	p.do(http.MethodGet, "/api/v1/me", nil, bearer).wantShared(t, shop)
	p.do(http.MethodGet, "/api/v1/me", nil).wantShared(t, shop).want(t, http.StatusUnauthorized, "unauthenticated")

	// Another passkey, for who is signed in: bound to that session.
	more := p.do(http.MethodPost, pathRegBegin, object{}, bearer).begun(t)
	p.key = h.page(shop).key
	body := p.createAt(shop, more)
	p.do(http.MethodPost, pathRegFinish, body).want(t, http.StatusBadRequest, "ceremony_invalid")
	p.do(http.MethodPost, pathRegFinish, body, bearer).wantShared(t, shop).ok(t, http.StatusCreated)

	p.do(http.MethodPost, "/api/v1/logout", nil, bearer).wantShared(t, shop)
	p.do(http.MethodGet, "/api/v1/me", nil, bearer).wantShared(t, shop).want(t, http.StatusUnauthorized, "unauthenticated")
}

func TestHostileRelatedOriginBinding(t *testing.T) {
	t.Parallel()
	h := openHouse(t, houseConfig{related: []string{shop, other}})
	owner := h.browser()
	owner.signUp("owner")
	begin := func(t *testing.T, origin string) (*browser, begun) {
		p := h.page(origin)
		p.key = owner.key
		return p, p.do(http.MethodPost, pathAuthBegin, object{}).begun(t)
	}

	t.Run("CER-08_another_related_origin", func(t *testing.T) {
		t.Parallel()
		p, g := begin(t, shop)
		q := h.page(other)
		for _, made := range []string{shop, other} {
			q.do(http.MethodPost, pathAuthFinish, p.assertAt(made, g)).wantShared(t, other).want(t, http.StatusBadRequest, "ceremony_invalid")
		}
		p.do(http.MethodPost, pathAuthFinish, p.assertAt(shop, g)).ok(t, http.StatusOK) // none of that has spent it
	})
	t.Run("CER-08_begun_there_finished_here", func(t *testing.T) {
		t.Parallel()
		p, g := begin(t, shop)
		b := h.browser()
		b.key = owner.key
		b.beginAuthentication(object{}) // takes a cookie
		b.do(http.MethodPost, pathAuthFinish, b.assert(g)).want(t, http.StatusBadRequest, "ceremony_invalid")
		program := h.program()
		program.do(http.MethodPost, pathAuthFinish, p.assertAt(shop, g)).want(t, http.StatusBadRequest, "ceremony_invalid")
	})
	t.Run("CER-08_begun_here_finished_there", func(t *testing.T) {
		t.Parallel()
		b := h.browser()
		b.key = owner.key
		g := b.beginAuthentication(object{})
		p := h.page(shop)
		p.key = owner.key
		p.do(http.MethodPost, pathAuthFinish, p.assertAt(shop, g)).want(t, http.StatusBadRequest, "ceremony_invalid")
	})
	t.Run("REG-08_AST-08_answer_of_another_page", func(t *testing.T) {
		t.Parallel()
		for _, made := range []string{other, h.origin, "https://evil.test", shop + ".evil.test", "null"} {
			p, g := begin(t, shop)
			p.do(http.MethodPost, pathAuthFinish, p.assertAt(made, g)).want(t, http.StatusUnauthorized, "authentication_failed")
			q := h.page(shop)
			up := q.do(http.MethodPost, pathRegBegin, object{"name": "nobody"}).begun(t)
			q.do(http.MethodPost, pathRegFinish, q.createAt(made, up)).want(t, http.StatusBadRequest, "registration_failed")
		}
		// And one of a related origin's page is not taken here.
		b := h.browser()
		b.key = owner.key
		g := b.beginAuthentication(object{})
		b.do(http.MethodPost, pathAuthFinish, strings.Replace(b.assertAt(shop, g), asBearer, "}", 1)).want(t, http.StatusUnauthorized, "authentication_failed")
	})
	t.Run("bearer_or_nothing", func(t *testing.T) {
		t.Parallel()
		p, g := begin(t, shop)
		body := p.assertAt(shop, g)
		p.do(http.MethodPost, pathAuthFinish, strings.Replace(body, asBearer, "}", 1)).wantShared(t, shop).want(t, http.StatusForbidden, "cross_site")
		p.do(http.MethodPost, pathAuthFinish, strings.Replace(body, `"bearer"`, `"cookie"`, 1)).want(t, http.StatusBadRequest, "body_malformed")
		p.do(http.MethodPost, pathAuthFinish, body).ok(t, http.StatusOK)
	})
	t.Run("bearer_is_not_for_our_own_pages", func(t *testing.T) {
		t.Parallel()
		b := h.browser()
		b.key = owner.key
		g := b.beginAuthentication(object{})
		b.do(http.MethodPost, pathAuthFinish, b.assertAt(h.origin, g)).want(t, http.StatusForbidden, "cross_site")
	})
	t.Run("refusals_are_recorded", func(t *testing.T) {
		t.Parallel()
		p, g := begin(t, shop)
		p.do(http.MethodPost, pathAuthFinish, p.assertAt(other, g)).want(t, http.StatusUnauthorized, "authentication_failed")
		p.do(http.MethodPost, pathAuthFinish, p.assertAt(shop, g)).want(t, http.StatusConflict, "ceremony_spent")
		events := h.events(account.EventAuthenticationFail)
		if len(events) == 0 || events[len(events)-1].Check != "origin" {
			t.Errorf("got %v", events)
		}
	})
}

// TestHostileRelatedOriginSharing is hostile cases HTTP-04 and HTTP-05 with related
// origins configured.
func TestHostileRelatedOriginSharing(t *testing.T) {
	t.Parallel()
	h := openHouse(t, houseConfig{related: []string{shop, other}})
	b := h.browser()
	b.signUp("shared")
	shared := map[string]string{
		pathRegBegin: http.MethodPost, pathRegFinish: http.MethodPost, pathAuthBegin: http.MethodPost, pathAuthFinish: http.MethodPost,
		"/api/v1/me": http.MethodGet, "/api/v1/logout": http.MethodPost,
	}
	routes := append(mutating(),
		[2]string{http.MethodGet, "/"}, [2]string{http.MethodGet, "/login"}, [2]string{http.MethodGet, "/api/v1/me"}, [2]string{http.MethodGet, "/api/v1/credentials"},
		[2]string{http.MethodGet, "/api/v1/sessions"}, [2]string{http.MethodGet, "/api/openapi.json"}, [2]string{http.MethodGet, "/livez"}, [2]string{http.MethodGet, "/.well-known/webauthn"})
	ask := func(method string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Set("Access-Control-Request-Method", method)
			r.Header.Set("Access-Control-Request-Headers", "content-type,authorization")
		}
	}

	for _, origin := range []string{
		"https://evil.test", "null", "", "*", shop + ".evil.test", "https://evilshop.example", "https://a.shop.example", "http://shop.example", shop + ":443", shop + "/",
		"https://SHOP.example", shop + "," + other, shop + " " + other, "https://other.example", "https://shop.example.", h.origin,
	} {
		t.Run("HTTP-05_"+origin, func(t *testing.T) {
			t.Parallel()
			for _, route := range routes {
				p := h.page(origin)
				p.mutate(route).wantUnshared(t)
				if a := p.do(http.MethodOptions, route[1], nil, ask(route[0])).wantUnshared(t); a.status != http.StatusMethodNotAllowed {
					t.Errorf("preflight of %s: got %d", route[1], a.status)
				}
				if route[0] == http.MethodGet {
					continue
				}
				for _, cookies := range []map[string]string{nil, b.cookies} {
					p.cookies = cookies
					if a := p.copy().mutate(route).wantUnshared(t); a.status != http.StatusForbidden || len(a.cookie) != 0 {
						t.Errorf("%s %s: got %d %s", route[0], route[1], a.status, a.body)
					}
				}
			}
		})
	}
	for _, origin := range []string{shop, other} {
		t.Run("HTTP-05_"+origin, func(t *testing.T) {
			t.Parallel()
			for _, route := range routes {
				p := h.page(origin)
				preflight := p.do(http.MethodOptions, route[1], nil, ask(route[0]))
				a := p.mutate(route)
				if shared[route[1]] != route[0] {
					a.wantUnshared(t)
					if preflight.wantUnshared(t).status != http.StatusMethodNotAllowed || route[0] != http.MethodGet && a.status != http.StatusForbidden {
						t.Errorf("%s: got %d, preflight %d", route[1], a.status, preflight.status)
					}
					continue
				}
				a.wantShared(t, origin)
				if strings.Contains(string(a.body), "does not come from this site") {
					t.Errorf("%s: got %s", route[1], a.body)
				}
				preflight.wantShared(t, origin)
				for name, want := range map[string]string{
					"Access-Control-Allow-Methods": route[0], "Access-Control-Allow-Headers": "authorization, content-type", "Access-Control-Max-Age": "3600",
				} {
					if got := preflight.header.Get(name); got != want || preflight.status != http.StatusNoContent {
						t.Errorf("%s: got %d, %s: %q", route[1], preflight.status, name, got)
					}
				}
			}
		})
		t.Run("HTTP-04_cookie_and_"+origin, func(t *testing.T) {
			t.Parallel()
			for path, method := range shared {
				for _, name := range []string{cookieSession, cookieBrowser} {
					p := h.page(origin)
					p.headers["Sec-Fetch-Site"] = "same-site" // as between the ports of a host
					p.cookies[name] = b.cookies[name]
					a := p.copy().mutate([2]string{method, path}).wantUnshared(t).want(t, http.StatusForbidden, "cross_site")
					if len(a.cookie) != 0 {
						t.Errorf("got cookies %v", a.cookie)
					}
					if a := p.do(http.MethodOptions, path, nil, ask(method)).wantUnshared(t); a.status != http.StatusMethodNotAllowed {
						t.Errorf("preflight of %s: got %d", path, a.status)
					}
				}
			}
		})
		t.Run("HTTP-04_odd_"+origin, func(t *testing.T) {
			t.Parallel()
			for name, edit := range map[string]func(*http.Request){
				"same_origin":  header("Sec-Fetch-Site", "same-origin"),
				"none":         header("Sec-Fetch-Site", "none"),
				"empty":        func(r *http.Request) { r.Header["Sec-Fetch-Site"] = []string{""} },
				"site_twice":   func(r *http.Request) { r.Header.Add("Sec-Fetch-Site", "cross-site") },
				"origin_twice": func(r *http.Request) { r.Header.Add("Origin", origin) },
			} {
				a := h.page(origin).do(http.MethodPost, pathAuthBegin, object{}, edit)
				if a.want(t, http.StatusForbidden, "cross_site"); len(a.cookie) != 0 {
					t.Errorf("%s: got cookies %v", name, a.cookie)
				}
			}
		})
	}
	t.Run("nobody_was_changed", func(t *testing.T) {
		b.do(http.MethodGet, "/api/v1/me", nil).ok(t, http.StatusOK)
	})
}

func TestHostileRelatedOriginsDocument(t *testing.T) {
	t.Parallel()
	h := openHouse(t, houseConfig{related: []string{shop, other}})
	p := h.page("https://evil.test")
	a := p.do(http.MethodGet, "/.well-known/webauthn", nil, func(r *http.Request) {
		r.Header.Set("X-Forwarded-Host", "evil.test")
		r.Header.Set("Forwarded", "host=evil.test")
	})
	if want := `{"origins":["` + shop + `","` + other + `","` + h.origin + `"]}`; a.status != http.StatusOK || string(a.body) != want {
		t.Errorf("HTTP-31: got %d %s, want %s", a.status, a.body, want)
	}
	for name, want := range map[string]string{"Content-Type": "application/json", "Cache-Control": "public, max-age=3600", "Vary": "", "X-Content-Type-Options": "nosniff"} {
		if got := a.header.Get(name); got != want {
			t.Errorf("HTTP-31: got %s: %q, want %q", name, got, want)
		}
	}
	if len(a.wantUnshared(t).cookie) != 0 {
		t.Errorf("HTTP-31: got cookies %v", a.cookie)
	}
	if a := p.do(http.MethodGet, "/.well-known/webauthn", nil, func(r *http.Request) { r.Host = "evil.test" }); a.status != http.StatusMisdirectedRequest {
		t.Errorf("HTTP-31: got %d for another host", a.status)
	}
	if a := openHouse(t).browser().do(http.MethodGet, "/.well-known/webauthn", nil); a.status != http.StatusNotFound || len(a.cookie) != 0 {
		t.Errorf("HTTP-31: got %d without related origins", a.status)
	}
}
