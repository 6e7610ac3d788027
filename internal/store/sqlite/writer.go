package sqlite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hitherauth/hither/internal/account"
)

const (
	// queueLength bounds the requests that wait; beyond it they are refused at once.
	queueLength = 1024
	// groupLength bounds one transaction, and with it how long the first waits for the last.
	groupLength = 128
	// A writer that failed is opened again after the first pause, which doubles up to the longest.
	firstPause   = 25 * time.Millisecond
	longestPause = 400 * time.Millisecond
)

// writer owns the one connection that writes. Requests wait in a queue; one
// goroutine takes all that are waiting into one transaction, each in its own
// savepoint, and answers when the transaction has been committed: one fsync for
// all of them.
//
// A request that is refused, or meets a constraint, is undone alone. After any
// other error nobody in the group has an answer but ErrUnavailable, and the
// connection is closed: after a failed fsync or a lost transaction nothing that
// it says can be believed. The writer is ready again when a new connection has
// committed a write.
type writer struct {
	dir     *Directory
	file    os.FileInfo // of the database when it was opened
	log     *slog.Logger
	metrics *metrics
	conn    *conn // nil while it is not ready; used by run alone
	ready   atomic.Bool

	mu     sync.RWMutex // guards closed, and queue against being closed while written to
	closed bool
	queue  chan *request
	done   chan struct{} // closed when run has returned
}

// request is one change that waits for the writer.
type request struct {
	apply func(*conn) error
	// checkpoint asks for the log to be copied into the database file soon.
	checkpoint bool
	came       time.Time // when it was queued
	began      time.Time // when its group did; the writer's until it is answered, as is group
	group      int       // how many shared the commit
	state      atomic.Int32
	answer     chan error // holds one: the writer never waits for a caller
	answered   bool       // the caller's: answer was received
}

// States of a request. Whoever gets it out of waiting decides what becomes of it.
const (
	waiting int32 = iota
	taken
	abandoned
)

func unavailable(why error) error { return fmt.Errorf("%w: %w", account.ErrUnavailable, why) }

var (
	errFull     = errors.New("too many changes are waiting")
	errClosed   = errors.New("store is closed")
	errNotReady = errors.New("writing failed, trying again")
	errReplaced = errors.New("the database file was replaced or removed while it was open")
)

// do has one request made durable. When ctx ends first, a request that was not
// yet taken is never made; one that was taken goes on for its group's sake.
func (w *writer) do(ctx context.Context, r *request) error {
	if err := ctx.Err(); err != nil {
		return unavailable(err)
	}
	r.answer = make(chan error, 1)
	if err := w.enqueue(r); err != nil {
		return err
	}
	select {
	case err := <-r.answer:
		r.answered = true
		return err
	case <-ctx.Done():
		r.state.CompareAndSwap(waiting, abandoned)
		return unavailable(ctx.Err())
	}
}

func (w *writer) enqueue(r *request) error {
	if !w.ready.Load() {
		w.metrics.refused.WithLabelValues(reasonClosed).Inc()
		return unavailable(errNotReady)
	}
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		w.metrics.refused.WithLabelValues(reasonClosed).Inc()
		return unavailable(errClosed)
	}
	r.came = time.Now()
	select {
	case w.queue <- r:
		return nil
	default:
		w.metrics.refused.WithLabelValues(reasonFull).Inc()
		return unavailable(errFull)
	}
}

// close lets what is waiting finish and returns when the writer has stopped.
func (w *writer) close() {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		close(w.queue)
	}
	w.mu.Unlock()
	<-w.done
}

// run is the writer's goroutine. It ends when the queue is closed and empty.
func (w *writer) run() {
	defer close(w.done)
	group := make([]*request, 0, groupLength)
	for first := range w.queue {
		group = w.collect(append(group[:0], first))
		if err := w.commit(group); err != nil {
			w.fail(group, err)
			if !w.reopen() {
				return
			}
		}
		clear(group)
	}
}

// collect adds what is waiting to a group and takes what has not been abandoned.
func (w *writer) collect(group []*request) []*request {
	for len(group) < groupLength {
		select {
		case r, ok := <-w.queue:
			if ok {
				group = append(group, r)
				continue
			}
		default:
		}
		break
	}
	kept := group[:0]
	for _, r := range group {
		if r.state.CompareAndSwap(waiting, taken) {
			kept = append(kept, r)
		}
	}
	return kept
}

