package relay

import (
	"bufio"
	"encoding/binary"
	"math"
)

// Opcodes of RFC 6455 §5.2.
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xa
)

// Codes of RFC 6455 §7.4.1.
const (
	codeNormal      = 1000
	codeGoingAway   = 1001
	codeProtocol    = 1002
	codeUnsupported = 1003
	codeNoStatus    = 1005 // stands for a close frame without a code; never sent
	codePolicy      = 1008
	codeTooBig      = 1009
	codeTryAgain    = 1013
)

const (
	maxControl   = 125
	clientHeader = 14 // the longest: two bytes, a length of eight, a mask of four
	serverHeader = 10 // the longest: a server does not mask

	bitFin     = 0x80
	bitsRSV    = 0x70
	bitsOpcode = 0x0f
	bitControl = 0x08
	bitMasked  = 0x80
	bitsLength = 0x7f
	length16   = 126 // the length is in the next two bytes
	length64   = 127 // the length is in the next eight bytes
)

// header is how a frame of a client begins.
//
//	F RSV opcode | 1 length(7) | length, if 126: 2 bytes, if 127: 8 bytes | mask, 4 bytes
type header struct {
	fin    bool
	opcode byte
	length uint64
	mask   [4]byte
}

// readHeader reads the header of a client's frame and refuses what no client may
// send: reserved bits (no extension is spoken), unknown opcodes, no mask, a length
// in more bytes than it needs, control frames in pieces or of more than 125 bytes.
// See RFC 6455 §5.2 and §5.5.
func readHeader(r *bufio.Reader) (header, error) {
	b, err := r.Peek(2)
	if err != nil {
		return header{}, err
	}
	h := header{fin: b[0]&bitFin != 0, opcode: b[0] & bitsOpcode, length: uint64(b[1] & bitsLength)}
	control := h.opcode&bitControl != 0
	switch {
	case b[0]&bitsRSV != 0, b[1]&bitMasked == 0:
		return header{}, breach{protocolError, codeProtocol}
	case h.opcode > opPong, h.opcode > opBinary && !control:
		return header{}, breach{protocolError, codeProtocol}
	case control && (!h.fin || h.length > maxControl):
		return header{}, breach{protocolError, codeProtocol}
	}
	size, least := 2, uint64(0)
	switch h.length {
	case length16:
		size, least = 4, length16
	case length64:
		size, least = 10, math.MaxUint16+1
	}
	if b, err = r.Peek(size + len(h.mask)); err != nil {
		return header{}, err
	}
	switch size {
	case 4:
		h.length = uint64(binary.BigEndian.Uint16(b[2:]))
	case 10:
		h.length = binary.BigEndian.Uint64(b[2:])
	}
	if h.length < least || h.length > math.MaxInt64 {
		return header{}, breach{protocolError, codeProtocol}
	}
	copy(h.mask[:], b[size:])
	_, err = r.Discard(size + len(h.mask))
	return h, err
}

// frame makes one frame of b, whose first serverHeader bytes are room for the
// header, in place.
func frame(b []byte, opcode byte) []byte {
	n := len(b) - serverHeader
	switch {
	case n < length16:
		b = b[serverHeader-2:]
		b[1] = byte(n) //nolint:gosec // G115: at most 125
	case n <= math.MaxUint16:
		b = b[serverHeader-4:]
		b[1] = length16
		binary.BigEndian.PutUint16(b[2:], uint16(n))
	default:
		b[1] = length64
		binary.BigEndian.PutUint64(b[2:], uint64(n))
	}
	b[0] = bitFin | opcode
	return b
}

// unmask takes the mask off b, whose first byte is the payload's at offset. See
// RFC 6455 §5.3.
func unmask(b []byte, mask [4]byte, offset int) {
	var turned [8]byte
	for i := range turned {
		turned[i] = mask[(offset+i)&3]
	}
	word := binary.NativeEndian.Uint64(turned[:])
	for len(b) >= 8 {
		binary.NativeEndian.PutUint64(b, binary.NativeEndian.Uint64(b)^word)
		b = b[8:]
	}
	for i := range b {
		b[i] ^= turned[i]
	}
}

// closeCode is the code in a close frame's payload. See RFC 6455 §7.4.
func closeCode(payload []byte) (uint16, error) {
	if len(payload) == 0 {
		return codeNoStatus, nil
	}
	if len(payload) == 1 {
		return 0, breach{protocolError, codeProtocol}
	}
	code := binary.BigEndian.Uint16(payload)
	defined := code >= 1000 && code <= 1014 && (code < 1004 || code > 1006)
	if !defined && (code < 3000 || code > 4999) {
		return 0, breach{protocolError, codeProtocol}
	}
	return code, nil
}
