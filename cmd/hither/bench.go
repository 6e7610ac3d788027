package main

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hitherauth/hither/internal/bench"
	"github.com/hitherauth/hither/internal/cli"
)

const benchLong = `Register people in software at a Hither server and sign them in, again and again, each with a passkey of their own;
then say how fast that went and what it cost. URL is the server's origin, as hitherd prints it.

Rounds of sign-ins take turns with rounds of two empty requests to the same server and of bare verifications in this
process. With --pid, the process of a server on this machine, the table shows the CPU of a sign-in, and x-limit: how often
it holds the limit, which is two empty requests and one verification.

Measure a server that is there to be measured: the accounts made stay, and limits against floods stop a benchmark.

  HITHER_SIGNUP=open HITHER_RATE_LIMITS=off hitherd serve
  hither bench http://localhost:8080 --workers 1,8,64 --pid $(pidof hitherd)`

// Bounds of flags: beyond them is a slip of the hand.
const (
	maxWorkers = 10_000
	maxPeople  = 1_000_000_000
)

// benchFlags are the flags of hither bench.
type benchFlags struct {
	workers     []int
	people      int
	duration    time.Duration
	count       int
	rounds      int
	rate        float64
	warmUp      time.Duration
	timeout     time.Duration
	invitations string
	setup       string
	seeded      int
	seed        string
	pid         int
	json        bool
}

func (p program) benchCommand() *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "bench URL",
		Short: "Measure how fast a server signs people in, and what that costs",
		Long:  benchLong,
		Args:  cli.Between(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			origin, err := parseOrigin(args[0])
			if err != nil {
				return err
			}
			if err := f.check(cmd); err != nil {
				return err
			}
			ctx, stop := cli.UntilSignal(cmd.Context())
			defer stop()
			return p.bench(ctx, origin, f)
		},
	}
	flags := cmd.Flags()
	flags.IntSliceVar(&f.workers, "workers", []int{8}, "how many sign in at the same time; several numbers are measured one after the other")
	flags.IntVar(&f.people, "people", 1000, "how many people to register")
	flags.DurationVar(&f.duration, "duration", 10*time.Second, "how long to measure sign-ins for each number of workers; the baselines take two fifths more")
	flags.IntVar(&f.count, "count", 0, "how many sign-ins to measure for each number of workers, instead of --duration")
	flags.IntVar(&f.rounds, "rounds", 8, "how many rounds to measure in, between which sign-ins and baselines take turns")
	flags.Float64Var(&f.rate, "rate", 0, "open loop: begin so many sign-ins a second, answered or not, and count their time from when they should have begun")
	flags.DurationVar(&f.warmUp, "warm-up", time.Second, "how long to sign in before measuring")
	flags.DurationVar(&f.timeout, "timeout", 30*time.Second, "after how long a request without an answer has failed")
	flags.StringVar(&f.invitations, "invitations", "", "register with the links in this file, one a line, as hitherd admin invite prints them (-: standard input)")
	flags.StringVar(&f.setup, "setup", "", "register one person with this setup or invitation link")
	flags.IntVar(&f.seeded, "seeded", 0, "register nobody: sign in the first N people of a database that tools/seed made")
	flags.StringVar(&f.seed, "seed", "bench", "seed of that database")
	flags.IntVar(&f.pid, "pid", 0, "process of the server on this machine, to measure its CPU and memory (Linux)")
	flags.BoolVar(&f.json, "json", false, "print JSON")
	return cmd
}

// check refuses what cannot be measured.
func (f *benchFlags) check(cmd *cobra.Command) error {
	for _, group := range [][]string{{"duration", "count"}, {"people", "setup", "seeded"}, {"invitations", "setup", "seeded"}} {
		given := slices.DeleteFunc(group, func(name string) bool { return !cmd.Flags().Changed(name) })
		if len(given) > 1 {
			return cli.Usage("choose one of --" + strings.Join(given, " and --"))
		}
	}
	for _, n := range f.workers {
		if n < 1 || n > maxWorkers {
			return cli.Usage("--workers takes numbers from 1 to 10000")
		}
	}
	switch {
	case len(f.workers) == 0:
		return cli.Usage("--workers takes numbers from 1 to 10000")
	case f.people < 1 || f.people > maxPeople || f.seeded < 0 || f.seeded > maxPeople:
		return cli.Usage("people are 1 or more")
	case f.duration <= 0 || f.timeout <= 0 || f.warmUp < 0:
		return cli.Usage("--duration and --timeout are longer than nothing, --warm-up is not negative")
	case f.count < 0 || cmd.Flags().Changed("count") && f.count == 0:
		return cli.Usage("--count is 1 or more")
	case f.rounds < 1 || f.rounds > 1000:
		return cli.Usage("--rounds is a number from 1 to 1000")
	case !(f.rate >= 0 && f.rate <= 1e6): // NaN too
		return cli.Usage("--rate is a number up to a million; 0 is a closed loop")
	case f.pid < 0:
		return cli.Usage("--pid is the number of a process")
	}
	return nil
}

// round is the length of round i.
func (f *benchFlags) round(i int) bench.Length {
	if f.count > 0 { // nothing is left over
		return bench.Length{Count: f.count*(i+1)/f.rounds - f.count*i/f.rounds}
	}
	return bench.Length{Time: f.duration / time.Duration(f.rounds)}
}

// parseOrigin reads the URL of a server.
func parseOrigin(text string) (string, error) {
	u, err := url.Parse(text)
	if err == nil && u.Fragment != "" {
		// The fragment is a secret: it is not repeated.
		return "", cli.Usage("this is a link: give the server's URL, and the link with --setup").Hint("hither bench " + u.Scheme + "://" + u.Host + " --setup LINK")
	}
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil ||
		strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return "", cli.Usage("URL is the server's origin and nothing else, such as http://localhost:8080")
	}
	return u.Scheme + "://" + u.Host, nil
}

// bench measures, prints what was measured, and says what failed.
func (p program) bench(ctx context.Context, origin string, f benchFlags) error {
	r, err := p.measure(ctx, origin, f)
	if r == nil {
		return err
	}
	if printed := r.print(p.stdout, f.json); printed != nil {
		return printed
	}
	switch {
	case err != nil:
		return err
	case r.failed() > 0:
		return r.failure()
	case r.Interrupted:
		return errors.New("interrupted: this is what was measured until then")
	}
	return nil
}
