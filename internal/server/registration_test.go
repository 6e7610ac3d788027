package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

type registration = webauthntest.Registration

// One valid registration, one broken thing a row. No account is made, nobody
// is signed in, and the ceremony is spent.
func TestHostileRegistrations(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	port := h.origin[strings.LastIndex(h.origin, ":"):]
	text := func(name, value string) func(*registration) {
		return func(r *registration) { r.ClientData.SetString(name, value) }
	}
	raw := func(name, value string) func(*registration) {
		return func(r *registration) { r.ClientData.Set(name, value) }
	}
	flags := func(set, unset byte) func(*registration) {
		return func(r *registration) { r.AuthenticatorData.Flags = r.AuthenticatorData.Flags&^unset | set }
	}
	for name, broken := range map[string]func(*registration){
		"REG-01_type_get":            text("type", "webauthn.get"),
		"REG-01_type_case":           text("type", "Webauthn.create"),
		"REG-01_type_space":          text("type", "webauthn.create "),
		"REG-01_type_nul":            text("type", "webauthn.create\x00"),
		"REG-01_type_payment":        text("type", "payment.create"),
		"REG-02_challenge_changed":   func(r *registration) { r.ClientData.SetBytes("challenge", hash("x")) },
		"REG-02_challenge_empty":     text("challenge", ""),
		"REG-04_origin_https":        text("origin", "https://localhost"+port),
		"REG-04_origin_slash":        text("origin", h.origin+"/"),
		"REG-04_origin_query":        text("origin", h.origin+"?x"),
		"REG-04_origin_fragment":     text("origin", h.origin+"#x"),
		"REG-04_origin_upper_case":   text("origin", strings.ToUpper(h.origin)),
		"REG-04_origin_no_port":      text("origin", "http://localhost"),
		"REG-04_origin_subdomain":    text("origin", "http://a.localhost"+port),
		"REG-04_origin_suffix":       text("origin", h.origin+".evil.test"),
		"REG-04_origin_prefix":       text("origin", "http://evillocalhost"+port),
		"REG-04_origin_userinfo":     text("origin", h.origin+"@evil.test"),
		"REG-04_origin_in_path":      text("origin", "https://evil.test/"+h.origin),
		"REG-04_origin_trailing_dot": text("origin", "http://localhost."+port),
		"REG-04_origin_null":         text("origin", "null"),
		"REG-04_origin_empty":        text("origin", ""),
		"REG-08_cross_origin":        raw("crossOrigin", "true"),
		"REG-45_user_not_present":    flags(0, webauthntest.FlagUserPresent),
		"REG-45_user_not_verified":   flags(0, webauthntest.FlagUserVerified),
		"REG-45_backup_state_alone":  flags(webauthntest.FlagBackupState, webauthntest.FlagBackupEligible),
		"REG-47_rp_id_hash_zeros":    func(r *registration) { r.AuthenticatorData.RPIDHash = make([]byte, 32) },
		"REG-47_rp_id_hash_parent":   func(r *registration) { r.AuthenticatorData.RPIDHash = hash("host") },
		"REG-47_rp_id_hash_origin":   func(r *registration) { r.AuthenticatorData.RPIDHash = hash(h.origin) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := h.browser()
			g := b.beginRegistration(object{"name": strings.ReplaceAll(strings.ToLower(name), "_", "-")})
			_, body := b.create(g, broken)
			a := b.do(http.MethodPost, pathRegFinish, body).want(t, http.StatusBadRequest, "registration_failed")
			if len(a.cookie) != 0 {
				t.Errorf("got cookies %v", a.cookie)
			}
			_, body = b.create(g)
			b.do(http.MethodPost, pathRegFinish, body).want(t, http.StatusConflict, "ceremony_spent")
			b.do(http.MethodGet, "/api/v1/me", nil).want(t, http.StatusUnauthorized, "unauthenticated")
		})
	}

	encoded := func(b []byte) func(*registration) {
		return func(r *registration) { r.At(webauthntest.AfterEncoding, func() { r.ClientDataJSON = b }) }
	}
	twice := func(name string, first bool) func(*registration) {
		return func(r *registration) {
			good := r.ClientData.Get(name)
			if first {
				r.ClientData.Add(name, `"bad"`)
				return
			}
			r.ClientData.Set(name, `"bad"`)
			r.ClientData.Add(name, good)
		}
	}
	malformed := map[string]func(*registration){
		"REG-01_type_missing":      func(r *registration) { r.ClientData.Delete("type") },
		"REG-01_type_null":         raw("type", "null"),
		"REG-01_type_list":         raw("type", `["webauthn.create"]`),
		"REG-04_origin_missing":    func(r *registration) { r.ClientData.Delete("origin") },
		"REG-14_array":             encoded([]byte("[]")),
		"REG-14_number":            encoded([]byte("1")),
		"REG-14_null":              encoded([]byte("null")),
		"REG-14_overlong_utf8":     encoded([]byte("{\"type\":\"\xc0\x80\"}")),
		"REG-14_invalid_utf8":      encoded([]byte("{\"type\":\"\xff\"}")),
		"REG-14_lone_surrogate":    encoded([]byte(`{"type":"\ud800"}`)),
		"REG-14_control_character": encoded([]byte("{\"type\":\"\x01\"}")),
		"REG-14_deep":              encoded([]byte(`{"a":` + strings.Repeat("[", 8_000) + strings.Repeat("]", 8_000) + `}`)),
		"REG-14_two_objects": func(r *registration) {
			r.At(webauthntest.AfterEncoding, func() { r.ClientDataJSON = append(r.ClientDataJSON, "{}"...) })
		},
		"REG-14_trailing": func(r *registration) {
			r.At(webauthntest.AfterEncoding, func() { r.ClientDataJSON = append(r.ClientDataJSON, 'x') })
		},
	}
	for _, name := range []string{"challenge", "origin", "type"} {
		malformed["REG-12_"+name+"_good_then_bad"] = twice(name, true)
		malformed["REG-12_"+name+"_bad_then_good"] = twice(name, false)
	}
	for name, broken := range malformed {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := h.browser()
			_, body := b.create(b.beginRegistration(object{"name": "malformed"}), broken)
			b.do(http.MethodPost, pathRegFinish, body).want(t, http.StatusBadRequest, "body_malformed")
		})
	}

	t.Run("REG-45_reserved_flags_are_ignored", func(t *testing.T) {
		t.Parallel()
		b := h.browser()
		_, body := b.create(b.beginRegistration(object{"name": "reserved"}), flags(webauthntest.FlagReserved1|webauthntest.FlagReserved5, 0))
		b.do(http.MethodPost, pathRegFinish, body).ok(t, http.StatusCreated)
	})
}

