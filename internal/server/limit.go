package server

import (
	"container/list"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// The limits of one address prefix. They are meant to stop a flood, not a
// crowd: a thousand people behind one address who open the page in the same
// five minutes stay below them.
const (
	ceremonyRate  = 20  // begin and finish, a second
	ceremonyBurst = 600 //
	finishReserve = 100 // of the burst; begins leave it, so that who has begun can finish
	requestRate   = 50  // everything else, a second
	requestBurst  = 1500
)

// maxPrefixes bounds the memory of a limiter: about 12 MiB when full.
const maxPrefixes = 65_536

// limiter is a token bucket for each address prefix, the most recently seen
// ones. It differs from golang.org/x/time/rate in that tokens can be given
// back after the fact and that a bucket is three words: there may be 65,536.
//
// It counts load, which the next second forgets; wrong guesses are counted in
// the store (account.Guess). With time.Now, whose moments carry a monotonic
// reading, it does not notice when the clock is set.
type limiter struct {
	rate, burst float64
	now         func() time.Time
	refused     prometheus.Counter // nil: nobody counts

	mu      sync.Mutex
	buckets map[netip.Prefix]*list.Element // of *bucket
	recent  list.List                      // most recent first
}

type bucket struct {
	prefix netip.Prefix
	tokens float64
	at     time.Time
}

func newLimiter(rate, burst float64, now func() time.Time) *limiter {
	return &limiter{rate: rate, burst: burst, now: now, buckets: map[netip.Prefix]*list.Element{}}
}

// take takes a token and leaves reserve, or says after how long it could. A nil
// limiter has no limits.
func (l *limiter) take(prefix netip.Prefix, reserve float64) (wait time.Duration, ok bool) {
	if l == nil {
		return 0, true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.bucket(prefix)
	if lacks := 1 + reserve - b.tokens; lacks > 0 {
		return time.Duration(lacks / l.rate * float64(time.Second)), false
	}
	b.tokens--
	return 0, true
}

// admit lets a request pass or refuses it with the time to wait.
func (l *limiter) admit(r *http.Request, reserve float64) error {
	wait, ok := l.take(addressPrefix(incomingOf(r).client.Address), reserve)
	if !ok {
		if l.refused != nil {
			l.refused.Inc()
		}
		return &refusal{code: codeRateLimited, retryAfter: wait}
	}
	return nil
}

// held is the number of prefixes that have a bucket.
func (l *limiter) held() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.buckets)
}

// giveBack returns n tokens: what somebody who did sign in has used.
func (l *limiter) giveBack(prefix netip.Prefix, n float64) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.bucket(prefix)
	b.tokens = min(l.burst, b.tokens+n)
}

// bucket finds or makes the bucket of a prefix and fills it up to now.
//
// When there are too many, a new prefix takes over the bucket that was unseen
// for longest, with what is in it. That is full after half a minute, so nobody
// notices as a rule. In a storm from more networks than there are buckets, it
// may be empty, and no network gets a full one by being forgotten: all of them
// together get what the buckets hold.
func (l *limiter) bucket(prefix netip.Prefix) *bucket {
	now := l.now()
	e, known := l.buckets[prefix]
	if !known {
		if len(l.buckets) < maxPrefixes {
			e = l.recent.PushBack(&bucket{tokens: l.burst, at: now})
		} else {
			e = l.recent.Back()
			delete(l.buckets, e.Value.(*bucket).prefix) //nolint:errcheck // the list holds nothing else
		}
		l.buckets[prefix] = e
	}
	l.recent.MoveToFront(e)
	b := e.Value.(*bucket) //nolint:errcheck // as above
	b.prefix = prefix
	if passed := now.Sub(b.at).Seconds(); passed > 0 {
		b.tokens = min(l.burst, b.tokens+passed*l.rate)
	}
	b.at = now
	return b
}
