package relay

import (
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// masked is a client's frame of less than 126 bytes under a mask of zeros.
func masked(first byte, payload string) []byte {
	return append([]byte{first, 0x80 | byte(len(payload)), 0, 0, 0, 0}, payload...)
}

// chatter is a connection whose other end reads all and says frame again and
// again for as long as anybody hears it.
func chatter(t *testing.T, frame []byte) net.Conn {
	t.Helper()
	ours, theirs := net.Pipe()
	var talk sync.WaitGroup
	t.Cleanup(func() {
		theirs.Close()
		talk.Wait()
	})
	talk.Go(func() { _, _ = io.Copy(io.Discard, theirs) })
	talk.Go(func() {
		for {
			if _, err := theirs.Write(frame); err != nil {
				return
			}
			time.Sleep(1500 * time.Millisecond) // less than lingerTime, and than a listener's frames allow
		}
	})
	return ours
}

// TestHostileGoodbye: who goes on talking after a goodbye is hung up on all the same.
// Nothing counts its connection any more.
func TestHostileGoodbye(t *testing.T) {
	t.Parallel()
	for name, frame := range map[string][]byte{
		"HYB-25/messages": masked(0x82, "more"),
		"HYB-25/empty":    masked(0x82, ""),
		"HYB-25/pings":    masked(0x89, ""),
		"HYB-25/pieces":   masked(0x02, "more"),
		"HYB-25/trickle":  {0x82},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, run := range map[string]func(*socket){
				"party": func(s *socket) { s.finish(nil) },
				"phone": func(s *socket) {
					s.quiet, s.refill = 2*time.Minute, listenerFrames
					var m *message
					var err error
					for err == nil {
						m, err = s.read(func() int { return listenerMessage })
						m.free()
					}
					s.finish(err)
				},
			} {
				synctest.Test(t, func(t *testing.T) {
					s := newSocket(chatter(t, frame), &bank{limit: 1 << 20}, Limits{}.withDefaults())
					s.frames = 1 << 20
					began := time.Now()
					s.shut(codePolicy)
					run(s)
					if took := time.Since(began); took > farewellTime+lingerTime {
						t.Errorf("it took %v", took)
					}
				})
			}
		})
	}
}

// TestHostileLastMessage: nobody waits for what comes after the end, so nothing of it
// is kept.
func TestHostileLastMessage(t *testing.T) {
	t.Parallel()
	t.Run("HYB-23/after_the_end", func(t *testing.T) {
		t.Parallel()
		ours, theirs := net.Pipe()
		k := &bank{limit: 1 << 20}
		s := newSocket(ours, k, Limits{}.withDefaults())
		s.frames = 10
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.finish(nil)
		}()
		const size = 1 << 19
		announced := []byte{0x82, 0xff, 0, 0, 0, 0, 0, size >> 16, 0, 0, 0, 0, 0, 0}
		for _, b := range [][]byte{announced, make([]byte, size-1)} {
			if _, err := theirs.Write(b); err != nil {
				t.Fatal(err)
			}
		}
		if lent := k.lent.Load(); lent != 0 {
			t.Errorf("%d bytes are lent for nobody", lent)
		}
		// The goodbye behind it is found.
		if _, err := theirs.Write(append([]byte{0}, masked(0x88, "\x03\xe8")...)); err != nil {
			t.Fatal(err)
		}
		<-done
		theirs.Close()
	})
}

// TestLimitsOfMessages: a limit that shrinks under a message would be none.
func TestLimitsOfMessages(t *testing.T) {
	t.Parallel()
	l := Limits{MessageBytes: 1000}.withDefaults()
	if l.FirstMessageBytes != 1000 {
		t.Errorf("the first messages may have %d bytes, all others 1000", l.FirstMessageBytes)
	}
}
