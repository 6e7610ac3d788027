package server_test

import (
	"fmt"
	"net/http"
	"strconv"
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
	// The whole network is limited, and no other.
	b.do(http.MethodPost, pathAuthFinish, object{}, from("203.0.113.200")).want(t, http.StatusTooManyRequests, "rate_limited")
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
