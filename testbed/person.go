package testbed

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/hitherauth/hither/authenticator"
)

// Manner is what the person who holds a phone does when it asks them.
type Manner string

// The manners.
const (
	// Agree: they agree at once, or do what PhoneConfig.Verifier says.
	Agree Manner = "agree"
	// Decline: they say no.
	Decline Manner = "decline"
	// Ask: the test is asked, see [Phone.Question] and [Phone.Answer].
	Ask Manner = "ask"
)

// ParseManner reads the text of a manner.
func ParseManner(text string) (Manner, error) {
	if m := Manner(text); slices.Contains([]Manner{Agree, Decline, Ask}, m) {
		return m, nil
	}
	return "", fmt.Errorf("testbed: %.64q is no manner: agree, decline or ask", text)
}

// UnmarshalText is [ParseManner].
func (m *Manner) UnmarshalText(text []byte) (err error) {
	*m, err = ParseManner(string(text))
	return err
}

// person holds a phone.
type person struct {
	verifier authenticator.UserVerifier // nil: agrees

	mu     sync.Mutex
	manner Manner
	asked  *asked        // is for the test to answer; nil: nothing is
	change chan struct{} // closed when asked changes
}

// asked is a question that waits.
type asked struct {
	question authenticator.Question
	answer   chan authenticator.Answer // has room for one
}

func newPerson(verifier authenticator.UserVerifier) *person {
	return &person{verifier: verifier, manner: Agree, change: make(chan struct{})}
}

func (p *person) setManner(m Manner) error {
	m, err := ParseManner(string(m))
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.manner = m
	return nil
}

func (p *person) mannered() Manner {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.manner
}

// Verify is [authenticator.UserVerifier]'s.
func (p *person) Verify(ctx context.Context, q authenticator.Question) (authenticator.Answer, error) {
	switch p.mannered() {
	case Decline:
		return authenticator.Answer{}, nil
	case Ask:
		return p.ask(ctx, q)
	case Agree:
	}
	if p.verifier != nil {
		return p.verifier.Verify(ctx, q)
	}
	return authenticator.Answer{Consented: true, Verified: true}, nil
}

// ask has the test answer.
func (p *person) ask(ctx context.Context, q authenticator.Question) (authenticator.Answer, error) {
	a := &asked{question: q, answer: make(chan authenticator.Answer, 1)}
	p.put(a)
	defer p.takeAway(a)
	select {
	case answer := <-a.answer:
		return answer, nil
	case <-ctx.Done():
		return authenticator.Answer{}, context.Cause(ctx)
	}
}

func (p *person) put(a *asked) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = a
	close(p.change)
	p.change = make(chan struct{})
}

// takeAway takes a question away that nobody needs an answer to any more.
func (p *person) takeAway(a *asked) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.asked == a {
		p.asked = nil
	}
}

// question waits for a question.
func (p *person) question(ctx context.Context) (authenticator.Question, error) {
	for {
		p.mu.Lock()
		a, change := p.asked, p.change
		p.mu.Unlock()
		if a != nil {
			return a.question, nil
		}
		select {
		case <-change:
		case <-ctx.Done():
			return authenticator.Question{}, context.Cause(ctx)
		}
	}
}

// reply answers the question that waits.
func (p *person) reply(answer authenticator.Answer) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.asked == nil {
		return ErrNoQuestion
	}
	p.asked.answer <- answer
	p.asked = nil
	return nil
}
