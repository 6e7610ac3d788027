package main

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/hitherauth/hither/testbed"
)

// TestTestbedManualHasTheEnvironment compares what a command finds in its environment
// with the table in docs/testbed.md and with the help of hither testbed run.
func TestTestbedManualHasTheEnvironment(t *testing.T) {
	t.Parallel()
	if !hasBed() {
		t.Skip("dbus-daemon or Xvfb is missing: make deps installs them")
	}
	stage, err := openStage(t.Context(), testbed.Config{})
	if err != nil {
		t.Fatal(err)
	}
	want := slices.Sorted(maps.Keys(stage.variables()))
	if err := stage.close(); err != nil {
		t.Error(err)
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "testbed.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(text), "finds in its environment\n\n")
	if !found {
		t.Fatal("docs/testbed.md has no table of the environment")
	}
	table, _, _ = strings.Cut(table, "\n\n")
	_, help, _ := strings.Cut(testbedRunLong, "finds in its environment\n\n")
	help, _, _ = strings.Cut(help, "\n\n")
	names := regexp.MustCompile(`\b(?:HITHER_TESTBED_\w+|DISPLAY|XAUTHORITY|DBUS_\w+)\b`)
	for where, text := range map[string]string{"docs/testbed.md": table, "hither testbed run --help": help} {
		if diff := cmp.Diff(want, slices.Compact(slices.Sorted(slices.Values(names.FindAllString(text, -1))))); diff != "" {
			t.Errorf("%s (-bed +text):\n%s", where, diff)
		}
	}
}

// TestTestbedManualHasTheFlags wants each command and each flag in docs/testbed.md.
func TestTestbedManualHasTheFlags(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "testbed.md"))
	if err != nil {
		t.Fatal(err)
	}
	commands := program{}.testbedCommand().Commands()
	if len(commands) == 0 {
		t.Fatal("hither testbed has no commands")
	}
	for _, cmd := range commands {
		if !strings.Contains(string(text), "hither testbed "+cmd.Name()) {
			t.Errorf("docs/testbed.md does not have hither testbed %s", cmd.Name())
		}
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if !strings.Contains(string(text), "`--"+f.Name) {
				t.Errorf("docs/testbed.md does not have --%s of %s", f.Name, cmd.Name())
			}
		})
	}
}
