package relay

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	readBuffer   = 512             // of an idle connection
	farewellTime = time.Second     // to say goodbye to a party that does not read
	lingerTime   = 2 * time.Second // for a party to answer a goodbye
)

// socket is a party's connection, the server's half of a WebSocket (RFC 6455). One
// goroutine reads.
type socket struct {
	conn    net.Conn
	r       *bufio.Reader
	bank    *bank
	backlog time.Duration // for a write
	message time.Duration // from a message's first byte to its last
	quiet   time.Duration // between frames, if not 0

	frames   int       // how many may still come
	refill   int       // how many may come in a minute, if not 0
	refilled time.Time // when that minute began

	writing sync.Mutex
	broken  bool                      // half a frame has left: guarded by writing
	closing atomic.Pointer[time.Time] // a close frame has left, or is about to; when reading ends
}

func newSocket(conn net.Conn, k *bank, l Limits) *socket {
	s := &socket{conn: conn, r: bufio.NewReaderSize(conn, readBuffer), bank: k, backlog: l.Backlog, message: l.Message}
	below := conn
	if t, ok := conn.(*tls.Conn); ok {
		below = t.NetConn()
	}
	if tcp, ok := below.(*net.TCPConn); ok {
		// What waits for a party waits in the system, which would take megabytes. An
		// error leaves it so.
		_ = tcp.SetWriteBuffer(l.BacklogBytes)
		_ = tcp.SetReadBuffer(l.BacklogBytes)
	}
	return s
}

// read waits for the next message of up to limit() bytes, which is asked when a
// piece of one arrives. Pings are answered. The error is a breach or a farewell.
func (s *socket) read(limit func() int) (*message, error) {
	var m *message
	hurried := false
	for {
		h, err := s.nextFrame(m != nil)
		if err == nil && h.opcode&bitControl != 0 {
			if err = s.control(h); err == nil {
				continue
			}
		}
		if err == nil {
			err = allowed(h, m, limit())
		}
		if err == nil && m == nil {
			m = s.bank.message() // only now: most connections are silent
		}
		if err == nil && !hurried && (!h.fin || h.length > uint64(s.r.Buffered())) { //nolint:gosec // G115: a number of bytes
			hurried = true
			s.readBy(s.message)
		}
		if err == nil {
			err = s.payload(m, h)
		}
		if err != nil {
			m.free()
			return nil, s.explain(err)
		}
		if h.fin {
			break
		}
	}
	if hurried {
		s.readBy(0)
	}
	return m, nil
}

// allowed says why a frame must not come after m, the part of a message that is
// there already, if any.
func allowed(h header, m *message, limit int) error {
	switch {
	case (m != nil) != (h.opcode == opContinuation):
		return breach{protocolError, codeProtocol}
	case h.opcode == opText:
		return breach{text, codeUnsupported}
	case h.length > uint64(limit-m.len()): //nolint:gosec // G115: there is no more of m than the limit
		return breach{tooBig, codeTooBig}
	default:
		return nil
	}
}

// nextFrame waits for a frame. Each counts, those without content too.
func (s *socket) nextFrame(began bool) (header, error) {
	if s.quiet > 0 && !began {
		s.readBy(s.quiet)
	}
	h, err := readHeader(s.r)
	if err != nil {
		return header{}, err
	}
	if s.refill > 0 && time.Since(s.refilled) > time.Minute {
		s.frames, s.refilled = s.refill, time.Now()
	}
	if s.frames--; s.frames < 0 {
		return header{}, breach{overQuota, codePolicy}
	}
	return h, nil
}

// payload reads what h announces to the end of m, which grows as it arrives.
func (s *socket) payload(m *message, h header) error {
	for offset := 0; offset < int(h.length); { //nolint:gosec // G115: no more than limit()
		room, err := m.room(int(h.length) - offset) //nolint:gosec // G115: as above
		if err != nil {
			return err
		}
		if _, err := io.ReadFull(s.r, room); err != nil {
			return err
		}
		unmask(room, h.mask, offset)
		m.b = m.b[:len(m.b)+len(room)]
		offset += len(room)
	}
	return nil
}

