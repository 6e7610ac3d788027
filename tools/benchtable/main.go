// Command benchtable turns what `go test -bench` prints, on standard input, into
// Markdown tables: one for each benchmark, a row for each of its parts, a column
// for each unit. Of several runs of a part (-count) it shows the median.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "benchtable:", err)
		os.Exit(1)
	}
}

// table is one benchmark.
type table struct {
	name  string
	units []string
	parts []string
	cells map[[2]string][]float64 // by part and unit
}

func run(in io.Reader, out io.Writer) error {
	var tables []*table
	var about []string // machine and package, as go test says them
	failed := false
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		line := lines.Text()
		switch fields := strings.Fields(line); {
		case strings.HasPrefix(line, "Benchmark") && len(fields) >= 4:
			name, part, _ := strings.Cut(fields[0], "/")
			i := slices.IndexFunc(tables, func(t *table) bool { return t.name == name })
			if i < 0 {
				i = len(tables)
				tables = append(tables, &table{name: name, cells: map[[2]string][]float64{}})
			}
			if err := tables[i].add(part, fields[2:]); err != nil {
				return fmt.Errorf("%q: %w", line, err)
			}
		case strings.HasPrefix(line, "goos:"), strings.HasPrefix(line, "goarch:"), strings.HasPrefix(line, "cpu:"):
			if !slices.Contains(about, line) {
				about = append(about, line)
			}
		case strings.HasPrefix(line, "pkg:"), strings.HasPrefix(line, "ok"), line == "PASS":
		default: // a benchmark has failed, and says why
			failed = true
			fmt.Fprintln(os.Stderr, line)
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	page := []byte(strings.Join(about, " · ") + "\n")
	for _, t := range tables {
		page = t.markdown(page)
	}
	if _, err := out.Write(page); err != nil {
		return err
	}
	if failed || len(tables) == 0 {
		return errors.New("not everything was measured")
	}
	return nil
}

// add takes a line's pairs of value and unit.
func (t *table) add(part string, pairs []string) error {
	// Go puts the number of processors behind the name.
	if i := strings.LastIndexByte(part, '-'); i >= 0 {
		part = part[:i]
	}
	if !slices.Contains(t.parts, part) {
		t.parts = append(t.parts, part)
	}
	for pair := range slices.Chunk(pairs, 2) {
		if len(pair) != 2 {
			return errors.New("a value without a unit")
		}
		value, err := strconv.ParseFloat(pair[0], 64)
		if err != nil {
			return err
		}
		if !slices.Contains(t.units, pair[1]) {
			t.units = append(t.units, pair[1])
		}
		cell := [2]string{part, pair[1]}
		t.cells[cell] = append(t.cells[cell], value)
	}
	return nil
}

// markdown writes the table behind b.
func (t *table) markdown(b []byte) []byte {
	b = fmt.Appendf(b, "\n| %s | %s |\n|%s\n", strings.TrimPrefix(t.name, "Benchmark"), strings.Join(t.units, " | "),
		strings.Repeat(" --- |", len(t.units)+1))
	for _, part := range t.parts {
		b = fmt.Appendf(b, "| %s |", part)
		for _, unit := range t.units {
			b = fmt.Appendf(b, " %s |", text(t.cells[[2]string{part, unit}]))
		}
		b = append(b, '\n')
	}
	return b
}

// text is the median of some values with three digits that count.
func text(values []float64) string {
	if len(values) == 0 {
		return ""
	}
	slices.Sort(values)
	v := values[len(values)/2]
	if v >= 100 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}
