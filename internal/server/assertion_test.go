package server_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

type (
	assertion = webauthntest.Authentication
	edit      = func(*assertion)
)

// clientData sets a member of the client data to a text.
func clientData(name, value string) edit {
	return func(a *assertion) { a.ClientData.SetString(name, value) }
}

// rawClientData sets a member of the client data to JSON.
func rawClientData(name, value string) edit {
	return func(a *assertion) { a.ClientData.Set(name, value) }
}

// flags sets and clears flags.
func flags(set, unset byte) edit {
	return func(a *assertion) { a.AuthenticatorData.Flags = a.AuthenticatorData.Flags&^unset | set }
}

func userHandle(b []byte) edit { return func(a *assertion) { a.UserHandle = b } }

func hash(s string) []byte { h := sha256.Sum256([]byte(s)); return h[:] }

// One valid sign-in, one broken thing a row. Whatever it is, nobody is signed
// in, the answer says nothing, the ceremony is spent and one event is written.
func TestHostileAssertions(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	owner := h.browser()
	cred := owner.signUp("owner")
	stranger := h.browser()
	stranger.signUp("stranger")
	port := h.origin[strings.LastIndex(h.origin, ":"):]

	for name, broken := range map[string]edit{
		"AST-01_type_create":         clientData("type", "webauthn.create"),
		"AST-01_type_case":           clientData("type", "Webauthn.get"),
		"AST-01_type_space":          clientData("type", "webauthn.get "),
		"AST-06_challenge_changed":   func(a *assertion) { a.ClientData.SetBytes("challenge", hash("other")) },
		"AST-06_challenge_empty":     clientData("challenge", ""),
		"AST-08_origin_https":        clientData("origin", "https://localhost"+port),
		"AST-08_origin_slash":        clientData("origin", h.origin+"/"),
		"AST-08_origin_path":         clientData("origin", h.origin+"/login"),
		"AST-08_origin_upper_case":   clientData("origin", strings.ToUpper(h.origin)),
		"AST-08_origin_no_port":      clientData("origin", "http://localhost"),
		"AST-08_origin_other_port":   clientData("origin", "http://localhost:1"),
		"AST-08_origin_subdomain":    clientData("origin", "http://a.localhost"+port),
		"AST-08_origin_suffix":       clientData("origin", h.origin+".evil.test"),
		"AST-08_origin_userinfo":     clientData("origin", "http://localhost@evil.test"),
		"AST-08_origin_trailing_dot": clientData("origin", "http://localhost."+port),
		"AST-08_origin_null":         clientData("origin", "null"),
		"AST-08_origin_empty":        clientData("origin", ""),
		"AST-08_cross_origin":        rawClientData("crossOrigin", "true"),
		"AST-08_top_origin": func(a *assertion) {
			a.ClientData.Set("crossOrigin", "true")
			a.ClientData.SetString("topOrigin", h.origin)
		},
		"AST-09_rp_id_hash_zeros":           func(a *assertion) { a.AuthenticatorData.RPIDHash = make([]byte, 32) },
		"AST-09_rp_id_hash_other":           func(a *assertion) { a.AuthenticatorData.RPIDHash = hash("id.example") },
		"AST-09_rp_id_hash_origin":          func(a *assertion) { a.AuthenticatorData.RPIDHash = hash(h.origin) },
		"AST-11_user_not_present":           flags(0, webauthntest.FlagUserPresent),
		"AST-11_AST-12_user_not_verified":   flags(0, webauthntest.FlagUserVerified),
		"AST-14_backup_eligible_appears":    flags(webauthntest.FlagBackupEligible, 0),
		"AST-14_backup_state_alone":         flags(webauthntest.FlagBackupState, 0),
		"AST-02_signature_changed":          func(a *assertion) { a.At(webauthntest.AfterSigning, func() { a.Signature[len(a.Signature)-1] ^= 1 }) },
		"AST-02_authenticator_data_changed": func(a *assertion) { a.At(webauthntest.AfterSigning, func() { a.RawAuthenticatorData[36] ^= 1 }) },
		"AST-02_client_data_changed": func(a *assertion) {
			a.At(webauthntest.AfterSigning, func() { a.ClientDataJSON = append(a.ClientDataJSON[:len(a.ClientDataJSON)-1], " }"...) })
		},
		"AST-19_user_handle_missing":    userHandle(nil),
		"AST-19_user_handle_unknown":    userHandle(hash("nobody")),
		"AST-19_user_handle_of_another": func(a *assertion) { p, _ := h.person("stranger"); a.UserHandle = p.UserHandle },
		"AST-21_id_and_garbage": func(a *assertion) {
			a.At(webauthntest.AfterSigning, func() { a.Signature = []byte("garbage") })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := h.browser()
			b.key = owner.key
			g := b.beginAuthentication(object{})
			a := b.do(http.MethodPost, pathAuthFinish, b.assert(g, broken)).want(t, http.StatusUnauthorized, "authentication_failed")
			if len(a.cookie) != 0 {
				t.Errorf("got cookies %v", a.cookie)
			}
			// CER-05: the ceremony has had its chance.
			b.do(http.MethodPost, pathAuthFinish, b.assert(g)).want(t, http.StatusConflict, "ceremony_spent")
		})
	}

	t.Run("AST-16_AST-17_named_somebody_else", func(t *testing.T) {
		t.Parallel()
		person, _ := h.person("owner")
		other, _ := h.person("stranger")
		theirs := stranger.key.Credentials("localhost")[0]
		for name, handle := range map[string][]byte{"own_handle": other.UserHandle, "no_handle": nil, "victims_handle": person.UserHandle} {
			b := h.browser()
			g := b.beginAuthentication(object{"name": "owner"})
			body := must(theirs.GetJSON(g.options, h.origin, userHandle(handle)))(t)
			a := b.do(http.MethodPost, pathAuthFinish, g.finish(body)).want(t, http.StatusUnauthorized, "authentication_failed")
			if len(a.cookie) != 0 {
				t.Errorf("%s: got cookies", name)
			}
		}
	})

	t.Run("AST-18_named_nobody", func(t *testing.T) {
		t.Parallel()
		theirs := stranger.key.Credentials("localhost")[0]
		b := h.browser()
		g := b.beginAuthentication(object{"name": "nobody-has-this"})
		body := must(theirs.GetJSON(g.options, h.origin))(t)
		b.do(http.MethodPost, pathAuthFinish, g.finish(body)).want(t, http.StatusUnauthorized, "authentication_failed")
	})

	t.Run("AST-19_handle_of_65_bytes", func(t *testing.T) {
		t.Parallel()
		b := h.browser()
		b.key = owner.key
		g := b.beginAuthentication(object{})
		b.do(http.MethodPost, pathAuthFinish, b.assert(g, userHandle(make([]byte, 65)))).want(t, http.StatusBadRequest, "body_malformed")
		// It did not parse, so nothing was written.
		b.do(http.MethodPost, pathAuthFinish, b.assert(g)).ok(t, http.StatusOK)
	})

	t.Run("AST-20_id_is_not_raw_id", func(t *testing.T) {
		t.Parallel()
		b := h.browser()
		b.key = stranger.key
		g := b.beginAuthentication(object{})
		b.do(http.MethodPost, pathAuthFinish, b.assert(g, func(a *assertion) {
			a.At(webauthntest.BeforeBody, func() { a.Envelope.SetString("id", cred.ID.String()) })
		})).want(t, http.StatusBadRequest, "body_malformed")
	})

	t.Run("AST-05_challenge_in_the_body", func(t *testing.T) {
		t.Parallel()
		for _, member := range []string{"challenge", "expectedChallenge", "sessionData", "userId", "username", "Ceremony", "CREDENTIAL"} {
			b := h.browser()
			b.key = owner.key
			g := b.beginAuthentication(object{})
			body := strings.TrimSuffix(b.assert(g), "}") + `,"` + member + `":"x"}`
			b.do(http.MethodPost, pathAuthFinish, body).want(t, http.StatusBadRequest, "body_malformed")
		}
	})

	t.Run("AST-12_client_lowers_user_verification", func(t *testing.T) {
		t.Parallel()
		b := h.browser()
		b.key = owner.key
		b.do(http.MethodPost, pathAuthBegin, object{"userVerification": "discouraged"}).want(t, http.StatusBadRequest, "body_malformed")
		g := b.do(http.MethodPost, pathAuthBegin+"?userVerification=discouraged", object{}).begun(t)
		g.options = []byte(strings.Replace(string(g.options), `"required"`, `"discouraged"`, 1))
		b.do(http.MethodPost, pathAuthFinish, b.assert(g, flags(0, webauthntest.FlagUserVerified))).want(t, http.StatusUnauthorized, "authentication_failed")
	})
}

