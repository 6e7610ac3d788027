package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hitherauth/hither/internal/account"
)

const day = 24 * time.Hour

// traveller is what somebody has in their hands when the clock jumps.
type traveller struct {
	browser  *browser
	spent    string   // body of a finish that was answered with success
	begun    string   // body of a finish that was not sent
	refused  string   // body of a finish that was refused as expired
	dead     string   // token of an invitation that was refused as expired
	live     string   // token of an invitation
	used     string   // token of an invitation that was used
	replayer *browser // has the cookie that spent was sent with
}

// sweep removes what has expired by the house's clock, as hitherd does each minute.
func (h *house) sweep() {
	h.t.Helper()
	if err := h.store.Sweep(h.t.Context(), h.clock.now()); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) invite() string {
	h.t.Helper()
	_, token, err := h.accounts.Invite(h.t.Context(), "", false, time.Hour)
	if err != nil {
		h.t.Fatal(err)
	}
	return token.Reveal()
}

// traveller makes one, and some hours pass meanwhile.
func (h *house) traveller() *traveller {
	h.t.Helper()
	v := &traveller{browser: h.browser()}
	v.browser.signUp("traveller")

	late := v.browser.copy()
	v.refused = late.assert(late.beginAuthentication(object{}))
	v.dead = h.invite()
	h.clock.move(2 * time.Hour)
	late.do(http.MethodPost, pathAuthFinish, v.refused).want(h.t, http.StatusBadRequest, "ceremony_expired")
	late.do(http.MethodPost, pathInvitation, object{"token": v.dead}).want(h.t, http.StatusForbidden, "invitation_invalid")

	v.used = h.invite()
	guest := h.browser()
	_, body := guest.create(guest.beginRegistration(object{"token": v.used, "name": "guest"}))
	guest.do(http.MethodPost, pathRegFinish, body).ok(h.t, http.StatusCreated)

	v.live = h.invite()
	// Another browser with the same passkey, whose cookies before the sign-in are kept.
	other := h.browser()
	other.key = v.browser.key
	v.spent = other.assert(other.beginAuthentication(object{}))
	v.replayer = other.copy()
	other.do(http.MethodPost, pathAuthFinish, v.spent).ok(h.t, http.StatusOK)
	v.begun = v.browser.assert(v.browser.beginAuthentication(object{}))
	h.refresh()
	return v
}

// nothingIsBack tries whatever was over before the clock jumped.
func (h *house) nothingIsBack(when string, v *traveller) {
	h.t.Helper()
	refused := func(what string, a answer) {
		h.t.Helper()
		if a.status < 400 || a.status > 499 || a.cookie["__Host-hither-session"] != nil {
			h.t.Errorf("%s, %s: got %d %s", when, what, a.status, a.body)
		}
	}
	refused("replayed sign-in", v.replayer.copy().do(http.MethodPost, pathAuthFinish, v.spent))
	refused("sign-in that was too late", v.browser.copy().do(http.MethodPost, pathAuthFinish, v.refused))
	for what, token := range map[string]string{"used invitation": v.used, "expired invitation": v.dead} {
		b := h.browser()
		refused(what, b.do(http.MethodPost, pathInvitation, object{"token": token}))
		refused(what, b.do(http.MethodPost, pathRegBegin, object{"token": token, "name": "back"}))
	}
}

// works signs in, and wants a session that ends.
func (h *house) works(when string, v *traveller) *browser {
	h.t.Helper()
	b := h.browser()
	b.key = v.browser.key
	begun := h.clock.now()
	session := b.signIn()["session"].(object)
	for member, most := range map[string]time.Duration{"authenticated_at": time.Minute, "expires_at": 31 * day} {
		at, err := time.Parse(time.RFC3339, session[member].(string))
		if err != nil || at.Before(begun.Add(-time.Minute)) || at.After(begun.Add(most)) {
			h.t.Errorf("%s: %s of a session begun at %s: %v, %v", when, member, begun, session[member], err)
		}
	}
	b.do(http.MethodGet, "/api/v1/me", nil).ok(h.t, http.StatusOK)
	return b
}

