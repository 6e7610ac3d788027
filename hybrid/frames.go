package hybrid

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// frameType is the first byte of each plaintext but the first that the phone
// sends, CTAP 2.2 §11.5.
type frameType byte

const (
	frameShutdown frameType = 0 // client platform → phone; empty
	frameCTAP     frameType = 1 // command byte ‖ CBOR, or status byte ‖ CBOR
	frameUpdate   frameType = 2 // phone → client platform; see update
	frameJSON     frameType = 3 // JSON, of digital credentials
)

// frame is the plaintext of a record: type ‖ payload.
type frame struct {
	kind    frameType
	payload []byte
}

// append appends the plaintext to b.
func (f frame) append(b []byte) []byte { return append(append(b, byte(f.kind)), f.payload...) }

// parseFrame reads a plaintext; the payload shares its memory. An unknown type is
// an error, as for Chromium: there is no telling whether it wants an answer.
// Something behind a shutdown is tolerated, since it changes nothing.
func parseFrame(plaintext []byte) (frame, error) {
	if len(plaintext) == 0 {
		return frame{}, errors.New("a frame without a type")
	}
	f := frame{kind: frameType(plaintext[0]), payload: plaintext[1:]}
	switch f.kind {
	case frameShutdown, frameUpdate:
		return f, nil
	case frameCTAP:
		if len(f.payload) == 0 {
			return frame{}, errors.New("a CTAP frame without a command or a status")
		}
		return f, nil
	case frameJSON:
		if len(f.payload) == 0 || !utf8.Valid(f.payload) {
			return frame{}, errors.New("a JSON frame without text")
		}
		return f, nil
	default:
		return frame{}, fmt.Errorf("a frame of the unknown type %d", plaintext[0])
	}
}
