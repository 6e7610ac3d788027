package server_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hitherauth/hither/internal/server"
)

func TestRateLimits(t *testing.T) {
	t.Parallel()
	h := openHouse(t, houseConfig{edit: func(c *server.Config) {
		c.RateLimitsOff = false
		c.TrustedProxies = append(c.TrustedProxies, prefix("127.0.0.0/8"))
		fixed := c.Now()
		c.Now = func() time.Time { return fixed }
	}})
	b := h.browser()
	from := func(address string) func(*http.Request) { return header("X-Forwarded-For", address) }
	b.headers["X-Forwarded-For"] = "203.0.113.1"
	b.signUp("limited")

	begun := 0
	var last answer
	for range 2_000 {
		if last = b.do(http.MethodPost, pathAuthBegin, object{}); last.status != http.StatusOK {
			break
		}
		begun++
	}
	last.want(t, http.StatusTooManyRequests, "rate_limited")
	if begun < 300 || begun > 1_000 {
		t.Errorf("%d ceremonies were begun", begun)
	}
	if seconds, err := strconv.Atoi(last.header.Get("Retry-After")); err != nil || seconds < 1 || seconds > 5 {
		t.Errorf("got Retry-After %q", last.header.Get("Retry-After"))
	}
	// The whole network is limited, and no other. What begins have left is for finishes.
	b.do(http.MethodPost, pathAuthBegin, object{}, from("203.0.113.200")).want(t, http.StatusTooManyRequests, "rate_limited")
	b.do(http.MethodPost, pathAuthBegin, object{}, from("::ffff:203.0.113.7")).want(t, http.StatusTooManyRequests, "rate_limited")
	finished := 0
	for range 2_000 {
		if last = b.do(http.MethodPost, pathAuthFinish, object{}, from("203.0.113.201")); last.status != http.StatusBadRequest {
			break
		}
		finished++
	}
	last.want(t, http.StatusTooManyRequests, "rate_limited")
	if finished < 50 || finished > 200 || last.header.Get("Retry-After") == "" {
		t.Errorf("%d ceremonies were finished, then %d with Retry-After %q", finished, last.status, last.header.Get("Retry-After"))
	}
	b.do(http.MethodPost, pathAuthBegin, object{}, from("203.0.114.1")).ok(t, http.StatusOK)
	b.do(http.MethodPost, pathAuthBegin, object{}, from("2001:db8:0:1::1")).ok(t, http.StatusOK)
	// Pages and health are counted apart.
	b.do(http.MethodGet, "/api/v1/me", nil).ok(t, http.StatusOK)
	if a := b.do(http.MethodGet, "/login", nil); a.status != http.StatusOK {
		t.Errorf("got %d", a.status)
	}
	pages := 0
	for range 3_000 {
		if last = b.do(http.MethodGet, "/login", nil); last.status != http.StatusOK {
			break
		}
		pages++
	}
	if last.status != http.StatusTooManyRequests || last.header.Get("Retry-After") == "" {
		t.Errorf("%d pages, then %d", pages, last.status)
	}
	if text := string(last.body); !strings.Contains(text, "<h1>Too many tries</h1>") {
		t.Errorf("people read %s", text)
	}
	for _, path := range []string{"/", "/setup", "/account", "/learn"} {
		if a := b.do(http.MethodGet, path, nil); a.status != http.StatusTooManyRequests || a.header.Get("Retry-After") == "" {
			t.Errorf("%s: got %d", path, a.status)
		}
	}
	for _, path := range []string{"/api/v1/me", "/api/openapi.json"} {
		b.do(http.MethodGet, path, nil).want(t, http.StatusTooManyRequests, "rate_limited")
	}
	// An operator is not among them.
	for range 1_600 {
		h.operate(http.MethodGet, "/api/v1/operator/accounts", "").ok(t, http.StatusOK)
	}
	if a := b.do(http.MethodGet, "/readyz", nil); a.status != http.StatusOK {
		t.Errorf("health is limited: %d", a.status)
	}
}

