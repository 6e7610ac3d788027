package server

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"
)

func TestLimiterIsBounded(t *testing.T) {
	t.Parallel()
	now := time.Now()
	l := newLimiter(1, 2, func() time.Time { return now })
	network := func(i int) netip.Prefix {
		var b [16]byte
		binary.BigEndian.PutUint64(b[:], uint64(i)<<8)
		return addressPrefix(netip.AddrFrom16(b))
	}
	for i := range maxPrefixes + 1_000 {
		if _, ok := l.take(network(i)); !ok {
			t.Fatalf("network %d is limited", i)
		}
	}
	if len(l.buckets) != maxPrefixes || l.recent.Len() != maxPrefixes {
		t.Errorf("%d buckets, %d in the list", len(l.buckets), l.recent.Len())
	}
	// The most recent are remembered.
	last := network(maxPrefixes + 999)
	if _, ok := l.take(last); !ok {
		t.Error("a second token is refused")
	}
	wait, ok := l.take(last)
	if ok || wait != time.Second {
		t.Errorf("third: got %v, %v", wait, ok)
	}
	// A clock that goes back fills nothing and breaks nothing.
	now = now.Add(-time.Hour)
	if _, ok := l.take(last); ok {
		t.Error("going back has filled the bucket")
	}
	now = now.Add(time.Second)
	if _, ok := l.take(last); !ok {
		t.Error("the bucket does not fill any more")
	}
	l.giveBack(last, 100)
	for range 2 {
		if _, ok := l.take(last); !ok {
			t.Error("what was given back is gone")
		}
	}
	if _, ok := l.take(last); ok {
		t.Error("more was given back than a bucket holds")
	}
}
