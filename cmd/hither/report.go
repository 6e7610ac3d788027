package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/hitherauth/hither/internal/bench"
	"github.com/hitherauth/hither/internal/cli"
)

// report is what hither bench prints.
type report struct {
	URL         string         `json:"url"`
	People      int            `json:"people"`
	Rounds      int            `json:"rounds"`
	Interrupted bool           `json:"interrupted"`
	Runs        []bench.Result `json:"runs"`
}

func (r *report) failed() int {
	n := 0
	for _, run := range r.Runs {
		n += run.Failed()
	}
	return n
}

// failure says that something failed, and what can be done about it.
func (r *report) failure() error {
	f := cli.Failed(fmt.Errorf("%d of the requested ceremonies and empty requests failed", r.failed()))
	for _, run := range r.Runs {
		for _, kind := range run.Failures {
			if strings.Contains(kind.Kind, " 429") {
				return f.Hint(hintLimits)
			}
			if strings.Contains(kind.Kind, "credential_unknown") {
				return f.Hint("the passkeys are not known there: with --seeded, the database must be that of tools/seed, with the same --seed and as many people")
			}
		}
	}
	return f
}

func (r *report) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(r)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	watched := len(r.Runs) > 0 && r.Runs[0].Server != nil
	head := []string{"WORKERS", "SIGN-INS/S", "P50 MS", "P95 MS", "P99 MS", "MAX MS", "FAILED", "EMPTY PAIRS/S", "VERIFY MS"}
	if watched {
		head = append(head, "CPU MS", "LIMIT MS", "X-LIMIT", "PEAK MIB")
	}
	_, _ = fmt.Fprintln(table, strings.Join(head, "\t")+"\t")
	for _, run := range r.Runs {
		s := run.SignIns
		_, _ = fmt.Fprintf(table, "%d\t%.0f\t%.2f\t%.2f\t%.2f\t%.2f\t%d\t%.0f\t%.3f\t",
			run.Workers, s.PerSecond, s.P50, s.P95, s.P99, s.Max, run.Failed(), run.EmptyPairs.PerSecond, run.Verification)
		if watched {
			if v := run.Server; v != nil {
				_, _ = fmt.Fprintf(table, "%.3f\t%.3f\t%.2f\t%.0f\t", v.SignInCPU, v.LimitCPU, v.XLimit, float64(v.Peak)/(1<<20))
			} else {
				_, _ = fmt.Fprint(table, "-\t-\t-\t-\t")
			}
		}
		_, _ = fmt.Fprintln(table)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, run := range r.Runs {
		for _, f := range run.Failures {
			if _, err := fmt.Fprintf(w, "failed with %d workers: %d × %s (%s)\n", run.Workers, f.Count, cli.Printable(f.Kind), cli.Printable(f.Example)); err != nil {
				return err
			}
		}
	}
	return nil
}
