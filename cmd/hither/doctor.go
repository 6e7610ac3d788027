package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/hitherauth/hither/internal/cli"
)

const doctorLong = `Find out whether this machine has what a sign-in with a phone needs, by trying it: Bluetooth, tunnel services, and with URL
the server there and this machine's clock. What is not in order comes with what to do about it.

Nobody is signed in and nothing is kept: Bluetooth listens for a moment and sends an advert that is nobody's, a tunnel
service is asked for nothing, the server begins a sign-in that never goes on.

The exit code is 0 when everything needed is in order, else 1.

  hither doctor https://id.example`

// doctorFlags are the flags of hither doctor.
type doctorFlags struct {
	tunnels tunnels
	json    bool
}

func (p program) doctorCommand() *cobra.Command {
	var f doctorFlags
	cmd := &cobra.Command{
		Use:   "doctor [URL]",
		Short: "Find out what is in the way of a sign-in with a phone",
		Long:  doctorLong,
		Args:  cli.Between(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			origin, err := parseOptionalServer(args)
			if err != nil {
				return err
			}
			services, err := doctorServices(f.tunnels)
			if err != nil {
				return err
			}
			ctx, stop := cli.UntilSignal(cmd.Context())
			defer stop()
			return p.doctor(ctx, origin, services, f.json)
		},
	}
	f.tunnels.flag(cmd, tunnelHelp+"; looked at beside those of the big platforms")
	cmd.Flags().BoolVar(&f.json, "json", false, "print JSON")
	return cmd
}

// verdict is what has become of a check.
type verdict string

const (
	inOrder  verdict = "ok"
	warning  verdict = "warning" // something cannot be used, and something else can instead
	failed   verdict = "failed"
	notTried verdict = "not_tried" // something that was found before is in the way
)

// finding is what one check has found out.
type finding struct {
	Check   string  `json:"check"` // what was looked at: a word for programs
	Subject string  `json:"subject"`
	Verdict verdict `json:"verdict"`
	Code    string  `json:"code,omitempty"` // what is wrong: a word for programs
	Detail  string  `json:"detail,omitempty"`
	Remedy  string  `json:"remedy,omitempty"`
}

// doctor looks at everything at once, and reports it in order.
func (p program) doctor(ctx context.Context, origin string, services []service, asJSON bool) error {
	var bluetooth, tunnels, server []finding
	clock := clockCheck{}
	var g errgroup.Group
	g.Go(func() error { bluetooth = p.checkBluetooth(ctx); return nil })
	g.Go(func() error { tunnels = checkTunnels(ctx, services, &clock); return nil })
	g.Go(func() error { server = checkServer(ctx, origin, &clock); return nil })
	if err := g.Wait(); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return cli.Exit(cli.ExitInterrupted, errors.New("interrupted"))
	}
	all := append(append(bluetooth, tunnels...), server...)
	all = append(all, clock.finding())
	return reportFindings(p.stdout, all, asJSON)
}

// reportFindings prints findings, and is an error if one of them failed.
func reportFindings(w io.Writer, all []finding, asJSON bool) error {
	wrong := 0
	for i, f := range all {
		// Servers and their certificates say what they like.
		all[i].Detail, all[i].Remedy = cli.Printable(f.Detail), cli.Printable(f.Remedy)
		if f.Verdict == failed {
			wrong++
		}
	}
	if err := printFindings(w, all, wrong == 0, asJSON); err != nil {
		return err
	}
	switch wrong {
	case 0:
		return nil
	case 1:
		return cli.Failed(errors.New("one thing is not in order"))
	default:
		return cli.Failed(fmt.Errorf("%d things are not in order", wrong))
	}
}

func printFindings(w io.Writer, all []finding, ok, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(struct {
			OK       bool      `json:"ok"`
			Findings []finding `json:"findings"`
		}{ok, all})
	}
	words := map[verdict]string{inOrder: "ok", warning: "warning", failed: "FAILED", notTried: "-"}
	for _, f := range all {
		text := f.Subject
		if f.Detail != "" {
			text += ": " + f.Detail
		} else if f.Verdict == notTried {
			text += ": not tried"
		}
		if _, err := fmt.Fprintf(w, "%-8s %s\n", words[f.Verdict], text); err != nil {
			return err
		}
		if f.Remedy == "" {
			continue
		}
		if _, err := fmt.Fprintf(w, "%-8s do: %s\n", "", f.Remedy); err != nil {
			return err
		}
	}
	return nil
}
