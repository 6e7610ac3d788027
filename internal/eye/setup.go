package eye

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// setup is what a server says about a screen when somebody connects.
type setup struct {
	root     uint32
	depth    byte
	bigFirst bool // the first byte of a pixel is the highest
}

// What each part of the answer takes, in bytes.
const (
	answerHead = 8
	setupHead  = 32
	formatSize = 8
	screenSize = 40
	depthSize  = 8
	visualSize = 24
	pad        = 4
)

func padded(n int) int { return (n + pad - 1) / pad * pad }

// connect greets the server at the other end of conn and shows it the cookie.
func connect(conn io.ReadWriter, cookie []byte, screen int) (setup, error) {
	scheme := cookieScheme
	if cookie == nil {
		scheme = ""
	}
	hello := make([]byte, 12, 12+padded(len(scheme))+padded(len(cookie)))
	hello[0] = 'l' // numbers in what follows are little-endian
	binary.LittleEndian.PutUint16(hello[2:], 11)
	binary.LittleEndian.PutUint16(hello[6:], uint16(len(scheme))) //nolint:gosec // G115: it is short
	binary.LittleEndian.PutUint16(hello[8:], uint16(len(cookie))) //nolint:gosec // G115: it was counted by 16 bits
	hello = append(hello, scheme...)
	hello = append(hello, make([]byte, padded(len(scheme))-len(scheme))...)
	hello = append(hello, cookie...)
	hello = append(hello, make([]byte, padded(len(cookie))-len(cookie))...)
	if _, err := conn.Write(hello); err != nil {
		return setup{}, err
	}
	head := make([]byte, answerHead)
	if _, err := io.ReadFull(conn, head); err != nil {
		return setup{}, err
	}
	body := make([]byte, 4*int(binary.LittleEndian.Uint16(head[6:])))
	if _, err := io.ReadFull(conn, body); err != nil {
		return setup{}, err
	}
	switch head[0] {
	case 1:
		return parseSetup(body, screen)
	case 0:
		reason := body[:min(int(head[1]), len(body))]
		return setup{}, fmt.Errorf("%w: it says %q", errRefused, reason)
	default:
		return setup{}, errRefused
	}
}

var errRefused = errors.New("the X server lets nobody in without its cookie: XAUTHORITY names the file that holds it")

// parseSetup finds the screen in what the server said, and refuses pixels that are
// not of eight bits for each colour in four bytes: there are none elsewhere today.
func parseSetup(b []byte, screen int) (setup, error) {
	short := errors.New("the X server says half of what it should")
	if len(b) < setupHead {
		return setup{}, short
	}
	vendor, screens, formats := int(binary.LittleEndian.Uint16(b[16:])), int(b[20]), int(b[21])
	found := setup{bigFirst: b[22] == 1}
	at := setupHead + padded(vendor)
	if len(b) < at+formats*formatSize {
		return setup{}, short
	}
	if screen >= screens {
		return setup{}, fmt.Errorf("the X server has no screen %d", screen)
	}
	formatList, b := b[at:at+formats*formatSize], b[at+formats*formatSize:]
	for ; ; screen-- {
		if len(b) < screenSize {
			return setup{}, short
		}
		head := b[:screenSize]
		var masks []byte
		b = b[screenSize:]
		for range head[39] { // depths
			if len(b) < depthSize {
				return setup{}, short
			}
			visuals := int(binary.LittleEndian.Uint16(b[2:]))
			b = b[depthSize:]
			if len(b) < visuals*visualSize {
				return setup{}, short
			}
			for ; visuals > 0; visuals-- {
				if string(b[:4]) == string(head[32:36]) { // it is the root window's
					masks = b[8:20]
				}
				b = b[visualSize:]
			}
		}
		if screen > 0 {
			continue
		}
		found.root, found.depth = binary.LittleEndian.Uint32(head), head[38]
		if !trueColour(masks) || !inFourBytes(formatList, found.depth) {
			return setup{}, errors.New("the X server's pixels are not of 24 bits: start it with a screen of depth 24")
		}
		return found, nil
	}
}

func trueColour(masks []byte) bool {
	return len(masks) == 12 && binary.LittleEndian.Uint32(masks) == 0xff0000 &&
		binary.LittleEndian.Uint32(masks[4:]) == 0xff00 && binary.LittleEndian.Uint32(masks[8:]) == 0xff
}

func inFourBytes(formats []byte, depth byte) bool {
	for ; len(formats) > 0; formats = formats[formatSize:] {
		if formats[0] == depth {
			return formats[1] == 32 && formats[2] <= 32
		}
	}
	return false
}
