package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"

	"github.com/spf13/cobra"

	"github.com/hitherauth/hither/internal/cli"
	"github.com/hitherauth/hither/testbed"
)

const testbedLong = `A test bed is a whole scene of signing in with a phone, on this computer alone and without hardware: a screen in memory on
which an unmodified Chromium shows its own QR code, phones in software that read it from there, a fake Bluetooth radio,
and a tunnel service. Tests of any language and any framework find it in their environment. See docs/testbed.md.

It needs Linux, and the programs Xvfb, dbus-daemon and Chromium; hither testbed check says which are missing.`

const testbedRunLong = `Run a command in a test bed: its tests, say. The command finds in its environment

  DISPLAY, XAUTHORITY             the screen
  DBUS_SYSTEM_BUS_ADDRESS         the bus with the radio
  DBUS_SESSION_BUS_ADDRESS        no bus, so that a browser does not find yours
  HITHER_TESTBED_CHROMIUM         a program that starts Chromium in the bed, for Playwright, Puppeteer, WebDriver; also in PATH as hither-chromium
  HITHER_TESTBED_CHROMIUM_FLAGS   the flags that it adds, a list in JSON
  HITHER_TESTBED_URL              the bed's API, which makes phones and has them scan; /openapi.json describes it
  HITHER_TESTBED_TOKEN            what opens it (Authorization: Bearer)
  HITHER_TESTBED_TUNNEL           the bed's tunnel service, a value of hither login --tunnel

Its exit code is that of the command, 128 and the number of the signal that ended it, 126 or 127 if it cannot be started.
Signals are passed on. When the command ends, the bed ends, and with it all that the command has left in its process group.

  hither testbed run -- npx playwright test`

const testbedServeLong = `Be a test bed for a program that starts it: standard output gets one line, a JSON object with the environment that a command
of hither testbed run finds. The bed ends with standard input, and with SIGTERM and Ctrl-C.

Whoever reads that line can be the person and the phone. It does not belong in a log.`

// testbedFlags are those of the commands that make a bed.
type testbedFlags struct {
	screen   screenSize
	chromium string
}

func (f *testbedFlags) add(cmd *cobra.Command) {
	cmd.Flags().Var(&f.screen, "screen-size", "size of the screen in pixels, WIDTHxHEIGHT (default 1280x900)")
	cmd.Flags().StringVar(&f.chromium, "chromium", "", "the browser, a path or a name (default chromium, chromium-browser or google-chrome in PATH)")
}

func (f *testbedFlags) config() testbed.Config {
	return testbed.Config{Screen: image.Point(f.screen), Chromium: f.chromium}
}

// screenSize is a value of --screen-size.
type screenSize image.Point

// String is the text of a size.
func (s *screenSize) String() string {
	if *s == (screenSize{}) {
		return ""
	}
	return fmt.Sprintf("%dx%d", s.X, s.Y)
}

// Set reads a text. A window of Chromium with a QR code in it needs some room, and a
// picture of the screen a lot of memory.
func (s *screenSize) Set(text string) error {
	var p screenSize
	if _, err := fmt.Sscanf(text, "%dx%d", &p.X, &p.Y); err != nil || p.String() != text {
		return errors.New("write it like 1280x900")
	}
	if p.X < 800 || p.Y < 600 || p.X > 7680 || p.Y > 4320 {
		return errors.New("it is from 800x600 to 7680x4320")
	}
	*s = p
	return nil
}

// Type is what help calls it.
func (s *screenSize) Type() string { return "size" }

func (p program) testbedCommand() *cobra.Command {
	return cli.Group(&cobra.Command{
		Use:   "testbed",
		Short: "A real browser, a phone in software and no hardware, for tests",
		Long:  testbedLong,
	}, p.testbedRunCommand(), p.testbedServeCommand(), p.testbedCheckCommand())
}

func (p program) testbedRunCommand() *cobra.Command {
	var f testbedFlags
	cmd := &cobra.Command{
		Use:   "run [flags] -- COMMAND [ARG...]",
		Short: "Run a command in a test bed",
		Long:  testbedRunLong,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cli.Usage("there is no command to run").Hint("usage: " + cmd.UseLine())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return p.testbedRun(cmd.Context(), f, args) },
	}
	cmd.Flags().SetInterspersed(false) // flags behind the command are its own
	f.add(cmd)
	return cmd
}

func (p program) testbedServeCommand() *cobra.Command {
	var f testbedFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Be a test bed until standard input ends",
		Long:  testbedServeLong,
		Args:  cli.Between(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := cli.UntilSignal(cmd.Context())
			defer stop()
			return p.testbedServe(ctx, f)
		},
	}
	f.add(cmd)
	return cmd
}

// testbedServe is a bed until ctx is done or standard input ends.
func (p program) testbedServe(ctx context.Context, f testbedFlags) (err error) {
	stage, err := openStage(ctx, f.config())
	if err != nil {
		return explainTestbed(ctx, err)
	}
	defer func() {
		if e := stage.close(); e != nil {
			err = e
		}
	}()
	if err := json.NewEncoder(p.stdout).Encode(stage.variables()); err != nil {
		return err
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		_, _ = io.Copy(io.Discard, p.stdin) // an end is an end
	}()
	select {
	case <-ctx.Done():
	case <-over:
	case <-stage.bed.Ended(): // its close says why
	}
	return nil
}

// explainTestbed is for a bed that does not start.
func explainTestbed(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return cli.Exit(cli.ExitInterrupted, errors.New("interrupted"))
	}
	return cli.Exit(cli.ExitUnavailable, err).Hint("hither testbed check says what is missing, and how to get it")
}
