package term

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"
)

// maxLine is more than anybody types, in bytes.
const maxLine = 4096

var errLongLine = errors.New("term: the line is too long")

// lines reads lines, one when it is asked for. A read that nobody waits for any more
// stays: a terminal cannot be told to stop. What it brings is the answer to the next
// question, or is thrown away if it came before that was asked.
type lines struct {
	from    io.Reader
	buffer  *bufio.Reader
	pending chan line
}

type line struct {
	text string
	err  error
}

func (l *lines) next(ctx context.Context) (string, error) {
	if l.pending != nil {
		select {
		case <-l.pending:
			l.pending = nil
		default:
		}
	}
	if l.pending == nil {
		if l.buffer == nil {
			l.buffer = bufio.NewReaderSize(l.from, maxLine)
		}
		pending := make(chan line, 1)
		l.pending = pending
		go func() { pending <- readLine(l.buffer) }()
	}
	select {
	case got := <-l.pending:
		l.pending = nil
		return got.text, got.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

func readLine(r *bufio.Reader) line {
	b, err := r.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = r.ReadSlice('\n')
		}
		return line{err: errLongLine}
	case err != nil && len(b) == 0:
		return line{err: err}
	}
	return line{text: strings.TrimRight(string(b), "\r\n")}
}
