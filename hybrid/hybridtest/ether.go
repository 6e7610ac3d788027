package hybridtest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// ErrRadio is what a broken radio says.
var ErrRadio = errors.New("hybridtest: the radio is broken")

// Ether is a radio band in memory: a hybrid.Scanner and a hybrid.Advertiser.
// What is advertised is heard by whoever scans at that time or later, as long as
// it is on the air. The zero value is an ether without faults.
type Ether struct {
	// Distort says what is heard of an advert: nothing, it, it twice, something
	// else. Nil: it alone. Called once for each advert and scan.
	Distort func(serviceData []byte) [][]byte
	// Delay is how long an advert takes to be heard.
	Delay time.Duration
	// DeafScanner and MuteAdvertiser make the radio refuse to work.
	DeafScanner, MuteAdvertiser bool

	mu    sync.Mutex
	next  int
	air   map[int][]byte
	sent  [][]byte
	scans map[int]*scan
}

// scan is one listener. Its queue is unbounded, because a test sends little.
type scan struct {
	queue  [][]byte
	broken bool
	more   chan struct{} // holds one token when queue or broken has changed
}

// Advertise puts serviceData on the air.
func (e *Ether) Advertise(ctx context.Context, serviceData []byte) (stop func() error, err error) {
	if e.MuteAdvertiser {
		return nil, ErrRadio
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	off := e.Forge(serviceData)
	e.mu.Lock()
	e.sent = append(e.sent, slices.Clone(serviceData))
	e.mu.Unlock()
	unhook := context.AfterFunc(ctx, off)
	return func() error {
		unhook()
		off()
		return nil
	}, nil
}

// Forge puts serviceData on the air as a stranger would. It is not in Sent.
func (e *Ether) Forge(serviceData []byte) (off func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.air == nil {
		e.air = map[int][]byte{}
	}
	e.next++
	id := e.next
	e.air[id] = slices.Clone(serviceData)
	for _, s := range e.scans {
		e.reach(s, serviceData)
	}
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.air, id)
	}
}

// OnAir are the adverts that are being sent.
func (e *Ether) OnAir() [][]byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	var all [][]byte
	for _, b := range e.air {
		all = append(all, slices.Clone(b))
	}
	return all
}

// Sent are all adverts that were ever sent, oldest first, those of Forge aside.
func (e *Ether) Sent() [][]byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.sent)
}

// Scanners is how many scans there are.
func (e *Ether) Scanners() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.scans)
}

// BreakScans ends all scans with ErrRadio, as an unplugged radio does.
func (e *Ether) BreakScans() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range e.scans {
		s.broken = true
		s.notify()
	}
}

// Scan hears what is on the air, and what will be.
func (e *Ether) Scan(ctx context.Context, heard func(serviceData []byte)) (wait func() error, err error) {
	if e.DeafScanner {
		return nil, ErrRadio
	}
	s := &scan{more: make(chan struct{}, 1)}
	e.mu.Lock()
	if e.scans == nil {
		e.scans = map[int]*scan{}
	}
	e.next++
	id := e.next
	e.scans[id] = s
	for _, b := range e.air {
		e.reach(s, b)
	}
	e.mu.Unlock()

	done := make(chan error, 1)
	go func() {
		err := e.listen(ctx, s, heard)
		e.mu.Lock()
		delete(e.scans, id)
		e.mu.Unlock()
		done <- err
		close(done)
	}()
	return func() error { return <-done }, nil
}

// reach lets s hear serviceData, as far as the ether is kind. e.mu is held.
func (e *Ether) reach(s *scan, serviceData []byte) {
	heard := [][]byte{serviceData}
	if e.Distort != nil {
		heard = e.Distort(slices.Clone(serviceData))
	}
	deliver := func() {
		for _, b := range heard {
			s.queue = append(s.queue, slices.Clone(b))
		}
		s.notify()
	}
	if e.Delay == 0 {
		deliver()
		return
	}
	time.AfterFunc(e.Delay, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		deliver()
	})
}

func (s *scan) notify() {
	select {
	case s.more <- struct{}{}:
	default:
	}
}

// listen hands what s hears to heard.
func (e *Ether) listen(ctx context.Context, s *scan, heard func([]byte)) error {
	for {
		e.mu.Lock()
		queue, broken := s.queue, s.broken
		s.queue = nil
		e.mu.Unlock()
		for _, b := range queue {
			select {
			case <-ctx.Done():
				return nil
			default:
			}
			heard(b)
			clear(b) // it was lent for the call
		}
		if broken {
			return ErrRadio
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.more:
		}
	}
}
