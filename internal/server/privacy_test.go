package server_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	strict "github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/internal/secret"
	"github.com/hitherauth/hither/internal/server"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

// allowed is what an identified begin shows.
type allowed struct {
	Allow []struct {
		Type       string   `json:"type"`
		ID         string   `json:"id"`
		Transports []string `json:"transports"`
	} `json:"allowCredentials"`
}

func (b *browser) allowed(name string) (begun, allowed) {
	b.h.t.Helper()
	g := b.beginAuthentication(object{"name": name})
	var a allowed
	if err := json.Unmarshal(g.options, &a); err != nil {
		b.h.t.Fatal(err)
	}
	return g, a
}

func TestHostileNamesAreNotTold(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	known := h.browser()
	cred := known.signUp("Known")
	disabled := h.browser()
	disabled.signUp("disabled")
	if err := h.accounts.Disable(t.Context(), "disabled"); err != nil {
		t.Fatal(err)
	}
	b := h.browser()

	t.Run("PRIV-01_known_name", func(t *testing.T) {
		t.Parallel()
		_, a := b.copy().allowed("kNOWN")
		if len(a.Allow) != 1 || a.Allow[0].ID != cred.ID.String() || !slices.Equal(a.Allow[0].Transports, []string{"hybrid", "internal"}) {
			t.Errorf("got %+v", a)
		}
	})

	t.Run("PRIV-01_unknown_names_are_plausible_and_stable", func(t *testing.T) {
		t.Parallel()
		fixed := openHouse(t, houseConfig{edit: func(c *server.Config) { c.DecoyKey = secret.Hide([32]byte{1}) }})
		b := fixed.browser()
		ids := map[string]bool{}
		lengths := map[int]bool{}
		counts := map[int]int{}
		for i := range 60 {
			name := fmt.Sprintf("Unknown%d", i)
			_, first := b.copy().allowed(name)
			_, again := b.copy().allowed(strings.ToUpper(name))
			if n := len(first.Allow); n < 1 || n > 3 || first.Allow[0].Type != "public-key" {
				t.Fatalf("got %+v", first)
			}
			if diff := cmp.Diff(first, again); diff != "" {
				t.Fatalf("%s changes: %s", name, diff)
			}
			counts[len(first.Allow)]++
			for _, c := range first.Allow {
				if ids[c.ID] {
					t.Fatal("an id twice")
				}
				if !slices.IsSorted(c.Transports) {
					t.Errorf("got transports %v, want them sorted as real ones are", c.Transports)
				}
				ids[c.ID] = true
				lengths[len(c.ID)] = true
			}
		}
		if counts[1] < 30 || counts[2] == 0 || counts[3] == 0 {
			t.Errorf("got numbers of credentials %v, want mostly one, sometimes two or three", counts)
		}
		if len(lengths) < 3 {
			t.Errorf("all ids have one of %d lengths", len(lengths))
		}
	})

	t.Run("PRIV-01_the_ceremony_has_one_size", func(t *testing.T) {
		t.Parallel()
		g, _ := b.copy().allowed("known")
		want := len(g.ceremony)
		same := 0
		for i := range 20 {
			if g, a := b.copy().allowed(fmt.Sprint("nobody", i)); len(a.Allow) == 1 {
				same++
				if len(g.ceremony) != want {
					t.Errorf("got %d characters for one credential, want %d", len(g.ceremony), want)
				}
			}
		}
		if same == 0 {
			t.Error("no name of nobody has one credential")
		}
	})

	t.Run("PRIV-01_disabled_looks_as_before", func(t *testing.T) {
		t.Parallel()
		_, a := b.copy().allowed("disabled")
		if len(a.Allow) != 1 || a.Allow[0].ID != disabled.key.Credentials("localhost")[0].ID.String() {
			t.Errorf("got %+v", a)
		}
	})

	t.Run("PRIV-01_survives_a_restart", func(t *testing.T) {
		t.Parallel()
		var key [32]byte
		key[7] = 7
		var ids []string
		for range 2 {
			other := openHouse(t, houseConfig{edit: func(c *server.Config) { c.DecoyKey = secret.Hide(key) }})
			_, a := other.browser().allowed("nobody")
			ids = append(ids, a.Allow[0].ID)
		}
		if ids[0] != ids[1] {
			t.Errorf("got %v", ids)
		}
	})

	// The ids that a begin shows must not tell by what is said of them elsewhere.
	t.Run("PRIV-01_ids_sent_back_elsewhere", func(t *testing.T) {
		t.Parallel()
		stranger := h.browser()
		theirs := stranger.signUp("curious")
		for i, name := range []string{"known", "disabled", "nobody", "nobody-else", "noone", "none-at-all"} {
			_, a := h.browser().allowed(name)
			for j, shown := range a.Allow {
				c := h.browser()
				g := c.beginAuthentication(object{})
				c.do(http.MethodPost, pathAuthFinish, g.finish(must(theirs.GetJSON(g.options, h.origin, sendID(t, shown.ID)))(t))).
					want(t, http.StatusUnauthorized, "authentication_failed")
				id := must(base64.RawURLEncoding.DecodeString(shown.ID))(t)
				take := func(r *webauthntest.Registration) { r.SetCredentialID(id) }
				// A taken name and a free one: what is looked at first is the same too.
				for _, own := range []string{"curious", fmt.Sprintf("taker-%d-%d", i, j)} {
					c := h.browser()
					_, body := c.create(c.beginRegistration(object{"name": own}), take)
					c.do(http.MethodPost, pathRegFinish, body).want(t, http.StatusConflict, "credential_exists")
				}
				adder := stranger.copy()
				adder.key = webauthntest.New(webauthntest.Config{})
				_, body := adder.create(adder.beginRegistration(object{}), take)
				adder.do(http.MethodPost, pathRegFinish, body).want(t, http.StatusConflict, "credential_exists")
			}
		}
	})

	t.Run("PRIV-03_one_answer_for_all", func(t *testing.T) {
		t.Parallel()
		stranger := h.browser()
		stranger.signUp("stranger")
		theirs := stranger.key.Credentials("localhost")[0]
		bad := func(c *browser, g begun) string {
			return c.assert(g, func(a *assertion) { a.At(webauthntest.AfterSigning, func() { a.Signature[9] ^= 1 }) })
		}
		answers := map[string]func() answer{
			"bad_signature": func() answer {
				c := known.copy()
				return c.do(http.MethodPost, pathAuthFinish, bad(c, c.beginAuthentication(object{})))
			},
			"bad_signature_for_a_name": func() answer {
				c := known.copy()
				return c.do(http.MethodPost, pathAuthFinish, bad(c, c.beginAuthentication(object{"name": "known"})))
			},
			"disabled": func() answer {
				c := disabled.copy()
				return c.do(http.MethodPost, pathAuthFinish, c.assert(c.beginAuthentication(object{})))
			},
			"wrong_handle": func() answer {
				c := known.copy()
				return c.do(http.MethodPost, pathAuthFinish, c.assert(c.beginAuthentication(object{}), userHandle(hash("x"))))
			},
			"decoy_named": func() answer {
				c := h.browser()
				g := c.beginAuthentication(object{"name": "nobody"})
				return c.do(http.MethodPost, pathAuthFinish, g.finish(must(theirs.GetJSON(g.options, h.origin))(t)))
			},
			"decoy_id_sent_back": func() answer {
				c := h.browser()
				g, a := c.allowed("nobody")
				return c.do(http.MethodPost, pathAuthFinish, g.finish(must(theirs.GetJSON(g.options, h.origin, sendID(t, a.Allow[0].ID)))(t)))
			},
			"real_id_sent_back": func() answer {
				c := h.browser()
				g, a := c.allowed("known")
				return c.do(http.MethodPost, pathAuthFinish, g.finish(must(theirs.GetJSON(g.options, h.origin, sendID(t, a.Allow[0].ID)))(t)))
			},
		}
		var want string
		for name, ask := range answers {
			a := ask().want(t, http.StatusUnauthorized, "authentication_failed")
			text := withoutID(t, a) + fmt.Sprint(slices.Sorted(headerNames(a.header))) + a.header.Get("Content-Length")
			if want == "" {
				want = text
			}
			if text != want {
				t.Errorf("%s: got %s, another got %s", name, text, want)
			}
		}
	})

	t.Run("PRIV-03_unknown_id_alone_is_told", func(t *testing.T) {
		t.Parallel()
		c := h.browser()
		g := c.beginAuthentication(object{})
		theirs := known.key.Credentials("localhost")[0]
		id := base64.RawURLEncoding.EncodeToString(hash("never registered"))
		c.do(http.MethodPost, pathAuthFinish, g.finish(must(theirs.GetJSON(g.options, h.origin, sendID(t, id)))(t))).
			want(t, http.StatusUnauthorized, "credential_unknown")
	})

	t.Run("PRIV-04_registration_begin_does_not_look", func(t *testing.T) {
		t.Parallel()
		for _, name := range []string{"known", "never-seen"} {
			b.copy().beginRegistration(object{"name": name})
		}
	})
}