func TestHostileAssertionState(t *testing.T) {
	t.Parallel()

	t.Run("AST-06_replay", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t)
		b := h.browser()
		b.signUp("replay")
		b.do(http.MethodPost, "/api/v1/logout", nil).ok(t, http.StatusNoContent)
		g := b.beginAuthentication(object{})
		body := b.assert(g)
		thief := b.copy() // with the cookies of the first time
		b.do(http.MethodPost, pathAuthFinish, body).ok(t, http.StatusOK)
		for range 2 {
			a := thief.copy().do(http.MethodPost, pathAuthFinish, body).want(t, http.StatusConflict, "ceremony_spent")
			if len(a.cookie) != 0 {
				t.Error("a replay got cookies")
			}
		}
		b.do(http.MethodPost, pathAuthFinish, body).want(t, http.StatusBadRequest, "ceremony_invalid")
		b.do(http.MethodPost, "/api/v1/logout", nil).ok(t, http.StatusNoContent)
		thief.do(http.MethodPost, pathAuthFinish, body).want(t, http.StatusConflict, "ceremony_spent")
		if n := h.sessions("replay"); n != 0 {
			t.Errorf("got %d sessions", n)
		}
	})

	t.Run("AST-14_backup_state_may_change", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t)
		b := h.browser()
		b.key = webauthntest.New(webauthntest.Config{BackupEligible: true})
		b.signUp("backup")
		for _, row := range []struct {
			broken edit
			state  bool
		}{{flags(webauthntest.FlagBackupState, 0), true}, {flags(0, webauthntest.FlagBackupState), false}} {
			b.do(http.MethodPost, pathAuthFinish, b.assert(b.beginAuthentication(object{}), row.broken)).ok(t, http.StatusOK)
			if _, creds := h.person("backup"); creds[0].BackupState != row.state {
				t.Errorf("stored %v, want %v", creds[0].BackupState, row.state)
			}
		}
		b.do(http.MethodPost, pathAuthFinish, b.assert(b.beginAuthentication(object{}), flags(0, webauthntest.FlagBackupEligible))).
			want(t, http.StatusUnauthorized, "authentication_failed")
		if events := h.events(account.EventAuthenticationFail); len(events) != 1 || events[0].Check != "backup_eligible" {
			t.Errorf("got %+v", events)
		}
	})

	t.Run("AST-15_counter", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t)
		b := h.browser()
		cred := b.signUp("counter")
		count := func(n uint32) edit { return func(a *assertion) { a.AuthenticatorData.SignCount = n } }
		for _, row := range []struct {
			sent   uint32
			status int
			stored uint32
		}{
			{0, http.StatusOK, 0},
			{5, http.StatusOK, 5},
			{4, http.StatusUnauthorized, 5},
			{5, http.StatusUnauthorized, 5},
			{0, http.StatusUnauthorized, 5},
			{6, http.StatusOK, 6},
			{1<<32 - 1, http.StatusOK, 1<<32 - 1},
			{0, http.StatusUnauthorized, 1<<32 - 1},
		} {
			g := b.beginAuthentication(object{})
			body := must(cred.GetJSON(g.options, h.origin, count(row.sent)))(t)
			if a := b.do(http.MethodPost, pathAuthFinish, g.finish(body)); a.status != row.status {
				t.Errorf("sent %d: got %d %s", row.sent, a.status, a.body)
			}
			if _, creds := h.person("counter"); creds[0].SignCount != row.stored {
				t.Errorf("sent %d: stored %d", row.sent, creds[0].SignCount)
			}
		}
	})

	t.Run("AST-16_own_passkey_that_was_not_asked_for", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t)
		b := h.browser()
		b.signUp("two")
		visitor := h.browser()
		g := visitor.beginAuthentication(object{"name": "two"})
		b.key = webauthntest.New(webauthntest.Config{})
		second, body := b.create(b.beginRegistration(object{}))
		b.do(http.MethodPost, pathRegFinish, body).ok(t, http.StatusCreated)
		visitor.do(http.MethodPost, pathAuthFinish, g.finish(must(second.GetJSON(g.options, h.origin))(t))).
			want(t, http.StatusUnauthorized, "authentication_failed")
	})

	t.Run("AST-24_disabled_and_removed", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t)
		b := h.browser()
		b.signUp("gone")
		if err := h.accounts.Disable(t.Context(), "gone"); err != nil {
			t.Fatal(err)
		}
		bad := h.browser()
		bad.key = b.key
		wrong := bad.do(http.MethodPost, pathAuthFinish, bad.assert(bad.beginAuthentication(object{}), clientData("origin", "null")))
		b.do(http.MethodGet, "/api/v1/me", nil).want(t, http.StatusUnauthorized, "unauthenticated")
		disabled := b.do(http.MethodPost, pathAuthFinish, b.assert(b.beginAuthentication(object{}))).want(t, http.StatusUnauthorized, "authentication_failed")
		if got, want := withoutID(t, disabled), withoutID(t, wrong); got != want {
			t.Errorf("disabled answers %s, a wrong origin %s", got, want)
		}
		if err := h.accounts.Remove(t.Context(), "gone"); err != nil {
			t.Fatal(err)
		}
		b.do(http.MethodPost, pathAuthFinish, b.assert(b.beginAuthentication(object{}))).want(t, http.StatusUnauthorized, "credential_unknown")
	})
}