func TestRateLimitsSpareThoseWhoSignIn(t *testing.T) {
	t.Parallel()
	// left counts what a network may begin after doing something.
	left := func(do func(h *house, b *browser)) int {
		h := openHouse(t, houseConfig{edit: func(c *server.Config) {
			c.RateLimitsOff = false
			fixed := c.Now()
			c.Now = func() time.Time { return fixed }
		}})
		b := h.browser()
		b.signUp("welcome")
		do(h, b)
		n := 0
		for b.do(http.MethodPost, pathAuthBegin, object{}).status == http.StatusOK {
			n++
		}
		return n
	}
	want := left(func(*house, *browser) {})
	signedIn := left(func(_ *house, b *browser) {
		for range 20 {
			b.signIn()
		}
	})
	if signedIn != want {
		t.Errorf("after 20 sign-ins %d ceremonies are left, and %d after none", signedIn, want)
	}
	// Accounts that nobody invited take room for ever: begin and finish count.
	signedUp := left(func(h *house, _ *browser) {
		for i := range 5 {
			h.browser().signUp(fmt.Sprintf("another%d", i))
		}
	})
	if signedUp != want-10 {
		t.Errorf("after 5 sign-ups %d ceremonies are left, want %d", signedUp, want-10)
	}
}

// untilLimited does something until it is refused for having been done too often.
func untilLimited(t *testing.T, do func() answer) {
	t.Helper()
	for range 3_000 {
		if do().status == http.StatusTooManyRequests {
			return
		}
	}
	t.Error("there is no limit")
}

// A stranger's failures never stop an account's passkey.
func TestHostileLockout(t *testing.T) {
	t.Parallel()

	// fail does whatever a stranger can be refused for, about somebody, until
	// nothing is left at the stranger's address.
	fail := func(h *house, stranger, victim *browser, name string) {
		t := h.t
		forger := stranger.copy()
		forger.key = victim.key
		for range 60 { // wrong signatures of the victim's own passkey, by name and without
			g := forger.beginAuthentication(object{"name": name})
			forger.do(http.MethodPost, pathAuthFinish, forger.assert(g, clientData("origin", "https://evil.test"))).want(t, http.StatusUnauthorized, "authentication_failed")
		}
		for range 30 {
			g := stranger.beginRegistration(object{"name": name})
			_, body := stranger.create(g)
			stranger.do(http.MethodPost, pathRegFinish, body).want(t, http.StatusConflict, "name_taken")
		}
		untilLimited(t, func() answer { return stranger.guess(0) })
		untilLimited(t, func() answer { return stranger.do(http.MethodGet, "/login", nil) })
	}
	flood := func(stranger *browser, path string) {
		untilLimited(stranger.h.t, func() answer { return stranger.do(http.MethodPost, path, object{}) })
	}

	t.Run("from_elsewhere", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t, houseConfig{edit: behindProxy})
		victim := h.at("198.51.100.1")
		victim.signUp("victim")
		stranger := h.at("203.0.113.1")
		fail(h, stranger, victim, "victim")
		flood(stranger, pathAuthBegin)
		flood(stranger, pathAuthFinish)
		stranger.do(http.MethodPost, pathAuthBegin, object{}).want(t, http.StatusTooManyRequests, "rate_limited")
		victim.signIn()
		victim.do(http.MethodPost, pathAuthFinish, victim.assert(victim.beginAuthentication(object{"name": "victim"}))).ok(t, http.StatusOK)
		if a := victim.do(http.MethodGet, "/account", nil); a.status != http.StatusOK {
			t.Errorf("account page: %d", a.status)
		}
	})

	t.Run("from_the_same_network", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t, houseConfig{edit: behindProxy})
		victim := h.at("203.0.113.1")
		victim.signUp("victim")
		stranger := h.at("203.0.113.1")
		fail(h, stranger, victim, "victim")
		victim.signIn()
		// A flood of begins leaves what those need who have begun.
		body := victim.assert(victim.beginAuthentication(object{}))
		flood(stranger, pathAuthBegin)
		victim.do(http.MethodPost, pathAuthFinish, body).ok(t, http.StatusOK)
		// A flood of everything lasts as long as the stranger sends it.
		flood(stranger, pathAuthFinish)
		victim.do(http.MethodPost, pathAuthBegin, object{}).want(t, http.StatusTooManyRequests, "rate_limited")
	})
}
