package relay

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/hitherauth/hither/tunnel"
)

// script is a connection on which these bytes come, and nobody listens.
type script struct {
	net.Conn
	io.Reader
}

func (s script) Read(b []byte) (int, error)       { return s.Reader.Read(b) }
func (script) Write(b []byte) (int, error)        { return len(b), nil }
func (script) SetReadDeadline(_ time.Time) error  { return nil }
func (script) SetWriteDeadline(_ time.Time) error { return nil }

// FuzzFrames reads whatever a stranger may send: messages within the limit, then a
// breach or a farewell, and no memory that is not given back.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("\x82\x83\x00\x00\x00\x00abc\x88\x80\x00\x00\x00\x00"), 3)
	f.Add([]byte("\x02\x81\x01\x02\x03\x04a\x89\x80\x00\x00\x00\x00\x80\x81\x01\x02\x03\x04b"), 100)
	f.Add([]byte("\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00"), 65536)
	f.Add(append([]byte("\x82\xfe\x10\x00\x00\x00\x00\x00"), make([]byte, 4096)...), 4096)
	f.Fuzz(func(t *testing.T, b []byte, limit int) {
		limit = max(limit, 0)
		k := &bank{limit: 1 << 20}
		conn := script{Reader: bytes.NewReader(b)}
		s := &socket{conn: conn, r: bufio.NewReaderSize(conn, readBuffer), bank: k, message: time.Minute, frames: 1000}
		total := 0
		for {
			m, err := s.read(func() int { return limit })
			if err != nil {
				if _, ok := errors.AsType[breach](err); !ok {
					if _, ok := errors.AsType[farewell](err); !ok {
						t.Errorf("ended with %T", err)
					}
				}
				break
			}
			total += m.len()
			if m.len() > limit || total > len(b) {
				t.Errorf("a message of %d bytes, with %d sent and %d allowed", m.len(), len(b), limit)
			}
			if out := frame(m.b, opBinary); len(out) < m.len()+2 {
				t.Errorf("a message of %d bytes became a frame of %d", m.len(), len(out))
			}
			m.free()
		}
		if lent := k.lent.Load(); lent != 0 {
			t.Errorf("%d bytes are lent still", lent)
		}
	})
}

// FuzzClientPayload reads whatever a header may hold: what is taken has the one form
// that there is.
func FuzzClientPayload(f *testing.F) {
	f.Add("A301486C696E6B69642E2E02506E6F6E63652E2E2E2E2E2E2E2E2E2E2E03626761")
	f.Add("a301486C696E6B69642E2E02506E6F6E63652E2E2E2E2E2E2E2E2E2E2E0360")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		req := &http.Request{Header: http.Header{}}
		req.Header.Set(tunnel.ClientPayloadHeader, text)
		b, ok := clientPayload(req)
		if !ok {
			return
		}
		want := append([]byte("\xa3\x01\x48"), b[3:11]...)
		want = append(append(want, "\x02\x50"...), b[13:29]...)
		want = append(append(want, 3, byte(0x60+len(b)-31)), b[31:]...)
		if !bytes.Equal(b, want) || len(b) > 54 || !utf8.Valid(b[31:]) || !strings.EqualFold(hex.EncodeToString(b), text) {
			t.Errorf("took %q", text)
		}
	})
}
