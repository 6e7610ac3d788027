package server_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/hitherauth/hither/internal/server"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

// PRIV-07: whatever was secret in a run with debug logging is in no log line,
// no audit row, no metric and no span.
func TestHostileSecretsAreNotLogged(t *testing.T) {
	t.Parallel()
	t.Run("PRIV-07_secrets_are_not_logged", func(t *testing.T) {
		t.Parallel()
		spans := tracetest.NewInMemoryExporter()
		h := openHouse(t, houseConfig{edit: func(c *server.Config) {
			c.Tracer = sdk.NewTracerProvider(sdk.WithSyncer(spans)).Tracer("test")
		}})
		secrets, kinds := []string{}, map[string]bool{}
		b := h.browser()
		remember := func(kind string, values ...string) {
			kinds[kind] = true
			secrets = append(secrets, values...)
		}
		keep := func(a answer) answer {
			for _, c := range a.cookie {
				remember(c.Name, c.Value)
			}
			return a
		}
		challenge := func(g begun) begun {
			var o struct{ Challenge string }
			if err := json.Unmarshal(g.options, &o); err != nil {
				t.Fatal(err)
			}
			remember("challenge", o.Challenge)
			remember("sealed ceremony", g.ceremony)
			return g
		}
		signed := func(a *assertion) {
			a.At(webauthntest.AfterBody, func() {
				for kind, value := range map[string][]byte{"signature": a.Signature, "client data": a.ClientDataJSON, "authenticator data": a.RawAuthenticatorData} {
					remember(kind, base64.RawURLEncoding.EncodeToString(value))
				}
			})
		}

		setup := h.setupToken()
		remember("setup token", setup)
		keep(b.do(http.MethodGet, "/setup", nil))
		first := keep(b.do(http.MethodPost, pathRegBegin, object{"token": setup, "name": "secretive"}))
		_, body := b.create(challenge(first.begun(t)), func(r *registration) {
			r.At(webauthntest.AfterObject, func() {
				remember("attestation object", base64.RawURLEncoding.EncodeToString(r.AttestationObject))
			})
		})
		keep(b.do(http.MethodPost, pathRegFinish, body)).ok(t, http.StatusCreated)
		keep(b.do(http.MethodPost, pathAuthFinish, b.assert(challenge(b.beginAuthentication(object{"name": "secretive"})), signed))).ok(t, http.StatusOK)
		// What is refused is logged the most.
		for _, broken := range []edit{clientData("origin", "https://evil.test"), clientData("challenge", "AAAA"), userHandle(hash("x")), flags(0, webauthntest.FlagUserVerified)} {
			keep(b.do(http.MethodPost, pathAuthFinish, b.assert(challenge(b.beginAuthentication(object{})), broken, signed)))
		}
		keep(b.do(http.MethodPost, pathAuthFinish, b.assert(challenge(b.beginAuthentication(object{})), func(a *assertion) {
			a.Signature = nil
			a.At(webauthntest.BeforeBody, func() { a.Response.Set("signature", "1") })
		})))
		b.do(http.MethodPost, pathRegBegin, object{"token": setup, "name": "again"}).want(t, http.StatusForbidden, "invitation_invalid")
		for kind, send := range planted() {
			secret := base64.RawURLEncoding.EncodeToString(hash("planted " + kind))
			remember(kind, secret)
			_ = send(b.copy(), secret) // whatever comes of it
		}
		p := h.program()
		p.headers["Origin"], p.key = h.origin, b.key
		bearer := keep(p.do(http.MethodPost, pathAuthFinish, strings.TrimSuffix(p.assert(p.beginAuthentication(object{})), "}")+`,"session":"bearer"}`)).ok(t, http.StatusOK)
		remember("bearer token", bearer["session"].(object)["token"].(string))
		_, invitation, err := h.accounts.Invite(t.Context(), "guest", false, 0)
		if err != nil {
			t.Fatal(err)
		}
		remember("invitation", invitation.Reveal())
		link := h.operate(http.MethodPost, "/api/v1/operator/invitations", `{}`).ok(t, http.StatusOK)["link"].(string)
		_, token, _ := strings.Cut(link, "#")
		remember("invitation link", token)
		person, _ := h.person("secretive")
		remember("user handle", person.UserHandle.String())
		decoys := h.root.Derive("decoy credential ids")
		remember("decoy key", base64.RawURLEncoding.EncodeToString(decoys[:]))
		keyFile := must(filepath.Glob(filepath.Join(filepath.Dir(filepath.Dir(filepath.Join(t.TempDir(), "x"))), "*", "hither.key")))(t)
		for _, name := range keyFile {
			remember("root key", base64.RawURLEncoding.EncodeToString(must(os.ReadFile(name))(t)))
		}
		system := must(h.store.System(t.Context()))(t)
		for _, key := range system.Keys {
			remember("ceremony key", base64.RawURLEncoding.EncodeToString(must(h.root.Unwrap("ceremony", key.Wrapped))(t)))
		}
		b.do(http.MethodPost, "/api/v1/logout", nil).ok(t, http.StatusNoContent)

		written := h.logs.String() + fmt.Sprintf("%+v", must(h.store.Events(t.Context(), 0, 1000))(t)) + fmt.Sprint(h.gather()) + fmt.Sprintf("%+v", spans.GetSpans())
		lower := strings.ToLower(written)
		searched := 0
		for _, secret := range secrets {
			if len(secret) < 16 {
				continue
			}
			searched++
			raw, err := base64.RawURLEncoding.DecodeString(secret)
			if err != nil {
				t.Fatalf("not base64url: %s", secret)
			}
			// Half of it is too much already.
			part := raw[:len(raw)/2]
			for form, text := range map[string]string{
				"as it is": secret[:len(secret)/2], "in base64": strings.TrimRight(base64.StdEncoding.EncodeToString(part), "=")[:len(part)],
				"in hex": hex.EncodeToString(part), "as bytes": string(part), "in decimal": decimal(part),
			} {
				if strings.Contains(written, text) || strings.Contains(lower, strings.ToLower(text)) {
					t.Errorf("secret %s is written %s", secret, form)
				}
			}
		}
		if searched < 50 || len(kinds) < 25 || len(keyFile) != 1 || len(system.Keys) != 1 {
			t.Errorf("searched for %d secrets of %d kinds, %d key files, %d keys only", searched, len(kinds), len(keyFile), len(system.Keys))
		}
		for _, event := range []string{"account created", "signed in", "ceremony refused", "session ended", "request served", "hither_ceremonies_finished_total", "store.apply", "hither.check"} {
			if !strings.Contains(written, event) {
				t.Errorf("nothing was logged of %q", event)
			}
		}
	})
}

