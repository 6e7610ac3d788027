package api_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hitherauth/hither/internal/api"
)

func client(t *testing.T, h http.HandlerFunc) *api.Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return api.NewClient(&http.Client{Timeout: 20 * time.Second}, s.URL)
}

// A server may be anybody's.
func TestHostileRedirect(t *testing.T) {
	t.Parallel()
	var reached atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	t.Cleanup(elsewhere.Close)
	for _, status := range []int{http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		c := client(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, status) })
		_, err := c.Invitation(t.Context(), "a token of a link")
		if r, ok := errors.AsType[*api.RefusalError](err); !ok || r.Status != status {
			t.Errorf("%d: got %v", status, err)
		}
	}
	if n := reached.Load(); n > 0 {
		t.Errorf("%d requests went to somebody else", n)
	}
}

func TestHostileAnswers(t *testing.T) {
	t.Parallel()
	endless := func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	}
	if err := client(t, endless).Get(t.Context(), "/livez"); err == nil {
		t.Error("an answer without end is a success")
	}
	long := strings.Repeat("x", 1<<20)
	refusing := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "9223372036854775807")
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = w.Write([]byte(`{"code":"` + long[:9999] + `","detail":"` + long[:99999] + `"}`))
	}
	r, ok := errors.AsType[*api.RefusalError](client(t, refusing).Get(context.WithoutCancel(t.Context()), "/livez"))
	if !ok || r.RetryAfter < 0 || r.RetryAfter > time.Hour || len(r.Error()) > 1000 {
		t.Errorf("got %d bytes, wait for %v", len(r.Error()), r.RetryAfter)
	}
}
