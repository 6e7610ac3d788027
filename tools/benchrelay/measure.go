package main

import (
	"bufio"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	rounds = 10 // in which relayed and direct messages take turns
	share  = 5  // as many messages go through the relay for each that goes directly
	settle = 5 * time.Second
)

// measured is what the page shows.
type measured struct {
	options
	Took            time.Duration
	Opening         time.Duration // all tunnels
	Empty, Open     memory        // the relay before anybody came, and with all tunnels
	Peak, Closed    memory        // after the messages, and with no tunnel any more
	Relayed, Direct []uint32      // sorted, in units of 100 ns
	Bytes, Foreign  int64
	Load            string // of the last minute, before anything was measured
}

// memory is of a process, in KiB: what is resident, and the most that ever was.
type memory struct{ Resident, Peak int64 }

// child is a process that this one started.
type child struct {
	*exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// load is a child that takes orders.
type loader struct {
	*child
	orders  *gob.Encoder
	results *gob.Decoder
}

// measure starts a relay and loads, and has them talk.
func measure(ctx context.Context, o options) (m *measured, err error) {
	m = &measured{options: o, Load: firstField("/proc/loadavg")}
	relay, err := start(ctx, "-role", "relay")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, relay.stop()) }()
	address, err := relay.out.ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("the relay did not start: %w", err)
	}
	if m.Empty, err = memoryOf(relay); err != nil {
		return nil, err
	}
	began := time.Now()
	loads, stop, err := startLoads(ctx, o, strings.TrimSpace(address))
	defer func() { err = errors.Join(err, stop()) }()
	if err != nil {
		return nil, err
	}
	m.Opening = time.Since(began).Round(10 * time.Millisecond)
	if m.Open, err = memoryOf(relay); err != nil {
		return nil, err
	}
	for range rounds {
		if err := m.round(loads, order{Direct: true, Messages: o.Messages / share / rounds / len(loads)}); err != nil {
			return nil, err
		}
		if err := m.round(loads, order{Messages: o.Messages / rounds / len(loads)}); err != nil {
			return nil, err
		}
	}
	if m.Peak, err = memoryOf(relay); err != nil {
		return nil, err
	}
	slices.Sort(m.Relayed)
	slices.Sort(m.Direct)
	if err := stop(); err != nil {
		return nil, err
	}
	select {
	case <-time.After(settle):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	m.Closed, err = memoryOf(relay)
	return m, err
}

// round has all loads do the same at once.
func (m *measured) round(loads []*loader, o order) error {
	o.Rate = float64(m.Rate) / float64(len(loads))
	for _, l := range loads {
		if err := l.orders.Encode(o); err != nil {
			return err
		}
	}
	for _, l := range loads {
		var r result
		if err := l.results.Decode(&r); err != nil {
			return err
		}
		if r.Err != "" {
			return errors.New(r.Err)
		}
		if o.Direct {
			m.Direct = append(m.Direct, r.Latencies...)
			continue
		}
		m.Relayed = append(m.Relayed, r.Latencies...)
		m.Bytes += r.Bytes
		m.Foreign += r.Foreign
	}
	return nil
}

// startLoads starts the loads and waits until all tunnels are open. stop ends them,
// once, and is there with an error too.
func startLoads(ctx context.Context, o options, address string) (loads []*loader, stop func() error, err error) {
	stop = func() error {
		var err error
		for _, l := range loads {
			err = errors.Join(err, l.stop())
		}
		loads = nil
		return err
	}
	for i := range o.Processes {
		c, err := start(ctx, "-role", "load", "-address", address, "-process", strconv.Itoa(i), "-tunnels", strconv.Itoa(o.Tunnels/o.Processes))
		if err != nil {
			return loads, stop, err
		}
		loads = append(loads, &loader{c, gob.NewEncoder(c.in), gob.NewDecoder(c.out)})
	}
	for _, l := range loads {
		var r result
		if err := l.results.Decode(&r); err != nil || r.Err != "" {
			return loads, stop, fmt.Errorf("a load did not start: %s %w", r.Err, err)
		}
	}
	return loads, stop, nil
}

// start starts this program once more.
func start(ctx context.Context, args ...string) (*child, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &child{cmd, in, bufio.NewReader(out)}, cmd.Start()
}

// stop ends a child's input, and so the child.
func (c *child) stop() error {
	_ = c.in.Close()
	_, _ = io.Copy(io.Discard, c.out)
	return c.Wait()
}

// memoryOf asks Linux how much memory a child has.
func memoryOf(c *child) (memory, error) {
	var m memory
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.Process.Pid))
	if err != nil {
		return m, err
	}
	for line := range strings.Lines(string(status)) {
		key, value, _ := strings.Cut(line, ":")
		switch key {
		case "VmRSS":
			_, err = fmt.Sscan(value, &m.Resident)
		case "VmHWM":
			_, err = fmt.Sscan(value, &m.Peak)
		}
		if err != nil {
			return m, err
		}
	}
	return m, nil
}

func firstField(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(b), " ")
	return first
}
