package testbed

import (
	"context"
	"slices"
	"sync"
	"time"
)

// maxEvents is how many events are kept. A bed may live for days.
const maxEvents = 10_000

// Event is something that happened in a bed. It holds no secret.
type Event struct {
	// ID counts the events of the bed, from 1.
	ID   int
	Time time.Time
	// Phone is the ID of the phone, Scan that of the scan. "": the event is the bed's.
	Phone, Scan string
	// Kind is what happened, for programs: words in lower case, joined by underscores.
	Kind string
	// Detail is more about it, for people.
	Detail string
}

// Events are the events after the one with that ID, in their order. 0: all. The bed
// remembers the last 10,000.
func (b *Bed) Events(after int) []Event {
	events, _ := b.diary.after(after)
	return events
}

// WaitEvents is as Events, and waits until there is one. It is an error when ctx is
// done first, or the bed ends.
func (b *Bed) WaitEvents(ctx context.Context, after int) ([]Event, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(b.ctx, func() { cancel(context.Cause(b.ctx)) })()
	return b.diary.wait(ctx, after)
}

// diary is what has happened, in order.
type diary struct {
	mu     sync.Mutex
	events []Event
	last   int           // the ID of the last one
	more   chan struct{} // closed with the next one
}

func newDiary() *diary { return &diary{more: make(chan struct{})} }

// note gives an event its ID and time, and tells who waits for it.
func (d *diary) note(e Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.last++
	e.ID, e.Time = d.last, time.Now()
	if len(d.events) == maxEvents {
		d.events = slices.Delete(d.events, 0, 1)
	}
	d.events = append(d.events, e)
	close(d.more)
	d.more = make(chan struct{})
}

// after are the events after that one, and what is closed when there are more.
func (d *diary) after(id int) (events []Event, more <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	news := min(d.last-max(0, id), len(d.events))
	return slices.Clone(d.events[len(d.events)-max(0, news):]), d.more
}

// wait is as after, and waits until there is one.
func (d *diary) wait(ctx context.Context, id int) ([]Event, error) {
	for {
		events, more := d.after(id)
		if len(events) > 0 {
			return events, nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}
