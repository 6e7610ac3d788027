package testbed_test

import (
	"slices"
	"testing"
	"time"

	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/testbed"
)

// nobodyComes is how long nobody is waited for: enough for an advert to be heard on a
// machine with other things to do.
const nobodyComes = 2 * time.Second

// TestAir says what is heard of a phone through each kind of air, and whether it is
// found by that.
func TestAir(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		air   testbed.Air
		heard []int // lengths
		found bool
	}{
		"clear":     {testbed.Air{}, []int{20}, true},
		"lost":      {testbed.Air{Lose: 3}, []int{20}, true},
		"deaf":      {testbed.Air{Lose: -1}, nil, false},
		"late":      {testbed.Air{Delay: 50 * time.Millisecond}, []int{20}, true},
		"later":     {testbed.Air{Delay: time.Hour}, nil, false},
		"corrupted": {testbed.Air{Corrupt: true}, []int{20}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bed := start(t)
			bed.SetAir(row.air)
			d := newDesk(t, bed, testbed.PhoneConfig{})
			if !row.found {
				d.proximity = nobodyComes
			}
			conn, err := d.meet(t.Context())
			if err == nil {
				_ = conn.Close()
			} else if why := fails(hybrid.StageProximity, hybrid.ErrNoAdvert)(err); why != "" {
				t.Errorf("%v: %s", err, why)
			}
			if got := d.lengths(); (err == nil) != row.found || !slices.Equal(got, row.heard) {
				t.Errorf("adverts of %v bytes were heard, and %v", got, err)
			}
		})
	}
}

// TestEcho has each advert reported several times.
func TestEcho(t *testing.T) {
	t.Parallel()
	needs(t, "Xvfb", "dbus-daemon")
	bed, err := testbed.Start(t.Context(), testbed.Config{Interval: time.Hour}) // one advert for each that comes to the air
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bed.Close() })
	bed.SetAir(testbed.Air{Repeat: 4})
	d := newDesk(t, bed, testbed.PhoneConfig{})
	if err := d.phone.SetFaults(testbed.WrongKey); err != nil { // so that nobody stops listening
		t.Fatal(err)
	}
	d.proximity = nobodyComes
	if conn, err := d.meet(t.Context()); err == nil {
		_ = conn.Close()
		t.Error("a phone was found by random bytes")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.heard) != 5 {
		t.Errorf("an advert was heard %d times", len(d.heard))
	}
}
