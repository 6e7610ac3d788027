package control_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"go.uber.org/goleak"

	"github.com/hitherauth/hither/internal/control"
	"github.com/hitherauth/hither/testbed"
)

const longest = 30 * time.Second

type object = map[string]any

func TestMain(m *testing.M) {
	flag.Bool("update", false, "write testdata/openapi.json again")
	flag.Parse()
	goleak.VerifyTestMain(m)
}

// house is a bed with its API, and a client that has the token.
type house struct {
	bed       *testbed.Bed
	api       *control.Server
	described *huma.OpenAPI
}

func start(t *testing.T) *house {
	t.Helper()
	for _, name := range []string{"Xvfb", "dbus-daemon"} {
		if _, err := exec.LookPath(name); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatalf("%s is missing: make deps installs it", name)
			}
			t.Skipf("%s is missing: make deps installs it", name)
		}
	}
	ctx := context.WithoutCancel(t.Context())
	bed, err := testbed.Start(ctx, testbed.Config{Interval: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := bed.Close(); err != nil && !errors.Is(err, testbed.ErrDied) {
			t.Error(err)
		}
	})
	api, err := control.Start(ctx, control.Config{Bed: bed})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(api.Close)
	return &house{bed: bed, api: api, described: closed()}
}

// answer is what the API has said.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// send asks with the token, and whatever change makes of the request.
func (h *house) send(t *testing.T, method, path, body string, change func(*http.Request)) answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, h.api.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+h.api.Token().Reveal())
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if change != nil {
		change(r)
	}
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{response.StatusCode, response.Header, text}
	if a.status != http.StatusMethodNotAllowed {
		described(t, h.described, method, path, a)
	}
	return a
}

// ask is send, for what must come out well.
func (h *house) ask(t *testing.T, method, path, body string) object {
	t.Helper()
	a := h.send(t, method, path, body, nil)
	if a.status/100 != 2 {
		t.Fatalf("%s %s: %d %s", method, path, a.status, a.body)
	}
	return a.object(t)
}

// refused is send, for what must not.
func (h *house) refused(t *testing.T, status int, code, method, path, body string) {
	t.Helper()
	h.send(t, method, path, body, nil).is(t, status, code)
}

// is wants an answer to be a problem.
func (a answer) is(t *testing.T, status int, code string) {
	t.Helper()
	if a.status != status || !bytes.Contains(a.body, []byte(`"code":"`+code+`"`)) || a.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("got %d %s, want %d %s", a.status, a.body, status, code)
	}
}

func (a answer) object(t *testing.T) object {
	t.Helper()
	if len(a.body) == 0 {
		return nil
	}
	var o object
	if err := json.Unmarshal(a.body, &o); err != nil {
		t.Fatalf("%s: %v", a.body, err)
	}
	return o
}

// eventually waits until something is so.
func eventually(t *testing.T, so func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(longest); !so(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal("it does not come to that")
		}
	}
}