func TestHostileRegistrationConflicts(t *testing.T) {
	t.Parallel()

	t.Run("REG-48_known_credential_id", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t)
		victim := h.browser()
		cred := victim.signUp("victim")
		_, before := h.person("victim")
		for _, who := range []string{"same_person", "another_person"} {
			b := victim
			begin := object{}
			if who == "another_person" {
				b = h.browser()
				begin = object{"name": "thief"}
			}
			was := b.key
			b.key = webauthntest.New(webauthntest.Config{})
			_, body := b.create(b.beginRegistration(begin), func(r *registration) { r.SetCredentialID(cred.ID) })
			b.key = was
			b.do(http.MethodPost, pathRegFinish, body).want(t, http.StatusConflict, "credential_exists")
			b.do(http.MethodPost, pathRegFinish, body).want(t, http.StatusConflict, "ceremony_spent")
		}
		if _, after := h.person("victim"); !cmp.Equal(before, after, cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })) {
			t.Errorf("the record changed:\n%s", cmp.Diff(before, after))
		}
	})

	t.Run("name_taken_is_told_at_finish_only", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t)
		h.browser().signUp("Alice")
		b := h.browser()
		g := b.beginRegistration(object{"name": "aLICE"})
		_, body := b.create(g)
		b.do(http.MethodPost, pathRegFinish, body).want(t, http.StatusConflict, "name_taken")
		b.do(http.MethodPost, pathRegFinish, body).want(t, http.StatusConflict, "ceremony_spent")
	})

	t.Run("REC-16_sign_up_is_closed", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t, houseConfig{edit: closed})
		b := h.browser()
		for _, body := range []object{{"name": "x"}, {"name": ""}, {"name": "x", "display_name": "X"}} {
			b.do(http.MethodPost, pathRegBegin, body).want(t, http.StatusForbidden, "signup_closed")
		}
		for _, body := range []object{{}, {"display_name": "X"}} {
			b.do(http.MethodPost, pathRegBegin, body).want(t, http.StatusUnauthorized, "unauthenticated")
		}
		for _, token := range []string{"", "x", strings.Repeat("A", 43)} {
			b.do(http.MethodPost, pathRegBegin, object{"name": "x", "token": token}).want(t, http.StatusForbidden, "invitation_invalid")
		}
	})

	t.Run("REC-14_invitation_works_once", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t, houseConfig{edit: closed})
		_, token, err := h.accounts.Invite(t.Context(), "", false, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		const n = 50
		browsers, bodies := make([]*browser, n), make([]string, n)
		for i := range n {
			browsers[i] = h.browser()
			_, bodies[i] = browsers[i].create(browsers[i].beginRegistration(object{"token": token.Reveal(), "name": fmt.Sprintf("guest%d", i)}))
		}
		statuses := parallel(n, func(i int) int { return browsers[i].do(http.MethodPost, pathRegFinish, bodies[i]).status })
		if statuses[http.StatusCreated] != 1 || statuses[http.StatusForbidden] != n-1 {
			t.Errorf("got %v", statuses)
		}
	})

	t.Run("REC-14_edited_link", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t, houseConfig{edit: closed})
		_, token, err := h.accounts.Invite(t.Context(), "guest", false, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		b := h.browser()
		b.do(http.MethodPost, pathRegBegin, object{"token": token.Reveal(), "name": "boss"}).want(t, http.StatusBadRequest, "name_invalid")
		b.do(http.MethodPost, pathRegBegin, object{"token": token.Reveal(), "administrator": true}).want(t, http.StatusBadRequest, "body_malformed")
		_, body := b.create(b.beginRegistration(object{"token": token.Reveal(), "name": "GUEST"}))
		made := b.do(http.MethodPost, pathRegFinish, body).ok(t, http.StatusCreated)["account"].(object)
		if made["name"] != "guest" || made["administrator"] != false {
			t.Errorf("got %v", made)
		}
	})

	t.Run("invitation_expires_between_begin_and_finish", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t, houseConfig{edit: closed})
		_, token, err := h.accounts.Invite(t.Context(), "", false, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		h.clock.move(58 * time.Minute)
		b := h.browser()
		_, body := b.create(b.beginRegistration(object{"token": token.Reveal(), "name": "late"}))
		h.clock.move(3 * time.Minute)
		b.do(http.MethodPost, pathRegFinish, body).want(t, http.StatusForbidden, "invitation_invalid")
		if n := len(h.events(account.EventRegistrationFail)); n != 1 {
			t.Errorf("got %d events", n)
		}
	})
}

