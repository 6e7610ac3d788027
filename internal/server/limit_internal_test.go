package server

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"
)

// numbered is the i-th of very many networks.
func numbered(i int) netip.Prefix {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], uint64(i)<<8)
	return addressPrefix(netip.AddrFrom16(b))
}

// taken is how many tokens a network gets out of n.
func taken(l *limiter, network netip.Prefix, n int) int {
	got := 0
	for range n {
		if _, ok := l.take(network, 0); ok {
			got++
		}
	}
	return got
}

func TestLimiterIsBounded(t *testing.T) {
	t.Parallel()
	now := time.Now()
	l := newLimiter(1, 2, func() time.Time { return now })
	for i := range maxPrefixes {
		if got := taken(l, numbered(i+1), 3); got != 2 {
			t.Fatalf("network %d gets %d", i, got)
		}
	}
	taken(l, netip.Prefix{}, 2) // unknown addresses
	if len(l.buckets) != maxPrefixes || l.recent.Len() != maxPrefixes {
		t.Errorf("%d buckets, %d in the list", len(l.buckets), l.recent.Len())
	}
	// Who drives others out of memory finds their empty buckets and not full ones.
	for i := range 2 * maxPrefixes {
		if got := taken(l, numbered(maxPrefixes+i+2), 1); got != 0 {
			t.Fatalf("network %d of a storm gets a token", i)
		}
	}
	if got := taken(l, numbered(1), 1); got != 0 {
		t.Error("a network that was driven out has a full bucket")
	}
	// A moment later there is something for everybody.
	now = now.Add(2 * time.Second)
	for i := range maxPrefixes {
		if got := taken(l, numbered(i+1), 3); got != 2 {
			t.Fatalf("network %d gets %d afterwards", i, got)
		}
	}
	if len(l.buckets) != maxPrefixes || l.recent.Len() != maxPrefixes {
		t.Errorf("%d buckets, %d in the list", len(l.buckets), l.recent.Len())
	}
}

func TestLimiter(t *testing.T) {
	t.Parallel()
	now := time.Now()
	l := newLimiter(2, 10, func() time.Time { return now })
	network := numbered(1)
	if wait, ok := l.take(network, 10); ok || wait != 500*time.Millisecond {
		t.Errorf("nothing above the reserve: got %v, %v", wait, ok)
	}
	for range 6 {
		if _, ok := l.take(network, 4); !ok {
			t.Error("refused above the reserve")
		}
	}
	if _, ok := l.take(network, 4); ok {
		t.Error("the reserve was taken")
	}
	if got := taken(l, network, 10); got != 4 {
		t.Errorf("the reserve was %d", got)
	}
	// STO-18: a clock that is set back fills nothing and stops nothing; one that
	// is set forward fills a bucket once.
	for _, jump := range []time.Duration{-time.Hour, -400 * 24 * time.Hour} {
		now = now.Add(jump)
		if got := taken(l, network, 10); got != 0 {
			t.Errorf("%v: filled by %d", jump, got)
		}
		now = now.Add(time.Second)
		if got := taken(l, network, 10); got != 2 {
			t.Errorf("%v: a second fills %d", jump, got)
		}
	}
	now = now.Add(400 * 24 * time.Hour)
	if got := taken(l, network, 20); got != 10 {
		t.Errorf("set forward: %d", got)
	}
	l.giveBack(network, 100)
	if got := taken(l, network, 20); got != 10 {
		t.Errorf("given back: %d", got)
	}
}
