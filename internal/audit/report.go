package audit

import (
	"iter"
	"time"
)

// Log is what [Verify] reads.
type Log struct {
	Origin string
	// Keys are those that checkpoints may be signed with.
	Keys []VerifierKey
	// Sealed is how many rows the engine says the newest checkpoint covers.
	Sealed int64
	// Rows are all event rows in the order of their numbers, settled or not,
	// whatever their numbers are.
	Rows iter.Seq2[Row, error]
	// Checkpoints are those that were kept, the smallest first.
	Checkpoints iter.Seq2[Checkpoint, error]
	// Restored is the type of the event that says that a backup was restored; "": none says so.
	Restored string
}

// Outside is a copy of a checkpoint that was kept elsewhere.
type Outside struct {
	Name string // says where it is from
	Note string
}

// Problem is something that is not as it was signed.
type Problem struct {
	// First and Last are the numbers of the rows concerned; both zero when it
	// is about a checkpoint.
	First int64 `json:"first,omitempty"`
	Last  int64 `json:"last,omitempty"`
	// Checkpoint is the size of the checkpoint concerned; zero: none.
	Checkpoint int64  `json:"checkpoint,omitempty"`
	Text       string `json:"text"` // one line
}

// Report is what [Verify] found.
type Report struct {
	Rows        int64      `json:"rows"`             // covered, and as they were signed
	Checkpoints int64      `json:"checkpoints"`      // good ones
	Newest      *time.Time `json:"newest,omitempty"` // time of the newest good one
	Uncovered   Uncovered  `json:"uncovered"`
	Problems    []Problem  `json:"problems"`
}

// Uncovered are the rows behind the newest checkpoint, which nothing is said about.
type Uncovered struct {
	Count int64 `json:"count"`
	First int64 `json:"first,omitempty"` // numbers
	Last  int64 `json:"last,omitempty"`
	// Oldest is when the first of them was written.
	Oldest *time.Time `json:"oldest,omitempty"`
}

// Summary is the report without the problems, in one line.
func (r Report) Summary() string {
	s := "verified " + rows(r.Rows) + ", " + number(r.Checkpoints) + " checkpoint"
	if r.Checkpoints != 1 {
		s += "s"
	}
	if r.Newest != nil {
		s += ", newest " + r.Newest.UTC().Format(time.DateTime) + " UTC"
	}
	u := r.Uncovered
	switch {
	case u.Count == 0:
		return s
	case u.First == u.Last:
		return s + "; " + rows(u.Count) + " not yet covered (" + number(u.First) + ")"
	default:
		return s + "; " + rows(u.Count) + " not yet covered (" + number(u.First) + "-" + number(u.Last) + ")"
	}
}
