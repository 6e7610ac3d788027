package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hitherauth/hither/internal/cli"
)

// doctorTimeout is what one question to a server may take.
const doctorTimeout = 5 * time.Second

// level is how bad a finding is.
type level string

const (
	levelOK      level = "ok"
	levelNote    level = "note"    // nothing to do, or nothing that could be looked at
	levelWarning level = "warning" // it works, and could be better
	levelProblem level = "failed"  // it does not work
)

// finding is what was found about one thing, in one line.
type finding struct {
	Check  string `json:"check"` // what was looked at: a word for programs
	Level  level  `json:"verdict"`
	Text   string `json:"detail"`
	Remedy string `json:"remedy,omitempty"`

	code int // the exit code that a problem leads to
}

// diagnosis is all that was found.
type diagnosis struct {
	OK       bool      `json:"ok"` // there is no problem
	Findings []finding `json:"findings"`
	// Change is what the configured RP ID would break; nil: nothing.
	Change *rpIDChange `json:"rp_id_change,omitempty"`
}

func (d *diagnosis) add(l level, check, text, remedy string) {
	d.Findings = append(d.Findings, finding{Check: check, Level: l, Text: text, Remedy: remedy})
}

func (d *diagnosis) ok(check, format string, args ...any) {
	d.add(levelOK, check, fmt.Sprintf(format, args...), "")
}

// problem adds a problem that must be put right before hitherd can serve.
func (d *diagnosis) problem(check, text, remedy string) {
	d.Findings = append(d.Findings, finding{Check: check, Level: levelProblem, Text: text, Remedy: remedy, code: cli.ExitRefused})
}

// fail adds what an error says: its hints are the remedy, if its text is none.
func (d *diagnosis) fail(check string, err error) {
	f := finding{Check: check, Level: levelProblem, Text: err.Error(), code: cli.ExitFailure}
	if e, ok := errors.AsType[*cli.ExitError](err); ok {
		f.code = e.Code
		for i, h := range e.Hints {
			if i > 0 {
				f.Remedy += "; "
			}
			f.Remedy += h
		}
	}
	d.Findings = append(d.Findings, f)
}

// verdict is nil, or says how many problems there are, with the exit code of the
// one that must be put right first.
func (d *diagnosis) verdict() error {
	n, worst := 0, 0
	for _, f := range d.Findings {
		if f.Level == levelProblem {
			n++
			worst = max(worst, f.code)
		}
	}
	switch n {
	case 0:
		return nil
	case 1:
		return &cli.ExitError{Code: worst, Err: errors.New("there is a problem")}
	default:
		return &cli.ExitError{Code: worst, Err: fmt.Errorf("there are %d problems", n)}
	}
}

// doctor looks at one installation and changes nothing.
type doctor struct {
	*diagnosis
	config   config
	site     site
	judged   bool   // site is one that can be served
	rpID     string // the configured one, also when it cannot work; "": none follows
	stranger bool   // the data directory is another user's, and no process has it
	probe    bool   // ask other machines too
	list     bool   // each account that a change of the RP ID would break
	now      time.Time
}

func (p program) doctorCommand() *cobra.Command {
	var asJSON, probe bool
	cmd := configured(&cobra.Command{
		Use:   "doctor",
		Short: "Look for what is wrong, and say what to do about it",
		Long: "Look for what is wrong, and say what to do about it: configuration, certificate, data directory, root key, database, clock, and\n" +
			"the running server, if there is one. One line for each finding. Nothing is changed.\n" +
			"With --rp-id or --public-url it lists the accounts whose passkeys that change would break.",
		Args: cli.Between(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := cli.UntilSignal(cmd.Context())
			defer stop()
			d := &doctor{diagnosis: &diagnosis{}, probe: probe, now: time.Now()}
			d.list = cmd.Flags().Changed(flagName("rp_id")) || cmd.Flags().Changed(flagName("public_url"))
			if _, c, err := p.resolve(cmd); err != nil {
				d.fail("config", err)
			} else {
				d.config = c
				p.examine(ctx, d)
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			d.OK = d.verdict() == nil
			if err := p.printDiagnosis(d.diagnosis, asJSON); err != nil {
				return err
			}
			return d.verdict()
		},
	}, "config", "data_dir", "key_file", "public_url", "rp_id")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&probe, "probe", false, "ask the public address also when it is not this machine's")
	return cmd
}

// examine makes every finding. What cannot be looked at because of another
// finding is left out.
func (p program) examine(ctx context.Context, d *doctor) {
	d.examineSite(p)
	d.examineCertificate(p.logger(d.config))
	d.examineProxies()
	running := d.examineDirectory()
	d.examineDatabase(ctx)
	d.examineServer(ctx, running)
}

func (p program) printDiagnosis(d *diagnosis, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(p.stdout).Encode(d)
	}
	for _, f := range d.Findings {
		word, line := string(f.Level), f.Text
		if f.Level == levelProblem {
			word = "FAILED"
		}
		if f.Remedy != "" {
			line += ": " + f.Remedy
		}
		if _, err := fmt.Fprintf(p.stdout, "%-8s %-11s %s\n", word, strings.ReplaceAll(f.Check, "_", " "), cli.Printable(line)); err != nil {
			return err
		}
	}
	if d.Change == nil {
		return nil
	}
	for _, a := range d.Change.Broken {
		if _, err := fmt.Fprintf(p.stdout, "%-8s %-11s %s\n", "breaks", "passkeys", cli.Printable(a.String())); err != nil {
			return err
		}
	}
	return nil
}
