package audit

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// copied is a checkpoint kept outside that the log is compared with.
type copied struct {
	name string
	head Head
	// found says that the log has had its size, differs that the root was another.
	found, differs bool
}

func (v *verification) openOutside(list []Outside) {
	for _, o := range list {
		head, err := open(o.Note, v.log.Origin, v.log.Keys)
		if err != nil {
			v.problem(Problem{}, "%s: the checkpoint %s", o.Name, reason(err))
			continue
		}
		v.outside = append(v.outside, copied{name: o.Name, head: head})
	}
}

func (v *verification) awaited(size int64) bool {
	for _, c := range v.outside {
		if !c.found && c.head.Size == size {
			return true
		}
	}
	return false
}

// reached compares the tree of a size with the checkpoints of that size.
func (v *verification) reached(size int64, root tlog.Hash) {
	for i := range v.outside {
		c := &v.outside[i]
		if !c.found && c.head.Size == size {
			c.found, c.differs = true, c.head.Root != root
		}
	}
}

// closeOutside reports what does not fit the checkpoints that were kept outside.
func (v *verification) closeOutside() {
	for _, c := range v.outside {
		size := c.head.Size
		about := Problem{Checkpoint: size}
		switch {
		case size == 0: // says nothing
		case c.differs:
			v.problem(about, "%s: the first %s are not those that this checkpoint was signed for: %s", c.name, rows(size), v.why(c.head))
		case !c.found && size > v.tree.Size():
			v.problem(about, "%s: this checkpoint covers %s and the log has %s: %s", c.name, rows(size), number(v.tree.Size()), v.why(c.head))
		case !c.found:
			v.problem(about, "%s: the first %s cannot be compared with this checkpoint", c.name, rows(size))
		case size > v.kept:
			v.problem(about, "%s: this checkpoint covers %s and the newest kept one %s: checkpoints were removed", c.name, rows(size), number(v.kept))
		}
	}
}

// why says what can make a log disagree with a checkpoint kept outside.
func (v *verification) why(h Head) string {
	switch {
	case v.restored.No > 0 && moment(v.restored.At).After(h.At):
		return fmt.Sprintf("row %s says that a backup was restored at %s, and what came after the backup is gone",
			number(v.restored.No), moment(v.restored.At).Format(timeLayout))
	case v.epoch > h.Epoch:
		return fmt.Sprintf("it is of epoch %d and the log of epoch %d, so a backup was restored in between", h.Epoch, v.epoch)
	default:
		return "the log was rewritten, cut off or put back to an older state"
	}
}