// commit makes a group durable and answers it, or answers nobody and returns
// why. Refusals are answered after the commit too: what they were judged by may
// be another request of the group.
func (w *writer) commit(group []*request) error {
	if len(group) == 0 {
		return nil
	}
	began := time.Now()
	for _, r := range group {
		r.began, r.group = began, len(group)
		w.metrics.wait.Observe(began.Sub(r.came).Seconds())
	}
	if err := w.checkSameFile(); err != nil {
		return err
	}
	if _, err := w.conn.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	var answers [groupLength]error
	for i, r := range group {
		var err error
		if answers[i], err = w.one(r); err != nil {
			return err
		}
	}
	if _, err := w.conn.exec("COMMIT"); err != nil {
		return err
	}
	w.metrics.commit.Observe(time.Since(began).Seconds())
	w.metrics.group.Observe(float64(len(group)))
	checkpoint := false
	for i, r := range group {
		checkpoint = checkpoint || r.checkpoint && answers[i] == nil
		r.answer <- answers[i]
	}
	if checkpoint {
		// A reader in the way leaves a part for later: no error.
		outcome := "done"
		if err := w.conn.checkpoint(); err != nil {
			outcome = "failed"
			w.log.Warn("checkpoint failed", slog.Any("err", err))
		}
		w.metrics.checkpoint.WithLabelValues(outcome).Inc()
	}
	return nil
}

// kept is a refusal that leaves something behind, such as the count of a wrong
// guess: its request is not undone.
type kept struct{ answer error }

func (k *kept) Error() string { return k.answer.Error() }

// one applies a request in a savepoint of its own. The first result is its
// answer, the second ends the group.
func (w *writer) one(r *request) (answer, failure error) {
	if _, err := w.conn.exec("SAVEPOINT request"); err != nil {
		return nil, err
	}
	answer = r.apply(w.conn)
	if k, ok := errors.AsType[*kept](answer); ok {
		answer = k.answer
	} else if answer != nil {
		if _, broken := errors.AsType[*fault](answer); broken {
			return nil, answer
		}
		if _, err := w.conn.exec("ROLLBACK TO request"); err != nil {
			return nil, err
		}
	}
	_, failure = w.conn.exec("RELEASE request")
	return answer, failure
}

// fail answers a group whose fate is unknown or nothing, and closes the connection.
func (w *writer) fail(group []*request, err error) {
	w.ready.Store(false)
	w.metrics.failures.Inc()
	w.log.Error("store is not available", slog.Any("err", err))
	for _, r := range group {
		r.answer <- unavailable(err)
	}
	if err := w.conn.close(); err != nil {
		w.log.Warn("closing the failed connection", slog.Any("err", err))
	}
	w.conn = nil
}

// reopen tries until a new connection has committed a write, and refuses
// requests meanwhile. It returns false when the writer was closed.
func (w *writer) reopen() bool {
	began := time.Now()
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		if !w.refuseFor(pause) {
			return false
		}
		c, err := w.open()
		if err == nil {
			w.conn = c
			w.ready.Store(true)
			w.metrics.reopenings.Inc()
			w.log.Info("store is available again", slog.Int64("duration_ms", time.Since(began).Milliseconds()))
			return true
		}
		w.log.Debug("store is still not available", slog.Any("err", err))
	}
}

// refuseFor answers whatever waits or comes within d. It returns false when the
// writer was closed.
func (w *writer) refuseFor(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case r, ok := <-w.queue:
			if !ok {
				return false
			}
			w.metrics.refused.WithLabelValues(reasonClosed).Inc()
			r.answer <- unavailable(errNotReady)
		case <-timer.C:
			return true
		}
	}
}

// open makes a connection that has proved that it can commit.
func (w *writer) open() (*conn, error) {
	if err := w.checkSameFile(); err != nil {
		return nil, err
	}
	c, err := openConn(context.Background(), w.dir.file(databaseFile), "rw",
		"journal_mode(WAL)",
		"synchronous(FULL)",
		"fullfsync(1)", // where fsync alone does not reach the disk (macOS)
		"foreign_keys(1)",
		"journal_size_limit(67108864)",
		"cache_size(-8000)",
	)
	if err != nil {
		return nil, err
	}
	if _, err := c.exec("UPDATE system SET opened = opened + 1 WHERE only = 1"); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

// checkSameFile makes sure that the file under the database's name is the one
// that is open: writes to one that was removed or replaced would be lost.
func (w *writer) checkSameFile() error {
	info, err := os.Lstat(w.dir.file(databaseFile))
	if err != nil {
		return fmt.Errorf("%w: %w", errReplaced, err)
	}
	if !os.SameFile(info, w.file) {
		return errReplaced
	}
	return nil
}

// checkpoint copies the log into the database file. The log keeps its size: an
// empty one after a crash would look as if it had been lost.
func (c *conn) checkpoint() error {
	_, err := c.copied()
	return err
}
