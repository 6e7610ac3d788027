package clientplatform_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/hitherauth/hither/clientplatform"
	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/internal/rootkey"
	"github.com/hitherauth/hither/internal/secret"
	"github.com/hitherauth/hither/internal/server"
	"github.com/hitherauth/hither/internal/store/sqlite"
	"github.com/hitherauth/hither/relyingparty"
	"github.com/hitherauth/hither/webauthn"
)

// installation is a running server with its database, as hitherd builds it.
type installation struct {
	origin string
	client *clientplatform.Client
}

func openInstallation(t testing.TB, logger *slog.Logger) *installation {
	t.Helper()
	dir := must(sqlite.OwnDirectory(filepath.Join(t.TempDir(), "data")))(t)
	store := must(sqlite.Open(t.Context(), sqlite.Config{Directory: dir, Logger: logger}))(t)
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
		if err := dir.Close(); err != nil {
			t.Error(err)
		}
	})
	root := must(rootkey.Create(filepath.Join(t.TempDir(), "hither.key")))(t)
	keys := must(server.OpenCeremonyKeys(t.Context(), server.CeremonyKeysConfig{Store: store, RootKey: root, Logger: logger}))(t)

	var handler http.Handler
	listener := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	i := &installation{origin: fmt.Sprintf("http://localhost:%d", listener.Listener.Addr().(*net.TCPAddr).Port)}
	party := must(relyingparty.New(relyingparty.Config{
		ID: "localhost", Name: "Example", Origins: []string{i.origin}, Keyring: keys.Keyring(), Now: keys.Now,
	}))(t)
	house := must(server.New(server.Config{
		PublicURL: i.origin, RelyingParty: party, Accounts: account.New(account.Config{Store: store}), Store: store, SignUpOpen: true,
		RateLimitsOff: true, Name: "Example", DecoyKey: secret.Hide(root.Derive("decoy credential ids")), Logger: logger, Ready: store.Ready,
	}))(t)
	handler = house.Handler()
	listener.Config = server.NewHTTPServer(listener.Config.Handler, logger)
	listener.Start()
	t.Cleanup(listener.Close)
	i.client = newClient(t, i.origin)
	return i
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// signedIn is what a program knows at the end of a journey.
type signedIn struct {
	Account struct {
		Name string `json:"name"`
	} `json:"account"`
	Session struct {
		Token string `json:"token"`
	} `json:"session"`
}

// register makes an account with a first passkey: what a program does that signs
// its user up.
func (i *installation) register(t testing.TB, a ctap2.Authenticator, name string) (signedIn, error) {
	t.Helper()
	return i.journey(t, "registration", "", map[string]string{"name": name}, func(options []byte) ([]byte, error) {
		answer, err := i.client.Create(t.Context(), a, must(webauthn.ParseCreationOptions(options))(t))
		return answer.JSON, err
	})
}

// add gives the account of a session another passkey.
func (i *installation) add(t testing.TB, a ctap2.Authenticator, token string) (signedIn, error) {
	t.Helper()
	return i.journey(t, "registration", token, map[string]string{}, func(options []byte) ([]byte, error) {
		answer, err := i.client.Create(t.Context(), a, must(webauthn.ParseCreationOptions(options))(t))
		return answer.JSON, err
	})
}

// signIn signs in; "" for the name: whoever answers says who they are.
func (i *installation) signIn(t testing.TB, a ctap2.Authenticator, name string) (signedIn, error) {
	t.Helper()
	request := map[string]string{}
	if name != "" {
		request["name"] = name
	}
	return i.journey(t, "authentication", "", request, func(options []byte) ([]byte, error) {
		answer, err := i.client.Get(t.Context(), a, must(webauthn.ParseRequestOptions(options))(t))
		return answer.JSON, err
	})
}

// journey begins a ceremony, has it answered, and finishes it. An error is the
// answer's: the server has nothing to refuse.
func (i *installation) journey(t testing.TB, kind, token string, request any, answer func(options []byte) ([]byte, error)) (result signedIn, err error) {
	t.Helper()
	var begun struct {
		Ceremony  string          `json:"ceremony"`
		PublicKey json.RawMessage `json:"publicKey"`
	}
	cookies := i.post(t, kind+"/begin", token, nil, request, &begun)
	credential, err := answer(begun.PublicKey)
	if err != nil {
		return signedIn{}, err
	}
	finish := map[string]any{"ceremony": begun.Ceremony, "credential": json.RawMessage(credential)}
	if token == "" {
		finish["session"] = "bearer"
	}
	i.post(t, kind+"/finish", token, cookies, finish, &result)
	return result, nil
}

// me asks whose session a token is of.
func (i *installation) me(t testing.TB, token string) string {
	t.Helper()
	var answer signedIn
	i.send(t, http.MethodGet, "me", token, nil, nil, &answer)
	return answer.Account.Name
}

func (i *installation) post(t testing.TB, path, token string, cookies []*http.Cookie, body, into any) []*http.Cookie {
	t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return i.send(t, http.MethodPost, path, token, cookies, b, into)
}

func (i *installation) send(t testing.TB, method, path, token string, cookies []*http.Cookie, body []byte, into any) []*http.Cookie {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, i.origin+"/api/v1/"+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Origin", i.origin)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for _, c := range cookies {
		r.AddCookie(c)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusCreated {
		t.Fatalf("%s %s: %s: %s", method, path, response.Status, answer)
	}
	if err := json.Unmarshal(answer, into); err != nil {
		t.Fatal(err)
	}
	return response.Cookies()
}

// BenchmarkSignIn is a sign-in at a running server with a phone, by QR code, over
// the ether in memory and loopback. What a person waits for, apart from what they do
// themselves, is from the advert to the session: ms-from-advert.
func BenchmarkSignIn(b *testing.B) {
	i, r := openInstallation(b, slog.New(slog.DiscardHandler)), newRoom(b, heldBy(agrees))
	if _, err := i.register(b, r.phone, "bob"); err != nil {
		b.Fatal(err)
	}
	var heard time.Time
	r.Client.Progress = func(e hybrid.Event) {
		if _, ok := e.(hybrid.AdvertMatched); ok {
			heard = time.Now()
		}
	}
	var waited time.Duration
	for b.Loop() {
		ended := r.Scan(b, r.phone)
		conn, err := hybrid.Initiate(b.Context(), r.Client)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := i.signIn(b, conn, ""); err != nil {
			b.Fatal(err)
		}
		waited += time.Since(heard)
		_ = conn.Close()
		if err := <-ended; err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(waited.Seconds()*1000/float64(b.N), "ms-from-advert")
}