// TestHostileClock sets the clock while ceremonies, sessions, links and guesses
// are under way, and back again.
func TestHostileClock(t *testing.T) {
	t.Parallel()
	for name, jump := range map[string]time.Duration{
		"STO-18_an_hour_forward":  time.Hour,
		"STO-18_an_hour_back":     -time.Hour,
		"STO-18_400_days_forward": 400 * day,
		"STO-18_400_days_back":    -400 * day,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := openHouse(t)
			v := h.traveller()
			stranger := h.browser()
			stranger.guessAll()

			alive := func() bool {
				return v.browser.copy().do(http.MethodGet, "/api/v1/me", nil).status == http.StatusOK
			}
			if !alive() {
				t.Fatal("the session has ended before the clock jumped")
			}
			h.clock.move(jump)
			h.nothingIsBack("before anybody looked", v)
			lived := alive()
			if lived != (jump.Abs() < day) {
				t.Errorf("session after the jump: alive %v", lived)
			}
			h.sweep()
			h.refresh()
			h.nothingIsBack("after the jump", v)
			if jump < 0 || jump > 5*time.Minute {
				if a := v.browser.copy().do(http.MethodPost, pathAuthFinish, v.begun); a.status != http.StatusBadRequest {
					t.Errorf("a ceremony from before the jump: got %d %s", a.status, a.body)
				}
			}
			want := "clock went forward"
			if jump < 0 {
				want = "clock went back"
			}
			if !strings.Contains(h.logs.String(), "level=WARN msg=\""+want) {
				t.Errorf("the log holds no %q", want)
			}
			during := h.works("after the jump", v)
			linked := h.invite()
			// Whoever used up their guesses has none for a clock's sake, and has some an hour later.
			if jump < 0 {
				stranger.guess(0).want(t, http.StatusTooManyRequests, "rate_limited")
			}

			h.clock.move(-jump)
			h.nothingIsBack("right again, before anybody looked", v)
			h.refresh()
			h.sweep()
			h.nothingIsBack("right again", v)
			h.works("right again", v)
			if alive() != lived {
				t.Errorf("session when the clock is right again: alive %v", !lived)
			}
			if jump > 0 {
				// From the future: nobody knows when they would end.
				during.do(http.MethodGet, "/api/v1/me", nil).want(t, http.StatusUnauthorized, "unauthenticated")
				h.browser().do(http.MethodPost, pathInvitation, object{"token": linked}).want(t, http.StatusForbidden, "invitation_invalid")
			}
			h.clock.move(account.GuessWindow)
			stranger.guess(0).want(t, http.StatusForbidden, "invitation_invalid")
			h.works("an hour later", v)
			// Nor is anything of it there when the clock gets there once more.
			h.clock.move(max(jump, 0))
			during.do(http.MethodGet, "/api/v1/me", nil)
			h.nothingIsBack("there once more", v)
		})
	}
}

// A clock that goes forward and back between two looks of the server: what was
// swept meanwhile stays spent.
func TestHostileClockBetweenTwoLooks(t *testing.T) {
	t.Parallel()
	t.Run("STO-18_forward_and_back", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t)
		v := h.traveller()
		h.clock.move(400 * day)
		h.sweep()
		h.clock.move(-400 * day)
		h.nothingIsBack("right again", v)
		h.refresh()
		h.nothingIsBack("after a look", v)
		h.works("after a look", v)
	})
	t.Run("STO-18_back_into_a_ceremony_that_was_over", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t)
		v := h.traveller()
		h.clock.move(20 * time.Minute)
		v.browser.do(http.MethodPost, pathAuthFinish, v.begun).want(t, http.StatusBadRequest, "ceremony_expired")
		h.clock.move(-18 * time.Minute)
		v.browser.do(http.MethodPost, pathAuthFinish, v.begun).want(t, http.StatusBadRequest, "ceremony_expired")
		h.nothingIsBack("before a look", v)
		h.refresh()
		v.browser.do(http.MethodPost, pathAuthFinish, v.begun).want(t, http.StatusBadRequest, "ceremony_invalid")
		h.nothingIsBack("after a look", v)
		h.works("after a look", v)
	})
	t.Run("STO-18_back_while_nobody_looked", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t)
		v := h.traveller()
		h.clock.move(20 * time.Minute)
		h.sweep()
		was := h.storedKeys()[0].ID
		// Another start. The key is older than the moment that the clock comes
		// back to, so only what was swept tells that it did.
		h.clock.move(-18 * time.Minute)
		keys := must(h.openKeys(h.root))(t)
		if stored := h.storedKeys(); len(stored) != 1 || stored[0].ID == was {
			t.Errorf("the old key is still there: %v", stored)
		}
		if keys.Now().After(h.clock.now().Add(time.Second)) {
			t.Error("the new start does not follow the clock")
		}
		h.refresh()
		h.nothingIsBack("after the start", v)
		h.works("after the start", v)
	})
}
