package relay

import (
	"errors"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/hitherauth/hither/tunnel"
)

// pipe is a tunnel: two parties, of whom the first is the phone, and their time.
// What is not said to be otherwise is guarded by Relay.mu.
type pipe struct {
	relay   *Relay
	id      tunnel.ID        // never changes
	routing tunnel.RoutingID // never changes
	prefix  netip.Prefix     // of who opened it; never changes

	state   state
	parties [2]*party
	timer   *time.Timer
	waker   *listener // who may refuse it, if it is for a wake-up

	taken  chan struct{} // closed when the phone is there
	joined chan struct{} // closed when both are there
	over   chan struct{} // closed when it has ended, after why was set
	why    reason

	began   time.Time    // when both were there; never changes after joined was closed
	touched atomic.Int64 // when the last message came, in nanoseconds since began
	moved   [2]atomic.Int64
}

type state byte

const (
	waiting state = iota // for a connect
	claimed              // a connect has come and is being answered
	passing              // both are there
	ended
)

// party is one end of a pipe.
type party struct {
	*socket
	pipe  *pipe
	index int
	spoke atomic.Bool // it has sent a message
}

// attach makes p the next party, unless the pipe has ended.
func (t *pipe) attach(p *party) bool {
	r := t.relay
	r.mu.Lock()
	defer r.mu.Unlock()
	if t.state == ended {
		return false
	}
	if t.parties[0] == nil {
		t.parties[0] = p
		close(t.taken)
		return true
	}
	t.parties[1] = p
	t.state = passing
	r.leaveWaiting(t.prefix)
	t.began = time.Now()
	t.timer.Reset(min(r.limits.Life, r.limits.Idle))
	close(t.joined)
	return true
}

// tick ends the pipe if its time is over, and else looks again when it may be.
func (t *pipe) tick() {
	r := t.relay
	r.mu.Lock()
	why := unmet
	if t.state == passing {
		age := time.Since(t.began)
		life := r.limits.Life - age
		silence := r.limits.Idle - (age - time.Duration(t.touched.Load()))
		if life > 0 && silence > 0 {
			t.timer.Reset(min(life, silence))
			r.mu.Unlock()
			return
		}
		why = idle
		if life <= 0 {
			why = overLife
		}
	}
	first := t.stop(why)
	r.mu.Unlock()
	if first {
		t.tell()
	}
}

// end ends the pipe, once, and tells the parties that are still there.
func (t *pipe) end(why reason) {
	t.relay.mu.Lock()
	first := t.stop(why)
	t.relay.mu.Unlock()
	if first {
		t.tell()
	}
}

// stop takes the pipe out of the relay's books, once. Relay.mu is held.
func (t *pipe) stop(why reason) (first bool) {
	if t.state == ended {
		return false
	}
	if t.state != passing {
		t.relay.leaveWaiting(t.prefix)
	}
	t.state = ended
	t.why = why
	t.timer.Stop()
	delete(t.relay.pipes, t.id)
	less(t.relay.opened, t.prefix)
	t.relay.judgeEmpty()
	close(t.over)
	return true
}

// tell says that the pipe was stopped.
func (t *pipe) tell() {
	t.relay.metrics.ended(t.why)
	t.relay.logger.Debug("tunnel ended", "reason", string(t.why), "bytes", t.moved[0].Load()+t.moved[1].Load())
	for _, p := range t.parties { // none comes after the stop
		if p != nil {
			p.shut(t.why.toOther())
		}
	}
}

// run moves what p sends to the other party, until one of them ends it.
func (p *party) run() {
	err := p.pass()
	why := finished
	switch b, isBreach := errors.AsType[breach](err); {
	case isBreach && b.reason != lost:
		p.shut(b.code)
		why = b.reason
	case isBreach:
		p.closing.Store(new(time.Time)) // nobody is there to be told
		why = lost
	default:
		if code, ok := errors.AsType[farewell](err); ok {
			p.shut(uint16(code))
			if code != codeNormal && code != codeGoingAway && code != codeNoStatus {
				why = lost
			}
		}
	}
	p.pipe.end(why)
	p.finish(err)
}

// pass is run without the end: nil when somebody else ended the pipe.
func (p *party) pass() error {
	t, l := p.pipe, p.pipe.relay.limits
	var peer *party
	var messages int
	var bytes int64
	limit := func() int {
		// Asked only when both may have spoken.
		if peer != nil && p.spoke.Load() && peer.spoke.Load() {
			return l.MessageBytes
		}
		return l.FirstMessageBytes
	}
	for {
		m, err := p.read(limit)
		if err != nil {
			return err
		}
		// What comes before the other party does waits here, a message at most; the
		// rest waits in the system.
		if peer == nil {
			if peer = p.peer(); peer == nil {
				m.free()
				return nil
			}
		}
		messages++
		bytes += int64(m.len())
		if messages > l.Messages || bytes > l.Bytes {
			m.free()
			return breach{overQuota, codePolicy}
		}
		p.spoke.Store(true)
		t.touched.Store(int64(time.Since(t.began)))
		t.moved[p.index].Store(bytes)
		t.relay.metrics.moved(m.len())
		err = peer.send(m.b, opBinary)
		m.free()
		if err != nil {
			return p.unheard(err)
		}
	}
}

// peer waits for the other party: nil when there will be none.
func (p *party) peer() *party {
	t := p.pipe
	select {
	case <-t.joined:
	case <-t.over:
		return nil
	}
	return t.parties[1-p.index] // as it was when joined was closed
}

// unheard ends the pipe because the other party did not take what p said: it is
// slow, or gone. If it is saying goodbye itself, that is what ends the pipe.
func (p *party) unheard(err error) error {
	if b, ok := errors.AsType[breach](err); ok {
		p.pipe.end(b.reason)
	}
	<-p.pipe.over
	return nil
}