// withoutID is a problem's body with the one thing that differs taken out.
func withoutID(t *testing.T, a answer) string {
	t.Helper()
	id, ok := a.json(t)["request_id"].(string)
	if !ok {
		t.Fatalf("no request id in %s", a.body)
	}
	return strings.Replace(string(a.body), id, "", 1)
}

// AST-26, AST-28: what is no well-formed answer is told so, and leaves the
// ceremony as it is.
func TestHostileAssertionBodies(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	owner := h.browser()
	owner.signUp("owner")

	set := func(where func(*assertion) *webauthntest.JSONObject, name, value string) edit {
		return func(a *assertion) { a.At(webauthntest.BeforeBody, func() { where(a).Set(name, value) }) }
	}
	response := func(a *assertion) *webauthntest.JSONObject { return &a.Response }
	envelope := func(a *assertion) *webauthntest.JSONObject { return &a.Envelope }
	rows := map[string]edit{
		"AST-26_id_number":       set(envelope, "id", "123"),
		"AST-26_response_string": set(envelope, "response", `"x"`),
		"AST-26_response_null":   set(envelope, "response", "null"),
		"AST-26_type_other":      set(envelope, "type", `"password"`),
	}
	for _, value := range []string{"true", "1", "[]", "{}", "null"} {
		rows["AST-26_signature_"+value] = set(response, "signature", value)
	}
	for _, member := range []string{"clientDataJSON", "authenticatorData", "signature", "userHandle"} {
		for name, respell := range map[string]func(string) string{
			"padding":    func(s string) string { return s + "=" },
			"plus":       func(s string) string { return "+" + s[1:] },
			"slash":      func(s string) string { return "/" + s[1:] },
			"space":      func(s string) string { return s + " " },
			"line_break": func(s string) string { return s[:4] + `\n` + s[4:] },
			"remainder":  oneMore,
			"stray_bits": strayBits,
		} {
			rows["AST-28_"+name+"_in_"+member] = func(a *assertion) {
				a.At(webauthntest.BeforeBody, func() {
					was := strings.Trim(a.Response.Get(member), `"`)
					a.Response.Set(member, `"`+respell(was)+`"`)
				})
			}
		}
	}
	for name, broken := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := h.browser()
			b.key = owner.key
			g := b.beginAuthentication(object{})
			b.do(http.MethodPost, pathAuthFinish, b.assert(g, broken)).want(t, http.StatusBadRequest, "body_malformed")
			b.do(http.MethodPost, pathAuthFinish, b.assert(g)).ok(t, http.StatusOK)
		})
	}

	t.Run("AST-26_CER-22_bodies", func(t *testing.T) {
		t.Parallel()
		for _, body := range []string{
			"", "null", "[]", `"x"`, "1", "{}", "{", `{"ceremony":1,"credential":{}}`, `{"ceremony":"x"}`, `{"ceremony":"x","credential":null,"credential":{}}`,
			`{"ceremony":"x","credential":{}} {}`, `{"ceremony":"x","credential":{"a":1,"a":2}}`, "{\"ceremony\":\"\xff\",\"credential\":{}}",
			"\xef\xbb\xbf{}", strings.Repeat("[", 20_000), `{"ceremony":"x","credential":` + strings.Repeat("[", 11_000) + strings.Repeat("]", 11_000) + "}",
		} {
			for _, path := range []string{pathAuthFinish, pathRegFinish} {
				h.browser().do(http.MethodPost, path, body).want(t, http.StatusBadRequest, "body_malformed")
			}
		}
	})
}

// oneMore makes a text whose length no bytes have.
func oneMore(s string) string {
	for len(s)%4 != 1 {
		s += "A"
	}
	return s
}

// strayBits sets bits of the last character that stand for nothing.
func strayBits(s string) string {
	switch len(s) % 4 {
	case 2, 3:
	default:
		s += "AA"
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, s[len(s)-1])
	out := s[:len(s)-1] + string(alphabet[last|1])
	if _, err := base64.RawURLEncoding.Strict().DecodeString(out); err == nil {
		panic("no stray bits in " + out)
	}
	return out
}
