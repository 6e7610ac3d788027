package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hitherauth/hither/internal/cli"
	"github.com/hitherauth/hither/testbed"
)

const testbedCheckLong = `Find out whether there can be a test bed here, by making one: programs are looked for, then started, and a browser has to show
a window. What is not in order comes with what to do about it. Nothing is left behind.

The exit code is 0 when everything is in order, else 1.`

func (p program) testbedCheckCommand() *cobra.Command {
	var f testbedFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Find out what a test bed lacks here",
		Long:  testbedCheckLong,
		Args:  cli.Between(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := cli.UntilSignal(cmd.Context())
			defer stop()
			all := testbedFindings(testbed.Check(ctx, f.config()))
			if ctx.Err() != nil {
				return cli.Exit(cli.ExitInterrupted, errors.New("interrupted"))
			}
			return reportFindings(p.stdout, all, asJSON)
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// testbedFindings are findings in the form of those of hither doctor.
func testbedFindings(found []testbed.Finding) []finding {
	subjects := map[string]string{"system": "this system", "chromium": "Chromium", "bed": "a test bed", "browser": "a browser in it"}
	var out []finding
	seen := map[string]bool{}
	for _, f := range found {
		one := finding{Check: strings.ToLower(f.Name), Subject: f.Name, Verdict: inOrder, Detail: f.Detail, Remedy: f.Remedy}
		if subject, ok := subjects[f.Name]; ok {
			one.Subject = subject
		}
		if !f.OK {
			one.Verdict = failed
		}
		seen[f.Name] = true
		out = append(out, one)
	}
	for _, name := range []string{"bed", "browser"} {
		if !seen[name] {
			out = append(out, finding{Check: name, Subject: subjects[name], Verdict: notTried})
		}
	}
	return out
}
