package term

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// ErrDeclined says that the person did not want to, or gave no answer.
var ErrDeclined = errors.New("term: declined")

// attempts is how often a question is asked again after an answer that is none.
const attempts = 3

// Ask asks for one line. Above it stand lines that explain; the label stands in
// front of what is typed. Everything is taken away with the answer.
func (t *Terminal) Ask(ctx context.Context, label string, above ...string) (string, error) {
	return t.ask(ctx, label, above)
}

// Passphrase asks for one line that does not appear.
func (t *Terminal) Passphrase(ctx context.Context, label string, above ...string) (secret string, err error) {
	show, err := t.config.Hide()
	if err != nil {
		return "", fmt.Errorf("term: hiding what is typed: %w", err)
	}
	defer func() { err = errors.Join(err, show()) }()
	return t.ask(ctx, label, above)
}

// Confirm asks yes or no. Whatever is not yes is no.
func (t *Terminal) Confirm(ctx context.Context, question string, above ...string) (bool, error) {
	answer, err := t.ask(ctx, question+" [y/N] ", above)
	if err != nil {
		return false, err
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return true, nil
	default:
		return false, nil
	}
}

// Choose has one of several options chosen, by its number, and returns its index.
// [ErrDeclined]: none.
func (t *Terminal) Choose(ctx context.Context, question string, options []string) (int, error) {
	above := []string{question}
	for i, o := range options {
		above = append(above, fmt.Sprintf("%3d  %s", i+1, o))
	}
	for range attempts {
		answer, err := t.ask(ctx, fmt.Sprintf("number, 1 to %d (nothing: none of them): ", len(options)), above)
		if err != nil {
			return 0, err
		}
		answer = strings.TrimSpace(answer)
		if n, err := strconv.Atoi(answer); err == nil && n >= 1 && n <= len(options) {
			return n - 1, nil
		}
		if answer == "" {
			return 0, ErrDeclined
		}
	}
	return 0, ErrDeclined
}

// ask shows a question, waits for a line, and takes the question away.
func (t *Terminal) ask(ctx context.Context, label string, above []string) (string, error) {
	t.question.Lock()
	defer t.question.Unlock()
	t.beginQuestion(label, above)
	answer, err := t.lines.next(ctx)
	t.endQuestion(len(above), err == nil)
	switch {
	case errors.Is(err, io.EOF):
		return "", fmt.Errorf("%w: the terminal was closed", ErrDeclined)
	case err != nil:
		return "", err
	}
	return answer, nil
}

func (t *Terminal) beginQuestion(label string, above []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var b strings.Builder
	if !t.config.Dumb {
		b.WriteString(t.erased())
	}
	for _, text := range above {
		b.WriteString(t.line(text) + "\n")
	}
	b.WriteString(t.line(label))
	t.asked = true
	_, _ = io.WriteString(t.config.Out, b.String())
}

// endQuestion puts back what stood there. After an answer the cursor is a line
// further down: the person has pressed enter, which shows even where the answer does not.
func (t *Terminal) endQuestion(above int, answered bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.asked = false
	if t.config.Dumb {
		_, _ = io.WriteString(t.config.Out, "\n")
		return
	}
	t.drawn, t.used = above, true
	if answered {
		t.drawn++
	}
	t.redraw()
}
