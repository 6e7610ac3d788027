package relay

import (
	"sync"
	"sync/atomic"
)

// smallBuffer is how much of a message is held without being asked for: more than
// nearly all messages of a sign-in have.
const smallBuffer = 2 << 10

// bank lends memory for messages. Beyond smallBuffer each, all of them share what
// the bank has; so memory follows what has arrived, up to a sum.
type bank struct {
	limit int64
	lent  atomic.Int64
	small sync.Pool // of *[smallBuffer]byte
}

// message is one that is arriving, or has. Its first serverHeader bytes are free.
type message struct {
	bank *bank
	b    []byte
	lent int64
	pool *[smallBuffer]byte
}

func (k *bank) message() *message {
	pool, ok := k.small.Get().(*[smallBuffer]byte)
	if !ok {
		pool = new([smallBuffer]byte)
	}
	return &message{bank: k, b: pool[:serverHeader], pool: pool}
}

// len is how long the message is so far; none is 0.
func (m *message) len() int {
	if m == nil {
		return 0
	}
	return len(m.b) - serverHeader
}

func (m *message) payload() []byte { return m.b[serverHeader:] }

// room is where up to n more bytes may go: at least one, and no more than four
// times as much as there is already.
func (m *message) room(n int) ([]byte, error) {
	if len(m.b) == cap(m.b) {
		size := min(len(m.b)+n, 4*cap(m.b))
		if m.bank.lent.Add(int64(size)) > m.bank.limit {
			m.bank.lent.Add(-int64(size))
			return nil, breach{crowded, codeTryAgain}
		}
		grown := make([]byte, len(m.b), size)
		copy(grown, m.b)
		m.free()
		m.b, m.lent = grown, int64(size)
	}
	return m.b[len(m.b):min(cap(m.b), len(m.b)+n)], nil
}

// free gives everything back. It may be called twice, and for none.
func (m *message) free() {
	if m == nil {
		return
	}
	m.bank.lent.Add(-m.lent)
	if m.pool != nil {
		m.bank.small.Put(m.pool)
	}
	m.b, m.lent, m.pool = nil, 0, nil
}
