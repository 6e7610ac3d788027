package hybrid

import (
	"errors"
	"fmt"

	"github.com/hitherauth/hither/hybrid/internal/noise"
)

// Records are the messages after the handshake, CTAP 2.2 §11.5: AES-256-GCM with a
// sequence number as nonce, one record in one message of the data channel. The
// plaintext is padded with zeros and a byte that counts them, to a multiple of
// paddingUnit; it always gains a byte.
const paddingUnit = 32

// sealRecord makes the next record of a direction.
func sealRecord(state *noise.CipherState, plaintext []byte) ([]byte, error) {
	zeros := paddingUnit - 1 - len(plaintext)%paddingUnit
	padded := make([]byte, len(plaintext)+zeros+1, len(plaintext)+zeros+1+noise.Overhead)
	copy(padded, plaintext)
	padded[len(padded)-1] = byte(zeros)
	return state.Seal(padded[:0], padded)
}

// openRecord reads the next record of a direction, and overwrites it. After its
// first error the direction is over.
//
// Only the last byte says how much is padding. There are clients that pad before
// they put the type of a frame in front, so that their plaintexts are not a
// multiple of anything.
func openRecord(state *noise.CipherState, record []byte) ([]byte, error) {
	padded, err := state.Open(record[:0], record)
	if err != nil {
		return nil, err
	}
	if len(padded) == 0 {
		return nil, state.Break(errors.New("a record is empty, without padding"))
	}
	padding := int(padded[len(padded)-1]) + 1
	if padding > len(padded) {
		return nil, state.Break(fmt.Errorf("a record of %d bytes says that it has %d of padding", len(padded), padding))
	}
	return padded[:len(padded)-padding], nil
}
