package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2" //nolint:depguard // both ends must draw the same messages
	"net"
	"net/http"
	"time"
)

const (
	stamp   = 8    // bytes at the front of a message: when it was sent
	longest = 2048 // a message; most are shorter by far
)

// end is one end of a tunnel: as little of a WebSocket as measuring takes, so that
// the load's own work does not stand in front of the relay's.
type end struct {
	net.Conn
	r    *bufio.Reader
	says *rand.Rand // what this end sends
}

// dial comes to the relay, from an address of this process alone: each has only so
// many ports.
func dial(ctx context.Context, process int, address, path string) (*end, string, error) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(1+process))}}
	conn, err := d.DialContext(ctx, "tcp4", address)
	if err != nil {
		return nil, "", err
	}
	_, err = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: fido.cable\r\n\r\n", path, address)
	if err != nil {
		return nil, "", err
	}
	e := newEnd(conn)
	answer, err := http.ReadResponse(e.r, nil)
	if err != nil {
		return nil, "", err
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusSwitchingProtocols {
		return nil, "", fmt.Errorf("the relay answered %s", answer.Status)
	}
	return e, answer.Header.Get("X-caBLE-Routing-ID"), nil
}

func newEnd(conn net.Conn) *end { return &end{Conn: conn, r: bufio.NewReaderSize(conn, 512)} }

// send sends the next random message. Its frame has a mask, as a client's must.
func (e *end) send(b []byte, now time.Duration) error {
	n := fill(e.says, b[8:])
	binary.BigEndian.PutUint64(b[8:], uint64(now))
	b[0], b[1] = 0x82, 0x80|126
	binary.BigEndian.PutUint16(b[2:], uint16(n))
	copy(b[4:8], "mask")
	for i := range b[8 : 8+n] {
		b[8+i] ^= "mask"[i&3]
	}
	_, err := e.Write(b[:8+n])
	return err
}

// fill makes the next random message in b: of 126 to 2,048 bytes, most of them short.
func fill(r *rand.Rand, b []byte) int {
	n := 126 + r.IntN((longest-126)>>r.IntN(6)+1)
	for i := stamp; i < n; i += 8 {
		var word [8]byte
		binary.LittleEndian.PutUint64(word[:], r.Uint64())
		copy(b[i:n], word[:])
	}
	return n
}

// receive reads a frame into b.
func (e *end) receive(b []byte) (int, error) {
	head, err := e.r.Peek(2)
	if err != nil {
		return 0, err
	}
	n, masked := int(head[1]&0x7f), head[1]&0x80 != 0
	if head[0] != 0x82 {
		return 0, fmt.Errorf("a frame that begins with %x", head[0])
	}
	size := 2
	if n == 126 {
		size = 4
		if head, err = e.r.Peek(size); err != nil {
			return 0, err
		}
		n = int(binary.BigEndian.Uint16(head[2:]))
	}
	if masked { // from the other end itself
		size += 4
	}
	if n > longest {
		return 0, errors.New("a frame that is too long")
	}
	if _, err := e.r.Discard(size); err != nil {
		return 0, err
	}
	_, err = io.ReadFull(e.r, b[:n])
	if masked {
		for i := range b[:n] {
			b[i] ^= "mask"[i&3]
		}
	}
	return n, err
}