func headerNames(h http.Header) func(func(string) bool) {
	return func(yield func(string) bool) {
		for name := range h {
			if !yield(name) {
				return
			}
		}
	}
}

// sendID answers with the id of another credential.
func sendID(t *testing.T, id string) edit {
	t.Helper()
	raw := must(base64.RawURLEncoding.DecodeString(id))(t)
	return func(a *assertion) { a.CredentialID = raw }
}

func TestHostileUserHandle(t *testing.T) {
	t.Parallel()
	t.Run("PRIV-06_user_handle", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t)
		b := h.browser()
		b.signUp("handle")
		person, _ := h.person("handle")
		// PRIV-06: random, and no name of the account elsewhere.
		if len(person.UserHandle) != 32 || strings.Contains(person.UserHandle.String(), person.ID.String()) {
			t.Errorf("got %v for account %v", person.UserHandle, person.ID)
		}
		for _, path := range []string{"/api/v1/credentials", "/api/v1/sessions", "/account", "/"} {
			if _, text := b.get(path); strings.Contains(text, person.UserHandle.String()) {
				t.Errorf("%s shows the user handle", path)
			}
		}
		// The person's own pages tell the browser which passkeys of theirs count: that takes it, and here alone.
		me := b.do(http.MethodGet, "/api/v1/me", nil).ok(t, http.StatusOK)
		want := object{"rp_id": "localhost", "user_id": person.UserHandle.String()}
		if diff := cmp.Diff(want, me["signal"]); diff != "" {
			t.Error(diff)
		}
		me["signal"] = nil
		if strings.Contains(fmt.Sprint(me), person.UserHandle.String()) {
			t.Errorf("got the user handle twice in %v", me)
		}
	})
}

