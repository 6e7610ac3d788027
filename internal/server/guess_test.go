package server_test

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/internal/server"
)

const pathInvitation = "/api/v1/registration/invitation"

// behindProxy makes a house whose clients say where they are. Limits are on,
// and nothing is given back by waiting.
func behindProxy(c *server.Config) {
	c.RateLimitsOff = false
	c.TrustedProxies = append(c.TrustedProxies, prefix("127.0.0.0/8"))
	fixed := c.Now()
	c.Now = func() time.Time { return fixed }
}

// at is a new browser at an address.
func (h *house) at(address string) *browser {
	h.t.Helper()
	b := h.browser()
	b.headers["X-Forwarded-For"] = address
	return b
}

// guessedToken has the shape of a link's token.
func guessedToken() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// guess tries a token, at one of the two doors that take one.
func (b *browser) guess(i int) answer {
	if i%2 == 0 {
		return b.do(http.MethodPost, pathInvitation, object{"token": guessedToken()})
	}
	return b.do(http.MethodPost, pathRegBegin, object{"token": guessedToken(), "name": "mallory"})
}

// guessAll uses up what may be guessed from an address.
func (b *browser) guessAll() {
	b.h.t.Helper()
	for i := range account.GuessesPerPrefix {
		b.guess(i).want(b.h.t, http.StatusForbidden, "invitation_invalid")
	}
	refused := b.guess(0).want(b.h.t, http.StatusTooManyRequests, "rate_limited")
	if seconds, err := strconv.Atoi(refused.header.Get("Retry-After")); err != nil || seconds < 1 || seconds > 120 {
		b.h.t.Errorf("got Retry-After %q", refused.header.Get("Retry-After"))
	}
}

func TestHostileGuesses(t *testing.T) {
	t.Parallel()

	t.Run("tokens_are_counted_per_network", func(t *testing.T) {
		t.Parallel()
		// Switching load limits off, for a benchmark, does not invite to guess.
		h := openHouse(t, houseConfig{edit: func(c *server.Config) {
			behindProxy(c)
			c.RateLimitsOff = true
			c.SignUpOpen = false
		}})
		stranger := h.at("203.0.113.1")
		for _, text := range []string{"", "short", strings.Repeat("A", 44), strings.Repeat("!", 43)} {
			for range account.GuessesPerPrefix {
				// No token at all: nothing is learnt, nothing is written.
				stranger.do(http.MethodPost, pathInvitation, object{"token": text}).want(t, http.StatusForbidden, "invitation_invalid")
			}
		}
		stranger.guessAll()
		h.at("203.0.113.254").guess(1).want(t, http.StatusTooManyRequests, "rate_limited")
		h.at("::ffff:203.0.113.3").guess(1).want(t, http.StatusTooManyRequests, "rate_limited")
		h.at("203.0.112.1").guess(1).want(t, http.StatusForbidden, "invitation_invalid")
		h.at("2001:db8:5:100::1").guessAll()
		h.at("2001:db8:5:1ff::9").guess(0).want(t, http.StatusTooManyRequests, "rate_limited")
		h.at("2001:db8:5:200::1").guess(0).want(t, http.StatusForbidden, "invitation_invalid")
		if !strings.Contains(h.logs.String(), "guess refused") {
			t.Error("nothing was logged")
		}
		h.clock.move(30 * time.Second)
		stranger.guess(0).want(t, http.StatusTooManyRequests, "rate_limited")
		h.clock.move(2 * time.Minute)
		stranger.guess(0).want(t, http.StatusForbidden, "invitation_invalid")
		stranger.guess(0).want(t, http.StatusTooManyRequests, "rate_limited")
	})

	t.Run("two_hundred_at_once", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t)
		b := h.browser()
		statuses := parallel(200, func(i int) int { return b.copy().guess(i).status })
		if statuses[http.StatusForbidden] != account.GuessesPerPrefix || statuses[http.StatusTooManyRequests] != 200-account.GuessesPerPrefix {
			t.Errorf("got %v", statuses)
		}
	})

	t.Run("live_link_is_no_guess", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t, houseConfig{edit: closed}, houseConfig{edit: behindProxy})
		h.at("203.0.113.1").guessAll()
		_, token, err := h.accounts.Invite(t.Context(), "", false, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		guest := h.at("203.0.113.1")
		for range 2 * account.GuessesPerPrefix {
			guest.do(http.MethodPost, pathInvitation, object{"token": token.Reveal()}).ok(t, http.StatusOK)
			guest.beginRegistration(object{"token": token.Reveal(), "name": "guest"})
		}
		_, body := guest.create(guest.beginRegistration(object{"token": token.Reveal(), "name": "guest"}))
		guest.do(http.MethodPost, pathRegFinish, body).ok(t, http.StatusCreated)
		// Now it is like any other text.
		guest.do(http.MethodPost, pathInvitation, object{"token": token.Reveal()}).want(t, http.StatusTooManyRequests, "rate_limited")
	})

	t.Run("crowd_with_invitations_behind_one_address", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t, houseConfig{edit: closed}, houseConfig{edit: behindProxy})
		h.at("203.0.113.1").guessAll()
		const crowd = 60
		tokens := make([]string, crowd)
		people := make([]*browser, crowd)
		for i := range crowd {
			_, token, err := h.accounts.Invite(t.Context(), "", false, time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			tokens[i], people[i] = token.Reveal(), h.at("203.0.113.1")
		}
		statuses := parallel(crowd, func(i int) int {
			b := people[i]
			if a := b.do(http.MethodPost, pathInvitation, object{"token": tokens[i]}); a.status != http.StatusOK {
				return a.status
			}
			_, body := b.create(b.beginRegistration(object{"token": tokens[i], "name": fmt.Sprintf("guest%d", i)}))
			return b.do(http.MethodPost, pathRegFinish, body).status
		})
		if statuses[http.StatusCreated] != crowd {
			t.Errorf("got %v", statuses)
		}
	})
}
