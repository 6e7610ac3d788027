package ble

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"
)

// Limits of what is taken from the bus, in bytes. What is decoded takes many times
// as much.
const (
	maxLine    = 16 << 10  // all lines of the authentication together
	maxSignal  = 64 << 10  // a signal; BlueZ's are below 4 KiB
	maxMessage = 256 << 10 // an answer
	maxBus     = 1 << 27   // what a bus may send at all (D-Bus Specification, "Message Format")
)

// writeTimeout is how long a bus may leave us with something to say.
const writeTimeout = 10 * time.Second

// Types of messages (D-Bus Specification, "Message Format").
const (
	typeMethodCall = 1
	typeSignal     = 4
)

// wire is the socket to the bus. It sees where messages begin and end, and lets
// none through that are larger than we want to decode: signals and calls are
// left out, an answer ends the connection.
//
//	offset  0  byte order, 'l' or 'B'
//	        1  type
//	        4  length of the body
//	       12  length of the header's fields, which are padded to 8
type wire struct {
	net.Conn
	calls bool // whether calls of our methods are let through
	in    *bufio.Reader
	began atomic.Bool // authentication is over
	lines int         // bytes of authentication so far
	left  int         // bytes of the present message that were not read yet
}

func newWire(conn net.Conn, calls bool) *wire {
	return &wire{Conn: conn, calls: calls, in: bufio.NewReaderSize(conn, 4096)}
}

// Write sends b. The last line of the authentication is the client's, and
// messages follow it.
func (w *wire) Write(b []byte) (int, error) {
	if err := w.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return 0, err
	}
	if !w.began.Load() && bytes.Equal(b, []byte("BEGIN\r\n")) {
		w.began.Store(true)
	}
	return w.Conn.Write(b)
}

// Read reads lines, and after them nothing but messages that are let through.
func (w *wire) Read(b []byte) (int, error) {
	if !w.began.Load() {
		n, err := w.in.Read(b[:min(len(b), maxLine)])
		if w.lines += n; w.lines > maxLine {
			return 0, errors.New("the bus does not come to an end with authentication")
		}
		return n, err
	}
	if w.left == 0 {
		if err := w.next(); err != nil {
			return 0, err
		}
	}
	n, err := w.in.Read(b[:min(len(b), w.left)])
	w.left -= n
	return n, err
}

// next goes to the beginning of the next message that is let through.
func (w *wire) next() error {
	for {
		head, err := w.in.Peek(16)
		if err != nil {
			if errors.Is(err, io.EOF) && len(head) > 0 {
				return io.ErrUnexpectedEOF
			}
			return err
		}
		size, err := messageSize([16]byte(head))
		if err != nil {
			return err
		}
		tooLarge := size > maxMessage
		switch {
		case head[1] == typeSignal && size > maxSignal, head[1] == typeMethodCall && (tooLarge || !w.calls):
			if _, err := w.in.Discard(size); err != nil {
				return err
			}
		case tooLarge:
			return fmt.Errorf("an answer of %d bytes", size)
		default:
			w.left = size
			return nil
		}
	}
}

// messageSize is the size of the message that begins with head.
func messageSize(head [16]byte) (int, error) {
	var order binary.ByteOrder = binary.LittleEndian
	switch head[0] {
	case 'l':
	case 'B':
		order = binary.BigEndian
	default:
		return 0, errors.New("the bus does not speak D-Bus")
	}
	body, fields := uint64(order.Uint32(head[4:])), uint64(order.Uint32(head[12:]))
	size := 16 + (fields+7)/8*8 + body
	if size > maxBus {
		return 0, fmt.Errorf("a message of %d bytes", size)
	}
	return int(size), nil
}
