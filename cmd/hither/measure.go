package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hitherauth/hither/internal/api"
	"github.com/hitherauth/hither/internal/bench"
	"github.com/hitherauth/hither/internal/cli"
	"github.com/hitherauth/hither/internal/load"
)

// measure does all that the flags ask for. What was measured when an error came,
// or when ctx ended, comes with it; nil: nothing was.
func (p program) measure(ctx context.Context, origin string, f benchFlags) (*report, error) {
	var process *bench.Process
	if f.pid != 0 {
		var err error
		if process, err = bench.Watch(f.pid); err != nil {
			return nil, err
		}
	}
	client := api.NewClient(bench.HTTPClient(slices.Max(f.workers), f.timeout), origin)
	bar := newProgress(p.stderr)
	defer bar.stop()
	pick, people, err := p.people(ctx, client, f, bar)
	if ctx.Err() != nil {
		return nil, errors.New("interrupted before anything was measured")
	}
	if err != nil {
		return nil, explain(err, origin)
	}
	r := &report{URL: origin, People: people, Rounds: f.rounds}
	for _, workers := range f.workers {
		m, err := bench.New(bench.Config{Client: client, Pick: pick, Workers: workers, Rate: f.rate, Process: process})
		if err != nil {
			return r, err
		}
		bar.show(f.progressOf(m))
		err = f.measureOne(ctx, m)
		result, resultErr := m.Result()
		if err = errors.Join(err, resultErr); err != nil || result.SignIns.Count > 0 || result.Failed() > 0 {
			r.Runs = append(r.Runs, result)
		}
		r.Interrupted = ctx.Err() != nil
		if err != nil || r.Interrupted {
			return r, err
		}
	}
	return r, nil
}

// measureOne is all rounds of one number of workers.
func (f *benchFlags) measureOne(ctx context.Context, m *bench.Meter) error {
	m.WarmUp(ctx, bench.Length{Time: f.warmUp})
	for i := 0; i < f.rounds && ctx.Err() == nil; i++ {
		if err := m.Round(ctx, f.round(i)); err != nil {
			return err
		}
	}
	return nil
}

// people gives who signs in, and how many they are.
func (p program) people(ctx context.Context, client *api.Client, f benchFlags, bar *progress) (func() (*load.Person, error), int, error) {
	if f.seeded > 0 {
		u, err := url.Parse(client.Origin())
		if err != nil {
			return nil, 0, err
		}
		return bench.AmongSeeded(client, load.Population{Seed: f.seed, RPID: u.Hostname()}, f.seeded), f.seeded, nil
	}
	all, err := p.registrations(client.Origin(), f)
	if err != nil {
		return nil, 0, err
	}
	var done atomic.Int64
	bar.show(func() (float64, string) {
		n := done.Load()
		return float64(n) / float64(len(all)), fmt.Sprintf("registering %d of %d people", n, len(all))
	})
	people, err := bench.Register(ctx, client, all, &done)
	if err != nil {
		return nil, 0, err
	}
	return bench.Among(people), len(people), nil
}

// registrations says whose accounts are to be made: with links, if there are
// any, else where sign-up is open. The names are new in each run.
func (p program) registrations(origin string, f benchFlags) ([]api.Registration, error) {
	var tokens []string
	var err error
	switch {
	case f.setup != "":
		var token string
		token, err = linkToken(origin, f.setup)
		tokens = []string{token}
	case f.invitations != "":
		tokens, err = p.readInvitations(origin, f.invitations)
	default:
		tokens = make([]string, f.people)
	}
	if err != nil {
		return nil, err
	}
	var run [4]byte
	_, _ = rand.Read(run[:]) // never fails
	all := make([]api.Registration, len(tokens))
	for i, token := range tokens {
		all[i] = api.Registration{Name: fmt.Sprintf("bench-%s-%d", hex.EncodeToString(run[:]), i), Token: token}
	}
	return all, nil
}

func (p program) readInvitations(origin, name string) ([]string, error) {
	in := io.NopCloser(p.stdin)
	if name != "-" {
		file, err := os.Open(name) //nolint:gosec // G304: whose file it is, is for who runs this to say
		if err != nil {
			return nil, err
		}
		in = file
	}
	var tokens []string
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" {
			continue
		}
		token, err := linkToken(origin, line)
		if err != nil {
			return nil, errors.Join(err, in.Close())
		}
		tokens = append(tokens, token)
	}
	if err := errors.Join(lines.Err(), in.Close()); err != nil {
		return nil, err
	}
	if len(tokens) == 0 {
		return nil, fmt.Errorf("%s holds no links", name)
	}
	return tokens, nil
}

// linkToken is the secret of a setup or invitation link, which goes nowhere but
// to the server that is measured. Errors do not repeat it.
func linkToken(origin, link string) (string, error) {
	from, token, found := strings.Cut(link, "/setup#")
	switch {
	case !found || token == "":
		return "", errors.New("a link looks like " + origin + "/setup#…, as hitherd admin invite prints it")
	case from != origin:
		return "", errors.New("a link is not of " + origin)
	}
	return token, nil
}

// explain adds what can be done about an error of the first requests.
func explain(err error, origin string) error {
	if r, ok := errors.AsType[*api.RefusalError](err); ok {
		f := cli.Failed(err)
		switch r.Code {
		case "signup_closed":
			return f.Hint("sign-up is closed there: start hitherd with HITHER_SIGNUP=open").
				Hint("or make links with hitherd admin invite and give them with --invitations FILE")
		case "rate_limited":
			return f.Hint(hintLimits)
		case "invitation_invalid":
			return f.Hint("each link works once: make new ones with hitherd admin invite")
		case "misdirected":
			return f.Hint("use the address that hitherd serve prints")
		case "":
			return f.Hint("is this hitherd? Behind a proxy, ask hitherd itself too")
		}
		return f
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		return cli.Failed(err).Hint("nothing listens there: is hitherd running, and is its address " + origin + "?")
	}
	return err
}

const hintLimits = "limits against floods are on there: for a measurement, start hitherd with HITHER_RATE_LIMITS=off"

// progressOf says how far a meter is.
func (f *benchFlags) progressOf(m *bench.Meter) func() (float64, string) {
	began := time.Now()
	whole := f.warmUp + f.duration*7/5 // with the baselines
	return func() (float64, string) {
		done, failed := m.Live()
		part := float64(time.Since(began)) / float64(whole)
		if f.count > 0 {
			part = float64(done+failed) / float64(f.count)
		}
		return part, fmt.Sprintf("%d workers: %d sign-ins, %d failed", m.Workers(), done, failed)
	}
}
