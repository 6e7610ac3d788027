package clientplatform_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/clientplatform"
	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

func salt(input string) ctap2.PRFSalt { return sha256.Sum256([]byte("WebAuthn PRF\x00" + input)) }

func values(first string, second ...string) webauthn.PRFValues {
	v := webauthn.PRFValues{First: webauthn.Bytes(first)}
	if second != nil {
		v.Second = webauthn.Bytes(second[0])
	}
	return v
}

// asked is the input of prf that an authenticator got; nil when none.
func asked(t *testing.T, e ctap2.Extensions) *ctap2.PRFInput {
	t.Helper()
	b, ok := e["prf"]
	if !ok {
		return nil
	}
	in, err := ctap2.ParsePRFInput(b)
	if err != nil {
		t.Fatal(err)
	}
	return &in
}

func TestPRFAtRegistration(t *testing.T) {
	t.Parallel()
	yes := true
	results, err := ctap2.PRFOutput{Enabled: &yes, Results: &ctap2.PRFResults{First: ctap2.NewPRFSecret([32]byte{1})}}.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	eval := values("a")
	for _, row := range []struct {
		name    string
		in      *webauthn.PRFInputs
		can     bool
		answer  []byte
		want    *ctap2.PRFInput
		enabled *bool
		secret  bool
	}{
		{"not_asked_for", nil, true, nil, nil, nil, false},
		{"not_asked_for_and_answered", nil, true, results, nil, nil, false},
		{"asked_whether", &webauthn.PRFInputs{}, true, []byte("\xa1\x67enabled\xf5"), &ctap2.PRFInput{}, new(true), false},
		{"disabled", &webauthn.PRFInputs{}, true, []byte("\xa1\x67enabled\xf4"), &ctap2.PRFInput{}, new(false), false},
		{"no_answer", &webauthn.PRFInputs{}, true, nil, &ctap2.PRFInput{}, new(false), false},
		{"not_supported", &webauthn.PRFInputs{Eval: &eval}, false, nil, nil, new(false), false},
		{"evaluated", &webauthn.PRFInputs{Eval: &eval}, true, results, &ctap2.PRFInput{Eval: &ctap2.PRFSalts{First: salt("a")}}, new(true), true},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p := newPhone(webauthntest.Config{})
			if !row.can {
				p.info.Extensions = []string{"hmac-secret"}
			}
			if row.answer != nil {
				prfOutput(string(row.answer))(p)
			}
			o := creation()
			o.Extensions.PRF = row.in
			answer, err := newClient(t, testOrigin).Create(t.Context(), p, o)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(asked(t, p.creations[0].Extensions), row.want); diff != "" {
				t.Errorf("(-got +want)\n%s", diff)
			}
			response, err := webauthn.ParseRegistrationResponse(answer.JSON)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(response.PRFEnabled, row.enabled); diff != "" {
				t.Errorf("enabled (-got +want)\n%s", diff)
			}
			if (answer.PRF != nil) != row.secret {
				t.Errorf("got results %v", answer.PRF)
			}
		})
	}
}

func TestPRFAtAuthentication(t *testing.T) {
	t.Parallel()
	eval := values("a", "b")
	both := ctap2.PRFSalts{First: salt("a"), Second: new(salt("b"))}
	for _, row := range []struct {
		name  string
		in    func(own string) *webauthn.PRFInputs
		named bool
		want  func(own string) *ctap2.PRFInput
		n     int // results
		fails clientplatform.Name
	}{
		{"nothing", func(string) *webauthn.PRFInputs { return &webauthn.PRFInputs{} }, true, nil, 0, ""},
		{"eval", func(string) *webauthn.PRFInputs { return &webauthn.PRFInputs{Eval: &eval} }, false, func(string) *ctap2.PRFInput { return &ctap2.PRFInput{Eval: &both} }, 2, ""},
		{"by_credential", func(own string) *webauthn.PRFInputs {
			return &webauthn.PRFInputs{Eval: &eval, EvalByCredential: map[string]webauthn.PRFValues{own: values("c")}}
		}, true, func(own string) *ctap2.PRFInput {
			return &ctap2.PRFInput{Eval: &both, EvalByCredential: map[string]ctap2.PRFSalts{own: {First: salt("c")}}}
		}, 1, ""},
		{"by_two_credentials", func(own string) *webauthn.PRFInputs {
			return &webauthn.PRFInputs{EvalByCredential: map[string]webauthn.PRFValues{own: values("c"), strangers(1)[0].ID.String(): values("d")}}
		}, true, func(own string) *ctap2.PRFInput {
			return &ctap2.PRFInput{EvalByCredential: map[string]ctap2.PRFSalts{own: {First: salt("c")}, string(strangers(1)[0].ID): {First: salt("d")}}}
		}, 1, ""},
		{"by_another_credential", func(string) *webauthn.PRFInputs {
			return &webauthn.PRFInputs{EvalByCredential: map[string]webauthn.PRFValues{strangers(1)[0].ID.String(): values("c")}}
		}, true, func(string) *ctap2.PRFInput {
			return &ctap2.PRFInput{EvalByCredential: map[string]ctap2.PRFSalts{string(strangers(1)[0].ID): {First: salt("c")}}}
		}, 0, ""},
		{"by_credential_without_a_list", func(own string) *webauthn.PRFInputs {
			return &webauthn.PRFInputs{EvalByCredential: map[string]webauthn.PRFValues{own: values("c")}}
		}, false, nil, 0, clientplatform.NotSupportedError},
		{"by_nothing", func(string) *webauthn.PRFInputs {
			return &webauthn.PRFInputs{EvalByCredential: map[string]webauthn.PRFValues{"": values("c")}}
		}, true, nil, 0, clientplatform.SyntaxError},
		{"by_what_is_no_base64url", func(own string) *webauthn.PRFInputs {
			return &webauthn.PRFInputs{EvalByCredential: map[string]webauthn.PRFValues{own + "=": values("c")}}
		}, true, nil, 0, clientplatform.SyntaxError},
		{"by_a_stranger_to_the_list", func(string) *webauthn.PRFInputs {
			return &webauthn.PRFInputs{EvalByCredential: map[string]webauthn.PRFValues{"AAAA": values("c")}}
		}, true, nil, 0, clientplatform.SyntaxError},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p, own := enrolled(t)
			if row.n > 0 {
				prfOutput(string(output(row.n)))(p)
			}
			o := request()
			o.UserVerification = webauthn.UserVerificationDiscouraged
			if row.named {
				o.AllowCredentials = append(strangers(1), own)
			}
			o.Extensions.PRF = row.in(own.ID.String())
			answer, err := newClient(t, testOrigin).Get(t.Context(), p, o)
			if row.fails != "" {
				failed(t, answer, err, row.fails, nil)
				if p.assertions != nil {
					t.Error("the authenticator was asked")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var want *ctap2.PRFInput
			if row.want != nil {
				want = row.want(string(own.ID))
			}
			if diff := cmp.Diff(asked(t, p.assertions[0].Extensions), want); diff != "" {
				t.Errorf("(-got +want)\n%s", diff)
			}
			if uv := p.assertions[0].Options["uv"]; uv != (row.want != nil) {
				t.Errorf("user verification is %v", uv)
			}
			switch {
			case row.n == 0 && answer.PRF != nil, row.n > 0 && (answer.PRF == nil || (answer.PRF.Second != nil) != (row.n == 2)):
				t.Errorf("got results %v, want %d", answer.PRF, row.n)
			case row.n > 0 && !answer.PRF.First.Equal(ctap2.NewPRFSecret([32]byte{1})):
				t.Error("another result")
			}
		})
	}
}

