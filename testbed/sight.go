package testbed

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/hitherauth/hither/hybrid"
)

// glance is how often a phone looks at the screen.
const glance = 50 * time.Millisecond

// phones is what the phones of a bed have in common: numbers, and which of them has
// taken which QR code.
type phones struct {
	mu      sync.Mutex
	made    int
	scans   int
	taken   map[string]bool // texts of QR codes
	tried   map[string]bool // those that were taken, and nobody came
	waiting int             // phones that have none yet
}

func newPhones() *phones { return &phones{taken: map[string]bool{}, tried: map[string]bool{}} }

func (p *phones) newPhone() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.made++
	return "phone-" + strconv.Itoa(p.made)
}

func (p *phones) newScan() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.scans++
	return "scan-" + strconv.Itoa(p.scans)
}

// take takes a QR code, unless it is taken.
func (p *phones) take(text string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken[text] {
		return false
	}
	p.taken[text] = true
	return true
}

// takeNewer is take, for a phone that has one. Those that have none come first.
func (p *phones) takeNewer(text string) bool {
	p.mu.Lock()
	waiting := p.waiting
	p.mu.Unlock()
	return waiting == 0 && p.take(text)
}

// giveBack makes a QR code that nobody came for one that can be taken.
func (p *phones) giveBack(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.taken, text)
	p.tried[text] = true
}

// freshFirst has those which nobody has tried before the others: a page may show a QR
// code for ever that nobody is behind.
func (p *phones) freshFirst(texts []string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var fresh, tried []string
	for _, text := range texts {
		if p.tried[text] {
			tried = append(tried, text)
		} else {
			fresh = append(fresh, text)
		}
	}
	return append(fresh, tried...)
}

// wait counts a phone that has no QR code, until it is called again with -1.
func (p *phones) wait(more int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting += more
}

// search looks at the screen until there is a QR code that nobody has taken.
func (p *Phone) search(ctx context.Context) (text string, qr hybrid.QRCode, err error) {
	ctx, stop := p.within(ctx)
	defer stop()
	p.bed.phones.wait(1)
	defer p.bed.phones.wait(-1)
	p.bed.diary.note(Event{Phone: p.id, Kind: "looking"})
	tick := time.NewTicker(glance)
	defer tick.Stop()
	for ctx.Err() == nil {
		seen, err := p.bed.look()
		if err != nil {
			return "", hybrid.QRCode{}, err
		}
		for _, text := range p.bed.phones.freshFirst(seen) {
			// What a page shows for something else is no concern of a phone.
			if qr, err := hybrid.ParseQRCode(text); err == nil && p.bed.phones.take(text) {
				return text, qr, nil
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	return "", hybrid.QRCode{}, fmt.Errorf("%w: %w", ErrNoQRCode, context.Cause(ctx))
}

// newer looks at the screen until the QR code with that text is gone and there is
// another one, and takes it: the first was that of a request which is over. The
// result is "" when ctx is done, or a browser was met.
func (p *Phone) newer(ctx context.Context, met <-chan struct{}, text string) string {
	tick := time.NewTicker(glance)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-met:
			return ""
		case <-ctx.Done():
			return ""
		}
		seen, err := p.bed.look()
		if err != nil || slices.Contains(seen, text) {
			continue
		}
		for _, text := range seen {
			if _, err := hybrid.ParseQRCode(text); err == nil && p.bed.phones.takeNewer(text) {
				return text
			}
		}
	}
}
