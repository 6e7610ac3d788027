// Command benchrelay measures the relay: how much memory thousands of tunnels take
// that are open at once, what passing through it adds to a message's way, and that a
// million random messages arrive where they belong. The relay is a process without
// TLS, the load comes from processes of its own, which hold both ends of their
// tunnels; for comparison they say the same to each other directly. It writes a page:
//
//	go -C tools run ./benchrelay
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// options are what is measured.
type options struct {
	Tunnels   int
	Messages  int
	Rate      int // messages a second, of all processes
	Processes int
	out       string

	role, address string // of a process that this one started
	process       int
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "benchrelay: error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	o := options{}
	flags := flag.NewFlagSet("benchrelay", flag.ContinueOnError)
	flags.IntVar(&o.Tunnels, "tunnels", 9500, "tunnels that are open at once")
	flags.IntVar(&o.Messages, "messages", 1_000_000, "messages through the relay; a fifth of them directly")
	flags.IntVar(&o.Rate, "rate", 5000, "messages a second")
	flags.IntVar(&o.Processes, "processes", 4, "processes of the load")
	flags.StringVar(&o.out, "out", filepath.Join("..", "docs", "benchmarks-relay.md"), "page to write; empty for none")
	flags.StringVar(&o.role, "role", "", "relay or load: what this process is, for one that benchrelay started")
	flags.StringVar(&o.address, "address", "", "of the relay, for a load")
	flags.IntVar(&o.process, "process", 0, "which load this is")
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch o.role {
	case "relay":
		return serve(in, out)
	case "load":
		return load(ctx, o, in, out)
	}
	if err := enoughFiles(uint64(2*o.Tunnels) + 100); err != nil {
		return err
	}
	began := time.Now()
	m, err := measure(ctx, o)
	if err != nil {
		return err
	}
	m.Took = time.Since(began).Round(time.Second)
	page, err := m.page()
	if err != nil {
		return err
	}
	if _, err := io.WriteString(out, page); err != nil {
		return err
	}
	if m.Foreign > 0 {
		return fmt.Errorf("%d bytes arrived where they did not belong", m.Foreign)
	}
	if o.out == "" {
		return nil
	}
	return os.WriteFile(o.out, []byte(page), 0o644)
}

// enoughFiles says whether a process may open n files. A Go program raises its soft
// limit to the hard one by itself.
func enoughFiles(n uint64) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	if limit.Max < n {
		return fmt.Errorf("the relay needs %d open files and may have %d: raise the hard limit (ulimit -Hn), or measure with -tunnels %d",
			n, limit.Max, (limit.Max-100)/2)
	}
	if limit.Cur < n {
		return errors.New("the soft limit of open files could not be raised to the hard one")
	}
	return nil
}
