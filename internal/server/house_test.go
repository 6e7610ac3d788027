package server_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/internal/rootkey"
	"github.com/hitherauth/hither/internal/secret"
	"github.com/hitherauth/hither/internal/server"
	"github.com/hitherauth/hither/internal/store/sqlite"
	"github.com/hitherauth/hither/relyingparty"
	"github.com/hitherauth/hither/webauthn"
)

// house is one running server with everything real: database, keys, sockets.
type house struct {
	t        *testing.T
	origin   string // http://localhost:PORT
	address  string // of the listener
	folder   string // of the database
	clock    *clock
	logs     *logBuffer
	store    *sqlite.Store
	accounts *account.Accounts
	keys     *server.CeremonyKeys
	party    *relyingparty.RelyingParty
	root     rootkey.Key
	server   *server.Server
	operator http.Handler
}

// vault is the one model of authenticator that the house knows by a name.
var vault = webauthn.AAGUID{0xd5, 0x48, 15: 1} //nolint:gochecknoglobals // a constant in all but syntax

// clock is time that a test can move.
type clock struct {
	mu    sync.Mutex
	shift time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.shift)
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shift += d
}

// logBuffer takes what is logged.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// houseConfig is what a test may want otherwise.
type houseConfig struct {
	edit func(*server.Config)
	// origin, if not nil, makes the public URL of the listener's port.
	origin func(port int) string
	// related origins, of server and relying party alike.
	related []string
}

// openHouse starts a server with open sign-up and no rate limits.
func openHouse(t *testing.T, configs ...houseConfig) *house {
	t.Helper()
	h := &house{t: t, clock: &clock{}, logs: &logBuffer{}}
	logger := slog.New(slog.NewTextHandler(h.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h.folder = filepath.Join(t.TempDir(), "data")
	dir := must(sqlite.OwnDirectory(h.folder))(t)
	h.store = must(sqlite.Open(t.Context(), sqlite.Config{Directory: dir, Logger: logger}))(t)
	t.Cleanup(func() {
		if err := h.store.Close(); err != nil {
			t.Error(err)
		}
		if err := dir.Close(); err != nil {
			t.Error(err)
		}
	})
	h.root = must(rootkey.Create(filepath.Join(t.TempDir(), "hither.key")))(t)
	h.keys = must(server.OpenCeremonyKeys(t.Context(), server.CeremonyKeysConfig{Store: h.store, RootKey: h.root, Logger: logger, Now: h.clock.now}))(t)
	h.accounts = account.New(account.Config{Store: h.store, Now: h.clock.now, Providers: account.Providers{vault: "Test <vault>"}})

	var handler http.Handler
	listener := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	port := listener.Listener.Addr().(*net.TCPAddr).Port
	h.address = listener.Listener.Addr().String()
	h.origin = fmt.Sprintf("http://localhost:%d", port)
	config := server.Config{
		Accounts: h.accounts, Store: h.store, SignUpOpen: true, RateLimitsOff: true, Name: "Test <House>",
		DecoyKey: secret.Hide(h.root.Derive("decoy credential ids")), Logger: logger, Now: h.clock.now, Ready: h.store.Ready,
	}
	for _, c := range configs {
		config.RelatedOrigins = append(config.RelatedOrigins, c.related...)
		if c.origin != nil {
			h.origin = c.origin(port)
		}
		if c.edit != nil {
			c.edit(&config)
		}
	}
	config.PublicURL = h.origin
	h.party = must(relyingparty.New(relyingparty.Config{
		ID: must(url.Parse(h.origin))(t).Hostname(), Name: "Test", Origins: []string{h.origin}, RelatedOrigins: config.RelatedOrigins, Keyring: h.keys.Keyring(), Now: h.keys.Now,
	}))(t)
	config.RelyingParty = h.party
	h.server = must(server.New(config))(t)
	handler, h.operator = h.server.Handler(), h.server.Operator()
	settings := server.NewHTTPServer(listener.Config.Handler, logger)
	listener.Config = settings
	listener.Start()
	t.Cleanup(listener.Close)
	return h
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// events are the audit rows of a type.
func (h *house) events(kind account.EventType) []account.StoredEvent {
	h.t.Helper()
	all := must(h.store.Events(h.t.Context(), 0, 10_000))(h.t)
	var out []account.StoredEvent
	for _, e := range all {
		if e.Type == kind {
			out = append(out, e)
		}
	}
	return out
}

// person finds an account and its credentials.
func (h *house) person(name string) (account.Account, []account.Credential) {
	h.t.Helper()
	a := must(h.accounts.AccountByName(h.t.Context(), name))(h.t)
	return a, must(h.accounts.Credentials(h.t.Context(), a.ID))(h.t)
}

// sessions counts an account's live sessions.
func (h *house) sessions(name string) int {
	h.t.Helper()
	a, _ := h.person(name)
	return len(must(h.accounts.Sessions(h.t.Context(), a.ID))(h.t))
}

func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }
