package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hitherauth/hither/internal/bench"
)

// picturePath is where the picture is, seen from the page.
const picturePath = "pictures/cost-and-size.svg"

// Marks on the page: what stands between them is measured, and replaced.
const (
	markBegin = "<!-- Between this line and the next mark, make bench-server writes. -->\n"
	markEnd   = "<!-- make bench-server ends here. -->\n"
)

// replaceMeasured puts text between the marks of a page.
func replaceMeasured(path string, text []byte) error {
	page, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok := bytes.Cut(page, []byte(markBegin))
	_, after, ended := bytes.Cut(rest, []byte(markEnd))
	if !ok || !ended {
		return errors.New(path + " lacks the marks between which to write")
	}
	return os.WriteFile(path, bytes.Join([][]byte{before, []byte(markBegin), text, []byte(markEnd), after}, nil), 0o644)
}

// Fixed points that the aims were set by: what they cannot be measured beside, here.
const (
	pocketIDRate = 137 // sign-ins a second at 64 workers, the best that was seen on such a machine
	mebi         = 1 << 20
)

// aim is one of the project's aims.
type aim struct {
	what, want, got string
	met             bool
}

func (r *results) markdown() []byte {
	var b bytes.Buffer
	m := r.Machine
	fmt.Fprintf(&b, "\nMeasured on %s by `make bench-server`, in %s: %d processors (%s), %s of memory, %s, Linux %s, data on %s. The load of the last minute was %s when it began.\n",
		r.Began.UTC().Format(time.DateOnly), r.Took.Round(time.Second), m.Processors, m.Processor, m.Memory, m.System, m.Kernel, m.Disk, m.Load)
	fmt.Fprintf(&b, "%s; %s.\n", r.Program.Version, strings.Join(r.Program.Modules, ", "))
	fmt.Fprintf(&b, "\n### Aims\n\n| | aim | measured | |\n| --- | --- | --- | --- |\n")
	for _, a := range r.aims() {
		verdict := "met"
		if !a.met {
			verdict = "**not met**"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", a.what, a.want, a.got, verdict)
	}
	fmt.Fprintf(&b, "\n### Workers\n\nA fresh server with %s people for each row.\n\n", thousands(r.Sizes[0]))
	writeTable(&b, "workers", r.Workers, func(i int) string { return strconv.Itoa(r.Workers[i].Workers) })
	fmt.Fprintf(&b, "\n### Size\n\nThree servers at the same time, in turns; whoever signs in is drawn from all people there.\n\n![Server CPU of a sign-in against the number of credentials](%s)\n", picturePath)
	for _, sizes := range r.Compared {
		b.WriteByte('\n')
		writeTable(&b, fmt.Sprintf("credentials, %d workers", sizes[0].Workers), sizes, func(i int) string { return thousands(r.Sizes[i]) })
	}
	for _, sizes := range r.Compared {
		fmt.Fprintf(&b, "\nWith %d workers, %s credentials cost %.2f × as much server CPU a sign-in as %s.\n",
			sizes[0].Workers, thousands(r.Sizes[len(r.Sizes)-1]), growth(sizes), thousands(r.Sizes[0]))
	}
	r.writeFailures(&b)
	b.WriteByte('\n')
	return b.Bytes()
}

func writeTable(b *bytes.Buffer, first string, rows []bench.Result, name func(int) string) {
	fmt.Fprintf(b, "| %s | sign-ins/s | p50 ms | p95 ms | p99 ms | failed | server CPU ms | limit ms | x-limit | empty pairs/s | peak MiB |\n|%s\n",
		first, strings.Repeat(" --: |", 11))
	for i, r := range rows {
		s, v := r.SignIns, r.Server
		fmt.Fprintf(b, "| %s | %.0f | %.2f | %.2f | %.2f | %d | %.3f | %.3f | %.2f | %.0f | %s |\n", name(i), s.PerSecond, s.P50, s.P95, s.P99,
			r.Failed(), v.SignInCPU, v.LimitCPU, v.XLimit, r.EmptyPairs.PerSecond, mebibytes(v.Peak))
	}
}

// aims judges what was measured.
func (r *results) aims() []aim {
	var list []aim
	add := func(met bool, what, want, format string, args ...any) {
		list = append(list, aim{what, want, fmt.Sprintf(format, args...), met})
	}
	largest := slices.MaxFunc(r.all(), func(a, b bench.Result) int { return cmp.Compare(a.Server.Peak, b.Server.Peak) })
	for _, m := range r.Workers {
		s, v := m.SignIns, m.Server
		switch m.Workers {
		case 64:
			add(s.PerSecond >= 10*pocketIDRate, "sign-ins a second, 64 workers", fmt.Sprintf("≥ %d: ten times the %d of Pocket ID, measured on another day", 10*pocketIDRate, pocketIDRate), "%.0f", s.PerSecond)
			add(v.SignInCPU <= 0.6, "server CPU of a sign-in, 64 workers", "≤ 0.6 ms", "%.2f ms", v.SignInCPU)
			add(s.P99 <= 100, "p99, 64 workers", "≤ 100 ms", "%.0f ms", s.P99)
			add(v.XLimit > 0 && v.XLimit <= 2, "server CPU over its limit, 64 workers", "≤ 2.0", "%.2f", v.XLimit)
			add(m.Failed() == 0, "failures, 64 workers", "0", "%d of %d", m.Failed(), s.Count+m.Failed())
		case 256:
			add(m.Failed() == 0, "failures, 256 workers", "0", "%d of %d", m.Failed(), s.Count+m.Failed())
		}
	}
	for _, sizes := range r.Compared {
		add(growth(sizes) > 0 && growth(sizes) <= 1.15, fmt.Sprintf("cost at %s credentials over cost at %s, %d workers",
			thousands(r.Sizes[len(r.Sizes)-1]), thousands(r.Sizes[0]), sizes[0].Workers), "≤ 1.15", "%.2f", growth(sizes))
	}
	add(r.Idle <= 30*mebi, "memory, idle", "≤ 30 MiB", "%s MiB", mebibytes(r.Idle))
	add(largest.Server.Peak <= 60*mebi, "memory under load, the highest peak of all tables", "≤ 60 MiB", "%s MiB (%d workers)", mebibytes(largest.Server.Peak), largest.Workers)
	add(r.Ready <= 100*time.Millisecond, "start to ready, "+thousands(r.Sizes[len(r.Sizes)-1])+" credentials", "≤ 100 ms", "%d ms", r.Ready.Milliseconds())
	add(r.Program.Bytes <= 30e6, "binary `hitherd`, as it is released", "≤ 30 MB", "%.1f MB", float64(r.Program.Bytes)/1e6)
	add(r.Fill.PersonBytes <= 600, "bytes for a person with a passkey", "≤ 600", "%d", r.Fill.PersonBytes)
	add(r.SignIn <= 450, "bytes for a sign-in while its session lives", "≤ 450", "%d", r.SignIn)
	add(r.Swept <= 150, "bytes for a sign-in after that", "≤ 150", "%d", r.Swept)
	return list
}

// writeFailures hides none.
func (r *results) writeFailures(b *bytes.Buffer) {
	if r.failed() == 0 {
		fmt.Fprint(b, "\nNo request failed in any of the tables.\n")
		return
	}
	fmt.Fprint(b, "\nFailures:\n\n")
	for _, m := range r.all() {
		for _, f := range m.Failures {
			fmt.Fprintf(b, "- %d workers: %d × %s\n", m.Workers, f.Count, f.Kind)
		}
	}
}

// growth is the cost of the largest size over that of the smallest; 0 without.
func growth(sizes []bench.Result) float64 {
	first, last := sizes[0].Server.SignInCPU, sizes[len(sizes)-1].Server.SignInCPU
	if first == 0 {
		return 0
	}
	return last / first
}

func mebibytes(n int64) string { return fmt.Sprintf("%.0f", float64(n)/mebi) }

// thousands writes 1000000 as 1,000,000.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
