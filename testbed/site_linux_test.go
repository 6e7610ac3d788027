package testbed_test

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hitherauth/hither/relyingparty"
	"github.com/hitherauth/hither/testbed"
	"github.com/hitherauth/hither/webauthn"
)

// page asks for a passkey, and then for it to be used, by itself. What happens it
// tells the server, which has the last word.
const page = `<!doctype html><title>A foreign page</title><h1>A foreign page</h1><script type="module">
const C = PublicKeyCredential;
const verbs = {
  create: (o) => navigator.credentials.create({publicKey: C.parseCreationOptionsFromJSON(o)}),
  get: (o) => navigator.credentials.get({publicKey: C.parseRequestOptionsFromJSON(o)}),
};
for (const verb of ["create", "get"]) {
  const options = await (await fetch("/options/" + verb)).json();
  const result = await verbs[verb](options).then((c) => c.toJSON(), (e) => ({error: e.name + ": " + e.message}));
  const answer = await fetch("/answer/" + verb, {method: "POST", body: JSON.stringify(result)});
  document.body.append(verb + ": " + await answer.text());
}
</script>`

// site is a relying party on loopback that knows one person with one credential.
type site struct {
	*httptest.Server
	t       *testing.T
	rp      *relyingparty.RelyingParty
	user    webauthn.UserEntity
	sealed  map[string]relyingparty.SealedCeremony
	record  relyingparty.Credential
	verdict chan string // of each answer: "" if it is right
}

// newSite is one that a browser finds with config, at http://localhost or, if it has a
// name, at https with a certificate that nobody has signed.
func newSite(t *testing.T, name string) (s *site, config testbed.BrowserConfig) {
	t.Helper()
	s = &site{t: t, sealed: map[string]relyingparty.SealedCeremony{}, verdict: make(chan string, 2)}
	s.user = webauthn.UserEntity{ID: make([]byte, 16), Name: "alice", DisplayName: "Alice"}
	_, _ = rand.Read(s.user.ID)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, page) })
	mux.HandleFunc("GET /options/{verb}", s.options)
	mux.HandleFunc("POST /answer/{verb}", func(w http.ResponseWriter, r *http.Request) {
		verdict := ""
		if err := s.judge(r.PathValue("verb"), r.Body); err != nil {
			verdict = err.Error()
		}
		_, _ = fmt.Fprintf(w, "%q", verdict)
		s.verdict <- verdict
	})
	rp := relyingparty.Config{ID: "localhost"}
	if name == "" {
		s.Server = httptest.NewServer(mux)
		config.URL = strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
	} else {
		s.Server = httptest.NewTLSServer(mux)
		rp.ID, config.URL = name, "https://"+name
		config.Hosts, config.Trust = map[string]string{name: s.Listener.Addr().String()}, []*x509.Certificate{s.Certificate()}
	}
	t.Cleanup(s.Close)
	var err error
	if rp.Keyring, err = relyingparty.NewKeyring(); err != nil {
		t.Fatal(err)
	}
	rp.Origins = []string{config.URL}
	if s.rp, err = relyingparty.New(rp); err != nil {
		t.Fatal(err)
	}
	return s, config
}

func (s *site) options(w http.ResponseWriter, r *http.Request) {
	var options any
	var err error
	verb := r.PathValue("verb")
	if verb == "create" {
		options, s.sealed[verb], err = s.rp.BeginRegistration(relyingparty.RegistrationRequest{User: s.user, Hints: []string{"hybrid"}})
	} else {
		options, s.sealed[verb], err = s.rp.BeginAuthentication(relyingparty.AuthenticationRequest{Hints: []string{"hybrid"}})
	}
	if err != nil {
		s.t.Error(err)
	}
	_ = json.NewEncoder(w).Encode(options)
}

// judge is nil for an answer that is right.
func (s *site) judge(verb string, body io.Reader) error {
	text, err := io.ReadAll(io.LimitReader(body, 1<<16))
	if err != nil {
		return err
	}
	failure := struct{ Error string }{}
	if err := json.Unmarshal(text, &failure); err != nil || failure.Error != "" {
		return errors.Join(err, errors.New(failure.Error))
	}
	if verb == "create" {
		return s.register(text)
	}
	ceremony, err := s.rp.OpenAuthentication(s.sealed[verb], nil)
	if err != nil {
		return err
	}
	response, err := webauthn.ParseAuthenticationResponse(text)
	if err != nil {
		return err
	}
	_, err = s.rp.FinishAuthentication(ceremony, response, s.record)
	return err
}

func (s *site) register(text []byte) error {
	ceremony, err := s.rp.OpenRegistration(s.sealed["create"], nil)
	if err != nil {
		return err
	}
	response, err := webauthn.ParseRegistrationResponse(text)
	if err != nil {
		return err
	}
	r, err := s.rp.FinishRegistration(ceremony, response)
	s.record = relyingparty.Credential{
		ID: r.CredentialID, UserHandle: r.UserHandle, PublicKey: r.PublicKey, SignCount: r.SignCount, BackupEligible: &r.BackupEligible,
	}
	return err
}
