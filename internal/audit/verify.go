package audit

import (
	"fmt"
	"iter"
	"strconv"
)

// Verify computes the tree from the rows again and compares it with every
// checkpoint, those that were kept outside too. Its error says that something
// could not be read; what is wrong with the log is in the report.
//
// Each interval between two kept checkpoints is verified on its own, so that a
// change is located as well as the kept checkpoints allow.
func Verify(l Log, outside ...Outside) (Report, error) {
	v := &verification{log: l, report: Report{Problems: []Problem{}}}
	v.openOutside(outside)
	next, stop := iter.Pull2(l.Rows)
	defer stop()
	v.next = next
	for c, err := range l.Checkpoints {
		if err != nil {
			return Report{}, fmt.Errorf("audit: reading checkpoints: %w", err)
		}
		if err := v.interval(c); err != nil {
			return Report{}, err
		}
	}
	if v.kept < l.Sealed {
		v.problem(Problem{Checkpoint: l.Sealed}, "the newest checkpoint, of %s, is missing", rows(l.Sealed))
	}
	if err := v.tail(); err != nil {
		return Report{}, err
	}
	v.closeOutside()
	return v.report, nil
}

type verification struct {
	log    Log
	report Report
	next   func() (Row, error, bool)
	ahead  *Row // read and not used yet
	leaf   []byte

	tree    Tree
	last    int64 // number of the newest row that was read
	since   int64 // of the newest row that is known to be good
	start   int64 // size of the tree there
	gaps    bool  // numbers are missing since then
	kept    int64 // size of the newest kept checkpoint, good or not
	outside []copied
	// restored is the newest row that says that a backup was restored, epoch
	// that of the newest good checkpoint.
	restored Row
	epoch    int64
}

func (v *verification) problem(p Problem, format string, args ...any) {
	p.Text = fmt.Sprintf(format, args...)
	v.report.Problems = append(v.report.Problems, p)
}

// interval verifies the rows up to those that c covers.
func (v *verification) interval(c Checkpoint) error {
	v.kept = max(v.kept, c.Size)
	head, err := c.check(v.log.Origin, v.log.Keys)
	if err != nil {
		// Its rows are left to the next one.
		v.problem(Problem{Checkpoint: c.Size}, "checkpoint of %s: %s", rows(c.Size), reason(err))
		return nil
	}
	if err := v.read(c.Last); err != nil {
		return err
	}
	root, err := v.tree.Root()
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	good := v.tree.Size() == head.Size && root == head.Root && v.last == c.Last
	signed, err := c.tree(head)
	if err != nil {
		v.problem(Problem{Checkpoint: c.Size}, "checkpoint of %s: the edge of the tree beside it was changed", rows(c.Size))
	}
	switch {
	case good:
		v.report.Rows += head.Size - v.start
	case !v.gaps:
		v.changed(v.since+1, c.Last)
	}
	if good || err == nil {
		v.since, v.start, v.gaps = c.Last, head.Size, false
	}
	if err == nil {
		// What comes behind a change can be verified on its own.
		v.tree = signed
		v.reached(head.Size, head.Root)
	}
	v.last = max(v.last, c.Last)
	v.report.Checkpoints++
	v.report.Newest, v.epoch = &head.At, head.Epoch
	return nil
}

func (v *verification) changed(first, last int64) {
	p := Problem{First: first, Last: last}
	switch {
	case first == last:
		v.problem(p, "row %s was changed", number(first))
	case first > last:
		v.problem(Problem{Checkpoint: v.kept}, "checkpoint of %s: it does not cover the rows that it was signed for", rows(v.kept))
	default:
		v.problem(p, "rows %s-%s: at least one was changed, or they were put in another order", number(first), number(last))
	}
}

// read adds the rows up to number last to the tree.
func (v *verification) read(last int64) error {
	for {
		r, ok, err := v.peek()
		if err != nil {
			return err
		}
		if !ok || r.No > last {
			v.missing(last)
			return nil
		}
		v.ahead = nil
		if err := v.add(r); err != nil {
			return err
		}
	}
}

func (v *verification) peek() (Row, bool, error) {
	if v.ahead != nil {
		return *v.ahead, true, nil
	}
	r, err, ok := v.next()
	if err != nil {
		return Row{}, false, fmt.Errorf("audit: reading rows: %w", err)
	}
	if ok {
		v.ahead = &r
	}
	return r, ok, nil
}

func (v *verification) add(r Row) error {
	if r.No < 1 {
		v.problem(Problem{First: r.No, Last: r.No}, "row %d was inserted before the first", r.No)
		return nil
	}
	v.missing(r.No - 1)
	v.last = r.No
	if v.log.Restored != "" && r.Type == v.log.Restored {
		v.restored = r
	}
	v.leaf = r.AppendLeaf(v.leaf[:0])
	if err := v.tree.Append(v.leaf); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	if v.awaited(v.tree.Size()) {
		root, err := v.tree.Root()
		if err != nil {
			return fmt.Errorf("audit: %w", err)
		}
		v.reached(v.tree.Size(), root)
	}
	return nil
}

// missing reports the numbers from behind the newest row up to number upto.
func (v *verification) missing(upto int64) {
	if upto <= v.last {
		return
	}
	p := Problem{First: v.last + 1, Last: upto}
	if p.First == p.Last {
		v.problem(p, "row %s is missing", number(p.First))
	} else {
		v.problem(p, "rows %s-%s are missing", number(p.First), number(p.Last))
	}
	v.last, v.gaps = upto, true
}

// tail reads the rows that no checkpoint covers.
func (v *verification) tail() error {
	u := &v.report.Uncovered
	for {
		r, ok, err := v.peek()
		if err != nil {
			return err
		}
		if !ok {
			return nil
		}
		v.ahead = nil
		if err := v.add(r); err != nil {
			return err
		}
		if r.No < 1 {
			continue
		}
		if u.Count == 0 {
			at := moment(r.At)
			u.First, u.Oldest = r.No, &at
		}
		u.Count++
		u.Last = r.No
	}
}

// reason is err without the name of this package.
func reason(err error) string {
	if e, ok := err.(*OpenError); ok { //nolint:errorlint // what open returns
		return e.reason
	}
	return err.Error()
}

func rows(n int64) string {
	if n == 1 {
		return "1 row"
	}
	return number(n) + " rows"
}

// number writes a number with commas.
func number(n int64) string {
	s := strconv.FormatInt(n, 10)
	if n < 0 {
		return s
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
