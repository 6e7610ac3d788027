package hybrid

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/hitherauth/hither/hybrid/internal/noise"
)

// maxMessage is how long a message on the data channel may be, in bytes.
const maxMessage = 1 << 20

// sealedChannel is a data channel after the handshake. Any number of goroutines
// may send, one may receive. After an error of either it is of no use: a number
// of the sequence is spent, and the other end has not seen it.
type sealedChannel struct {
	channel DataChannel
	session *noise.Session
	write   time.Duration // how long the other end may take to accept a message

	mu sync.Mutex // orders records and their sequence numbers
}

func newSealedChannel(channel DataChannel, session *noise.Session, write time.Duration) *sealedChannel {
	return &sealedChannel{channel: channel, session: session, write: write}
}

// send encrypts a padded plaintext and sends it.
func (s *sealedChannel) send(ctx context.Context, plaintext []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	record, err := sealRecord(s.session.Send, plaintext)
	if err != nil {
		return err
	}
	if len(record) > maxMessage {
		return fmt.Errorf("the message has %d bytes, and %d are allowed", len(record), maxMessage)
	}
	ctx, explain, stop := limited(ctx, s.write, ErrSilent)
	defer stop()
	return explain(s.channel.Send(ctx, record))
}

// receive waits for a message and decrypts it. One that does not decrypt is
// ErrProtocol, and the last.
func (s *sealedChannel) receive(ctx context.Context) ([]byte, error) {
	record, err := s.channel.Receive(ctx)
	if err != nil {
		return nil, err
	}
	plaintext, err := openRecord(s.session.Receive, record)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrProtocol, err)
	}
	return plaintext, nil
}

// early makes an orderly end an error where the other end has not said yet what
// it had to say.
func early(err error) error {
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: the other end is gone", ErrClosed)
	}
	return err
}
