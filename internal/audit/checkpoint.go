package audit

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Head is what a checkpoint says.
type Head struct {
	Origin string // names the log: see [Origin]
	Size   int64  // rows covered
	Root   tlog.Hash
	At     time.Time // to the millisecond, UTC
	Epoch  int64     // of the database, which grows with each restore; 0: not known
}

// Checkpoint is a signed head as it is stored.
type Checkpoint struct {
	Size int64     // of its head
	Last int64     // Row.No of the newest row that is covered
	At   time.Time // of its head
	Edge []byte    // of the tree, from which the next one goes on
	Note string    // signed note
}

// Origin is the first line of the checkpoints of an installation.
func Origin(rpID string) string { return rpID + "/audit" }

const timeLayout = "2006-01-02T15:04:05.000Z"

// text is the note's text [C2SP tlog-checkpoint]: origin, size, root, then a
// line with the time, and one with the epoch if it is known.
func (h Head) text() string {
	s := fmt.Sprintf("%s\n%d\n%v\ntime %s\n", h.Origin, h.Size, h.Root, h.At.UTC().Format(timeLayout))
	if h.Epoch > 0 {
		s += fmt.Sprintf("epoch %d\n", h.Epoch)
	}
	return s
}

var errHead = errors.New("audit: not a checkpoint of an audit log")

// parseHead reads what text writes, and nothing else.
func parseHead(text string) (Head, error) {
	lines := strings.Split(text, "\n")
	if len(lines) < 5 || len(lines) > 6 || lines[0] == "" || lines[len(lines)-1] != "" {
		return Head{}, errHead
	}
	h := Head{Origin: lines[0]}
	var err error
	if h.Size, err = strconv.ParseInt(lines[1], 10, 64); err != nil || h.Size < 0 || h.Size > maxSize {
		return Head{}, errHead
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return Head{}, errHead
	}
	h.Root = tlog.Hash(root)
	if h.At, err = time.Parse("time "+timeLayout, lines[3]); err != nil {
		return Head{}, errHead
	}
	if len(lines) == 6 {
		digits, ok := strings.CutPrefix(lines[4], "epoch ")
		if h.Epoch, err = strconv.ParseInt(digits, 10, 64); !ok || err != nil || h.Epoch < 1 {
			return Head{}, errHead
		}
	}
	if h.text() != text { // signs, leading zeros and what else could be said in two ways
		return Head{}, errHead
	}
	return h, nil
}

// OpenError says why a note is no checkpoint of this log.
type OpenError struct{ reason string }

func (e *OpenError) Error() string { return "audit: checkpoint " + e.reason }

// open reads a note that one of the keys has signed. Signatures of others, such
// as witnesses, may stand beside it.
func open(text, origin string, keys []VerifierKey) (Head, error) {
	verifiers := make([]note.Verifier, len(keys))
	for i, k := range keys {
		verifiers[i] = k.verifier
	}
	n, err := note.Open([]byte(text), note.VerifierList(verifiers...))
	if _, unsigned := errors.AsType[*note.UnverifiedNoteError](err); unsigned {
		return Head{}, &OpenError{"is not signed by this log's key"}
	}
	if err != nil {
		return Head{}, &OpenError{"has no valid signature: " + err.Error()}
	}
	h, err := parseHead(n.Text)
	if err != nil {
		return Head{}, &OpenError{"is not written like one of an audit log"}
	}
	if h.Origin != origin {
		return Head{}, &OpenError{fmt.Sprintf("is of another log, %q", h.Origin)}
	}
	return h, nil
}

// check opens a stored checkpoint and makes sure that what stands beside the
// note says the same.
func (c Checkpoint) check(origin string, keys []VerifierKey) (Head, error) {
	h, err := open(c.Note, origin, keys)
	if err != nil {
		return Head{}, err
	}
	if h.Size != c.Size || !h.At.Equal(c.At) {
		return Head{}, &OpenError{"is stored beside another size or time than it was signed with"}
	}
	return h, nil
}

// tree is the tree at c, if the stored edge is what was signed.
func (c Checkpoint) tree(h Head) (Tree, error) {
	t, err := parseTree(h.Size, c.Edge)
	if err != nil {
		return Tree{}, err
	}
	root, err := t.Root()
	if err != nil {
		return Tree{}, err
	}
	if root != h.Root {
		return Tree{}, errEdge
	}
	return t, nil
}
