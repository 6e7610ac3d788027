package server_test

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hitherauth/hither/internal/account"
)

// lock holds the database as another process would that has forgotten about it,
// and gives what ends that.
func (h *house) lock() (unlock func()) {
	h.t.Helper()
	db := must(sql.Open("sqlite", filepath.Join(h.folder, "hither.db")+"?_pragma=busy_timeout(10000)"))(h.t)
	db.SetMaxOpenConns(1)
	h.t.Cleanup(func() { _ = db.Close() })
	if _, err := db.ExecContext(h.t.Context(), "BEGIN EXCLUSIVE"); err != nil {
		h.t.Fatal(err)
	}
	return func() {
		h.t.Helper()
		if err := db.Close(); err != nil {
			h.t.Fatal(err)
		}
	}
}

// eventually wants a condition to come true.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !condition(); <-time.After(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

// wantLater wants an answer that says that the server cannot, and when to come again.
func (a answer) wantLater(t *testing.T) {
	t.Helper()
	if a.want(t, http.StatusServiceUnavailable, "unavailable"); a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

func TestHostileStore(t *testing.T) {
	t.Parallel()

	t.Run("STO-09_database_locked_by_another_process", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t)
		b := h.browser()
		b.signUp("locked-out")
		begun := b.beginAuthentication(object{})
		unlock := h.lock()
		b.do(http.MethodPost, pathAuthFinish, b.assert(begun)).wantLater(t)
		status := func(path string) int {
			h.clock.move(2 * time.Second) // an answer of readyz serves for one
			return b.do(http.MethodGet, path, nil).status
		}
		eventually(t, "not ready", func() bool { return status("/readyz") == http.StatusServiceUnavailable })
		if got := status("/livez"); got != http.StatusOK {
			t.Errorf("livez: got %d", got)
		}
		unlock()
		eventually(t, "ready", func() bool { return status("/readyz") == http.StatusOK })
		begun = b.beginAuthentication(object{})
		b.do(http.MethodPost, pathAuthFinish, b.assert(begun)).want(t, http.StatusOK, "")
		if n := h.sessions("locked-out"); n != 1 {
			t.Errorf("got %d sessions, want the one that was acknowledged last", n)
		}
	})

	t.Run("STO-09_too_many_wait", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t)
		b := h.browser()
		b.signUp("patient")
		unlock := h.lock()
		const full = "too many changes are waiting"
		eventually(t, "a sign-in that finds the queue full", func() bool {
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			wait := h.crowd(ctx)
			begun := b.beginAuthentication(object{})
			b.do(http.MethodPost, pathAuthFinish, b.assert(begun)).wantLater(t)
			leave()
			wait()
			return strings.Contains(h.logs.String(), full) // only requests are logged
		})
		unlock()
		begun := b.beginAuthentication(object{})
		eventually(t, "a sign-in", func() bool {
			a := b.do(http.MethodPost, pathAuthFinish, b.assert(begun))
			return a.status == http.StatusOK
		})
	})
}

// crowd makes more changes than may wait, until ctx ends, and returns when some
// were turned away or the writer has given up. The result waits for all of them.
func (h *house) crowd(ctx context.Context) (wait func()) {
	h.t.Helper()
	var wg sync.WaitGroup
	const crowd = 1300
	turned := make(chan struct{}, crowd)
	for range crowd {
		wg.Go(func() {
			err := h.store.Apply(ctx, account.PutKeys{})
			if err == nil || !errors.Is(err, account.ErrUnavailable) {
				h.t.Errorf("a change of a locked database: %v", err)
			}
			turned <- struct{}{}
		})
	}
	<-turned
	return wg.Wait
}