// HTTP-32: what a client sends never makes a log line of its own.
func TestHostileLogLines(t *testing.T) {
	t.Parallel()
	provoke := func(t *testing.T, h *house) {
		t.Helper()
		b := h.browser()
		const evil = "x\u2028time=2026 level=ERROR msg=forged\u001b[31m\",\"level\":\"ERROR\",\"msg\":\"forged"
		b.do(http.MethodGet, "/nothing", nil, header("User-Agent", strings.ReplaceAll(evil, "\u001b", "")))
		b.do(http.MethodGet, `/"level":"ERROR"`, nil)
		b.do(http.MethodPost, pathAuthBegin, object{"name": "a\r\ntime=2026 level=ERROR msg=forged"})
		b.do(http.MethodPost, pathAuthBegin, "{\"name\":\"\xff\xfe\"}")
		_, _ = h.raw("GET /\x01\x02 HTTP/1.1\r\nHost: x\r\n\r\n")
		_, _ = h.raw("FORGED\" GET /%0a%22msg%22 HTTP/1.1\r\nHost: x\r\n\r\n")
		b.do(http.MethodPost, pathAuthFinish, b.assert0(t, evil))
	}
	t.Run("HTTP-32_json_is_well_formed", func(t *testing.T) {
		t.Parallel()
		logs := &logBuffer{}
		h := openHouse(t, houseConfig{edit: func(c *server.Config) {
			c.Logger = slog.New(slog.NewJSONHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
		}})
		provoke(t, h)
		lines, refused := 0, 0
		for line := range strings.Lines(logs.String()) {
			var record map[string]any
			// This decoder takes no member twice and no invalid UTF-8.
			if err := strict.Unmarshal([]byte(line), &record); err != nil || record["time"] == nil || record["level"] == "ERROR" {
				t.Errorf("got line %q: %v", line, err)
			}
			lines++
			if record["msg"] == "ceremony refused" && record["check"] == "origin" && record["duration_ms"] != nil && strings.Contains(fmt.Sprint(record["err"]), "forged") {
				refused++
			}
		}
		if lines < 10 || refused != 1 {
			t.Errorf("got %d lines, %d of the refused ceremony:\n%s", lines, refused, logs)
		}
	})
	t.Run("HTTP-32_log_lines_are_whole", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t)
		provoke(t, h)
		for line := range strings.Lines(h.logs.String()) {
			if !strings.HasPrefix(line, "time=") || strings.Contains(line, "\u2028") || strings.Contains(line, "\u001b") {
				t.Errorf("got line %q", line)
			}
		}
	})
}