// planted are the places of a request that a secret can stand in, by their kind.
func planted() map[string]func(b *browser, secret string) answer {
	get := func(edits func(secret string) func(*http.Request)) func(*browser, string) answer {
		return func(b *browser, secret string) answer {
			delete(b.cookies, cookieSession)
			return b.do(http.MethodGet, "/api/v1/me", nil, edits(secret))
		}
	}
	asHeader := func(name, before string) func(*browser, string) answer {
		return get(func(secret string) func(*http.Request) { return header(name, before+secret) })
	}
	post := func(path, before, after string) func(*browser, string) answer {
		return func(b *browser, secret string) answer { return b.do(http.MethodPost, path, before+secret+after) }
	}
	return map[string]func(*browser, string) answer{
		"dead bearer token":      asHeader("Authorization", "Bearer "),
		"basic password":         asHeader("Authorization", "Basic "),
		"dead session cookie":    asHeader("Cookie", cookieSession+"="),
		"somebody else's cookie": asHeader("Cookie", "JSESSIONID="),
		"proxy password":         asHeader("Proxy-Authorization", "Basic "),
		"unknown header":         asHeader("X-Api-Key", ""),
		"referrer":               asHeader("Referer", "https://app.example/?code="),
		"dead browser cookie": func(b *browser, secret string) answer {
			b.cookies[cookieBrowser] = secret
			return b.do(http.MethodPost, pathAuthBegin, object{})
		},
		"query parameter": func(b *browser, secret string) answer { return b.do(http.MethodGet, "/login?return_to="+secret, nil) },
		"form field": func(b *browser, secret string) answer {
			return b.do(http.MethodPost, "/account/credentials/AAAA/rename", formBody("name="+secret+secret))
		},
		"ceremony of nobody":    post(pathAuthFinish, `{"ceremony":"`, `","credential":{"x":1}}`),
		"credential member":     post(pathAuthFinish, `{"ceremony":"x","credential":{"x":"`, `"}}`),
		"credential id":         post(pathAuthFinish, `{"ceremony":"x","credential":{"id":"`, `"}}`),
		"unknown member":        post(pathAuthBegin, `{"password":"`, `"}`),
		"unknown member's name": post(pathAuthBegin, `{"`, `":1}`),
		"malformed body":        post(pathAuthBegin, `{"name":`, ``),
		"member of other type":  post(pathRegBegin, `{"token":{"x":"`, `"}}`),
		"dead invitation":       post("/api/v1/registration/invitation", `{"token":"`, `"}`),
	}
}

// decimal is how fmt prints bytes.
func decimal(b []byte) string {
	out := make([]string, len(b))
	for i, c := range b {
		out[i] = strconv.Itoa(int(c))
	}
	return strings.Join(out, " ")
}
