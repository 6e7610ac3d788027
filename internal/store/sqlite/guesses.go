package sqlite

import (
	"crypto/sha256"
	"net/netip"

	"github.com/hitherauth/hither/internal/account"
)

// maxGuesses is how many subjects have a row of their own. Beyond it new ones
// share the row of a wider network, or of other names, so that a flood from
// very many networks neither fills the disk nor shuts everybody out.
const maxGuesses = 32_768

const guessWindow = int64(account.GuessWindow / 1e6) // milliseconds

// guess is a try that is being judged: its budgets as they were found.
type guess struct {
	conn    *conn
	at      int64
	budgets []budget
}

// budget is full at fullAt: each wrong guess moves that moment by interval, and
// it must not lie further ahead than the window.
type budget struct {
	kind     string
	subject  []byte
	fullAt   int64
	interval int64
	stored   bool // has a row
}

// guessing looks whether one more wrong guess is left: *account.GuessError
// otherwise. What can be guessed in earnest is looked at only afterwards.
func (c *conn) guessing(g account.Guess) (*guess, error) {
	p := &guess{conn: c, at: millis(g.At)}
	if err := p.find("prefix", prefix(g.Address), widePrefix(g.Address), account.GuessesPerPrefix); err != nil {
		return nil, err
	}
	if g.Account != "" {
		name := sha256.Sum256([]byte(account.FoldName(g.Account)))
		if err := p.find("account", name[:16], name[:2], account.GuessesPerAccount); err != nil {
			return nil, err
		}
	}
	wait := int64(0)
	for _, b := range p.budgets {
		wait = max(wait, max(b.fullAt, p.at)+b.interval-p.at-guessWindow)
	}
	if wait > 0 {
		// A moment from a clock that was wrong is put right by Sweep.
		return nil, &account.GuessError{RetryAfter: duration(min(wait, guessWindow))}
	}
	return p, nil
}

// wrong counts the guess. The answer is kept with what it leaves behind.
func (p *guess) wrong(answer error) error {
	const query = `INSERT INTO guess (kind, subject, full_at) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET full_at = excluded.full_at`
	for _, b := range p.budgets {
		if _, err := p.conn.exec(query, b.kind, b.subject, max(b.fullAt, p.at)+b.interval); err != nil {
			return err
		}
		if b.stored {
			continue
		}
		if _, err := p.conn.exec(`UPDATE system SET guesses = guesses + 1 WHERE only = 1`); err != nil {
			return err
		}
	}
	return &kept{answer}
}

// find adds the budget of a subject, or of the wider one that it belongs to.
func (p *guess) find(kind string, subject, wide []byte, limit int64) error {
	b := budget{kind: kind, subject: subject, interval: guessWindow / limit}
	err := p.read(&b)
	if err != nil {
		return err
	}
	if !b.stored {
		full, err := p.conn.get(`SELECT 1 FROM system WHERE only = 1 AND guesses >= ?`, []any{maxGuesses}, new(int64))
		if err != nil {
			return err
		}
		if full {
			b.kind, b.subject = "wide "+kind, wide
			if err := p.read(&b); err != nil {
				return err
			}
		}
	}
	p.budgets = append(p.budgets, b)
	return nil
}

func (p *guess) read(b *budget) (err error) {
	b.stored, err = p.conn.get(`SELECT full_at FROM guess WHERE kind = ? AND subject = ?`, []any{b.kind, b.subject}, &b.fullAt)
	return err
}

// widePrefix is about what the largest providers have: a /16, or a /20.
func widePrefix(a netip.Addr) []byte { return network(a, 16, 20) }