// assert0 is an answer with a hostile origin by a fresh credential.
func (b *browser) assert0(t *testing.T, origin string) string {
	t.Helper()
	b.signUp("lines")
	return b.assert(b.beginAuthentication(object{}), clientData("origin", origin))
}

func TestHostileCaching(t *testing.T) {
	t.Parallel()
	t.Run("PRIV-15_caching", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t)
		b := h.browser()
		b.signUp("cache")
		// PRIV-15.
		for _, a := range []answer{
			b.do(http.MethodGet, "/account", nil), b.do(http.MethodGet, "/api/v1/me", nil), b.do(http.MethodPost, pathAuthBegin, object{}),
			b.do(http.MethodPost, pathRegBegin, object{}), b.do(http.MethodGet, "/api/v1/credentials", nil), b.do(http.MethodGet, "/", nil),
		} {
			if a.status != http.StatusOK || a.header.Get("Cache-Control") != "no-store" || a.header.Get("ETag") != "" || !strings.Contains(a.header.Get("Vary"), "Cookie") {
				t.Errorf("got %d %v", a.status, a.header)
			}
		}
		_, page := b.get("/login")
		_, rest, ok := strings.Cut(page, `"/assets/`)
		if !ok {
			t.Fatal("the page loads nothing")
		}
		name, _, _ := strings.Cut(rest, `"`)
		if a := b.do(http.MethodGet, "/assets/"+name, nil); a.status != http.StatusOK || !strings.Contains(a.header.Get("Cache-Control"), "immutable") || a.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("got %d %v", a.status, a.header)
		}
	})
}

func TestRefusalsAreRecorded(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	b := h.browser()
	b.signUp("recorded")
	b.do(http.MethodPost, "/api/v1/logout", nil).ok(t, http.StatusNoContent)
	b.do(http.MethodPost, pathAuthFinish, b.assert(b.beginAuthentication(object{}), clientData("type", "webauthn.create")))
	events := h.events(account.EventAuthenticationFail)
	if len(events) != 1 || events[0].Check != "type" || events[0].Actor != account.ActorStranger || events[0].AccountID == nil || events[0].Client.Browser != "Firefox on Linux" {
		t.Errorf("got %+v", events)
	}
}
