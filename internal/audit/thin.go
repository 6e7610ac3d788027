package audit

import "time"

// Which checkpoints are kept: all of the last hour, of every hour the last, and
// of busy hours at least one for each thousand rows, so that a change can be
// located. The newest stays always.
const (
	keepAll  = time.Hour
	keepRows = 1000
)

// thin says which of the marks go, and from which size thinning goes on. The
// first mark stays. A mark from the future is from a clock that was wrong, and is
// treated like an old one.
func thin(marks []Mark, now time.Time) (drop []int64, upto int64) {
	if len(marks) == 0 {
		return nil, 0
	}
	kept := marks[0]
	for i := 1; i < len(marks)-1; i++ {
		m, next := marks[i], marks[i+1]
		if m.At.After(now.Add(-keepAll)) && m.At.Before(now.Add(keepAll)) {
			break
		}
		if next.Size-kept.Size <= keepRows && next.At.Truncate(time.Hour).Equal(m.At.Truncate(time.Hour)) {
			drop = append(drop, m.Size)
		} else {
			kept = m
		}
	}
	return drop, kept.Size
}