// What the functions return stays with the program. It is in no JSON that goes to
// a server, and nothing prints it.
func TestPRFResultsStay(t *testing.T) {
	t.Parallel()
	secret := bytes.Repeat([]byte{0xa7}, 32)
	out, err := ctap2.PRFOutput{Enabled: new(true), Results: &ctap2.PRFResults{First: ctap2.NewPRFSecret([32]byte(secret))}}.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	p := newPhone(webauthntest.Config{})
	prfOutput(string(out))(p)
	eval := values("a")
	o, q := creation(), request()
	o.Extensions.PRF, q.Extensions.PRF = &webauthn.PRFInputs{Eval: &eval}, &webauthn.PRFInputs{Eval: &eval}
	client := newClient(t, testOrigin)
	made, err := client.Create(t.Context(), p, o)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := client.Get(t.Context(), p, q)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(made.PRF.First.Bytes(), secret) || !bytes.Equal(signed.PRF.First.Bytes(), secret) {
		t.Fatal("not the results of the authenticator")
	}
	written := fmt.Sprintf("%s %s %+v %#v %v %v", made.JSON, signed.JSON, made.PRF, signed.PRF, *made.PRF, *signed.PRF)
	if b, err := json.Marshal([]any{made, signed}); err == nil {
		written += string(b)
	}
	for _, form := range []string{string(secret), hex.EncodeToString(secret), base64.RawURLEncoding.EncodeToString(secret), base64.RawStdEncoding.EncodeToString(secret), "167 167 167"} {
		if strings.Contains(written, form) {
			t.Errorf("the secret stands in %s", written)
		}
	}
}

// The salts of the published examples.
func TestVectorsPRF(t *testing.T) {
	t.Parallel()
	folder := os.Getenv("HITHER_VECTORS")
	if folder == "" {
		folder = filepath.Join("..", "..", "shared", "vectors")
	}
	b, err := os.ReadFile(filepath.Join(folder, "w3c-webauthn-l3-prf-hmac-secret.json"))
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("published vectors not found, set HITHER_VECTORS to their folder: ", err)
	}
	var file struct {
		Cases []struct {
			First  string `json:"prf_eval_first"`
			Second string `json:"prf_eval_second"`
			Salt1  string `json:"salt1"`
			Salt2  string `json:"salt2"`
		} `json:"cases"`
	}
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	unhex := func(s string) []byte {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	inputs := 0
	for _, c := range file.Cases {
		if c.Salt1 == "" {
			continue
		}
		p := newPhone(webauthntest.Config{})
		o := creation()
		o.Extensions.PRF = &webauthn.PRFInputs{Eval: &webauthn.PRFValues{First: unhex(c.First)}}
		want := ctap2.PRFSalts{First: ctap2.PRFSalt(unhex(c.Salt1))}
		inputs++
		if c.Second != "" {
			o.Extensions.PRF.Eval.Second = unhex(c.Second)
			want.Second = new(ctap2.PRFSalt(unhex(c.Salt2)))
			inputs++
		}
		if _, err := newClient(t, testOrigin).Create(t.Context(), p, o); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(asked(t, p.creations[0].Extensions), &ctap2.PRFInput{Eval: &want}); diff != "" {
			t.Errorf("(-got +want)\n%s", diff)
		}
	}
	t.Logf("hashed %d inputs of prf", inputs)
}