func TestHostileCreationOptions(t *testing.T) {
	t.Parallel()
	t.Run("REG-53_PRIV-06_what_begin_promises", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t)
		b := h.browser()
		seen := map[string]bool{}

		// REG-53, PRIV-06: what begin promises.
		for range 100 {
			var o struct {
				Challenge string `json:"challenge"`
				User      struct {
					ID string `json:"id"`
				} `json:"user"`
				Timeout     int                 `json:"timeout"`
				Parameters  []struct{ Alg int } `json:"pubKeyCredParams"`
				Exclude     []any               `json:"excludeCredentials"`
				Attestation string              `json:"attestation"`
				Selection   struct {
					ResidentKey      string `json:"residentKey"`
					UserVerification string `json:"userVerification"`
				} `json:"authenticatorSelection"`
			}
			if err := json.Unmarshal(b.beginRegistration(object{"name": "options"}).options, &o); err != nil {
				t.Fatal(err)
			}
			if len(o.Challenge) != 43 || seen[o.Challenge] || seen[o.User.ID] || len(o.User.ID) != 43 {
				t.Fatalf("challenge or user handle is short or repeats: %+v", o)
			}
			seen[o.Challenge], seen[o.User.ID] = true, true
			if o.Timeout < 300_000 || o.Timeout > 600_000 || len(o.Parameters) != 3 || o.Attestation != "none" ||
				o.Selection.ResidentKey != "required" || o.Selection.UserVerification != "required" {
				t.Fatalf("got %+v", o)
			}
		}

		// The handle is the account's, and stays.
		b.signUp("stable")
		person, _ := h.person("stable")
		for range 2 {
			if !bytes.Contains(b.beginRegistration(object{}).options, []byte(person.UserHandle.String())) {
				t.Error("another user handle than the account's")
			}
		}
	})
}

func TestHostileNames(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	b := h.browser()
	for name, body := range map[string]any{
		"REG-55_empty":          object{"name": ""},
		"REG-55_bidi":           object{"name": "a\u202eb"},
		"REG-55_line_break":     object{"name": "a\r\nb"},
		"REG-55_nul":            object{"name": "a\x00b"},
		"REG-55_too_long":       object{"name": strings.Repeat("a", 65)},
		"REG-55_html":           object{"name": "<b>"},
		"REG-55_display_bidi":   object{"name": "a", "display_name": "\u202e"},
		"REG-55_display_length": object{"name": "a", "display_name": strings.Repeat("a", 10_000)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b.copy().do(http.MethodPost, pathRegBegin, body).want(t, http.StatusBadRequest, "name_invalid")
		})
	}
	owner := h.browser()
	at := "/api/v1/credentials/" + owner.signUp("nicknamed").ID.String()
	for name, nickname := range map[string]string{
		"bidi": "a\u202eb", "nul": "a\x00b", "line_break": "a\r\nb", "too_long": strings.Repeat("a", 10_000), "line_separator": "a\u2028b",
	} {
		t.Run("REG-55_passkey_name_"+name, func(t *testing.T) {
			t.Parallel()
			owner.copy().do(http.MethodPatch, at, object{"name": nickname}).want(t, http.StatusBadRequest, "name_invalid")
			form := url.Values{"name": {nickname}}.Encode()
			if a := owner.copy().do(http.MethodPost, strings.Replace(at, "/api/v1/", "/account/", 1)+"/rename", formBody(form)); a.status < 400 || a.status >= 500 {
				t.Errorf("the form: got %d", a.status)
			}
		})
	}
	t.Run("REG-55_lone_surrogate", func(t *testing.T) {
		t.Parallel()
		b.copy().do(http.MethodPost, pathRegBegin, `{"name":"\ud800"}`).want(t, http.StatusBadRequest, "body_malformed")
	})
}