// control takes a control frame.
func (s *socket) control(h header) error {
	peeked, err := s.r.Peek(int(h.length)) //nolint:gosec // G115: at most 125
	if err != nil {
		return err
	}
	b := make([]byte, serverHeader, serverHeader+maxControl)
	b = append(b, peeked...)
	unmask(b[serverHeader:], h.mask, 0)
	if _, err := s.r.Discard(len(peeked)); err != nil {
		return err
	}
	switch h.opcode {
	case opPing:
		if err := s.send(b, opPong); !errors.Is(err, errClosing) {
			return err
		}
		return nil
	case opClose:
		code, err := closeCode(b[serverHeader:])
		if err != nil {
			return err
		}
		return farewell(code)
	default:
		return nil
	}
}

// readBy gives reads so much time, or with 0 all the time. A party that has been
// told goodbye gets no more than it had then, whatever it says: nothing counts its
// connection any more.
func (s *socket) readBy(d time.Duration) {
	var by time.Time
	if d > 0 {
		by = time.Now().Add(d)
	}
	_ = s.conn.SetReadDeadline(by)
	if last := s.closing.Load(); last != nil {
		_ = s.conn.SetReadDeadline(*last)
	}
}

// errClosing says that nothing can be sent any more, for a reason that somebody
// else is about to tell.
var errClosing = errors.New("relay: the connection is closing")

// explain makes a breach of whatever ended a read.
func (s *socket) explain(err error) error {
	if _, ok := errors.AsType[breach](err); ok {
		return err
	}
	if _, ok := errors.AsType[farewell](err); ok {
		return err
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return breach{slow, codePolicy}
	}
	return breach{lost, 0}
}

// send sends a frame, whose first serverHeader bytes are free. It gives a party
// that does not read some time.
func (s *socket) send(b []byte, opcode byte) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.closing.Load() != nil {
		return errClosing
	}
	_ = s.conn.SetWriteDeadline(time.Now().Add(s.backlog))
	if _, err := s.conn.Write(frame(b, opcode)); err != nil {
		s.broken = true
		return s.explain(err)
	}
	return nil
}

// shut tells the party goodbye with code, without one if it is 0 or codeNoStatus,
// once. Who reads then reads on for farewellTime and lingerTime at most.
func (s *socket) shut(code uint16) {
	last := time.Now().Add(farewellTime + lingerTime)
	if !s.closing.CompareAndSwap(nil, &last) {
		return
	}
	_ = s.conn.SetWriteDeadline(time.Now().Add(farewellTime)) // for whoever is writing, too
	s.writing.Lock()
	defer s.writing.Unlock()
	if !s.broken {
		b := make([]byte, serverHeader, serverHeader+2)
		if code != 0 && code != codeNoStatus {
			b = binary.BigEndian.AppendUint16(b, code)
		}
		_, _ = s.conn.Write(frame(b, opClose))
	}
	_ = s.conn.SetReadDeadline(last)
}

// finish reads until the party has said goodbye too, or has had lingerTime for it,
// and hangs up. Hanging up while something arrives would take back what was sent
// last. err is what the last read said.
func (s *socket) finish(err error) {
	if b, ok := errors.AsType[breach](err); ok && b.reason != lost {
		// Where the next frame begins is not known, so neither will be the goodbye.
		s.writing.Lock()
		if half, ok := s.conn.(interface{ CloseWrite() error }); ok && !s.broken {
			_ = half.CloseWrite()
		}
		s.writing.Unlock()
		_, _ = io.Copy(io.Discard, s.r)
	}
	for err == nil {
		err = s.skip()
	}
	_ = s.conn.Close()
}

// skip reads a frame of which nothing is kept.
func (s *socket) skip() error {
	h, err := s.nextFrame(true)
	switch {
	case err != nil:
		return err
	case h.opcode&bitControl != 0:
		return s.control(h)
	}
	_, err = io.CopyN(io.Discard, s.r, int64(h.length)) //nolint:gosec // G115: readHeader takes no more
	return err
}
