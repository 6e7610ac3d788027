package testbed_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/hitherauth/hither/testbed"
)

// processes are those that run and have that text on their command line.
func processes(text string) (pids []int) {
	names, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, name := range names {
		line, err := os.ReadFile(name)
		if err == nil && bytes.Contains(line, []byte(text)) {
			pid, _ := strconv.Atoi(strings.Split(name, "/")[2])
			pids = append(pids, pid)
		}
	}
	return pids
}

// traces are what a bed has that others could see.
type traces struct{ files, words []string }

func tracesOf(t *testing.T, bed *testbed.Bed) traces {
	t.Helper()
	number := strings.TrimPrefix(variable(t, bed, "DISPLAY"), ":")
	bus := filepath.Dir(strings.TrimPrefix(variable(t, bed, "DBUS_SYSTEM_BUS_ADDRESS"), "unix:path="))
	tr := traces{
		files: []string{bed.Dir(), bus, "/tmp/.X11-unix/X" + number},
		words: []string{bed.Dir(), bus},
	}
	for _, file := range tr.files {
		if _, err := os.Stat(file); err != nil {
			t.Error(err)
		}
	}
	return tr
}

// gone wants nothing to be left. Another bed may have the number of the display by now.
func (tr traces) gone(t *testing.T) {
	t.Helper()
	for _, file := range tr.files[:2] {
		if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is left: %v", file, err)
		}
	}
	for _, word := range tr.words {
		if pids := processes(word); len(pids) > 0 {
			t.Errorf("processes are left that have to do with %s: %v", word, pids)
		}
	}
}

func TestEndsWithItsContext(t *testing.T) {
	t.Parallel()
	needs(t, "Xvfb", "dbus-daemon")
	ctx, cancel := context.WithCancel(t.Context())
	bed, err := testbed.Start(ctx, testbed.Config{})
	if err != nil {
		t.Fatal(err)
	}
	left := tracesOf(t, bed)
	cancel()
	<-bed.Ended()
	left.gone(t)
	if err := errors.Join(bed.Err(), bed.Close()); err != nil {
		t.Error(err)
	}
	if _, err := testbed.Start(ctx, testbed.Config{}); !errors.Is(err, context.Canceled) {
		t.Errorf("started with %v", err)
	}
}

// TestPartsDie kills a part of a bed, and wants the bed to end and to say which it was.
func TestPartsDie(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ word, want string }{
		"screen": {"Xvfb", "testbed: the bed has died: the screen is gone: Xvfb ended (signal: killed)"},
		"bus":    {"dbus-daemon", "testbed: the bed has died: dbus-daemon ended"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			needs(t, "Xvfb", "dbus-daemon")
			bed, err := testbed.Start(t.Context(), testbed.Config{})
			if err != nil {
				t.Fatal(err)
			}
			left, phone := tracesOf(t, bed), newPhone(t, bed)
			for _, word := range left.words {
				for _, pid := range processes(word) {
					if slices.Contains(processes(row.word), pid) {
						_ = syscall.Kill(pid, syscall.SIGKILL)
					}
				}
			}
			_, err = phone.ScanScreen(t.Context())
			if !errors.Is(err, testbed.ErrDied) {
				t.Errorf("a phone that looked: %v", err)
			}
			_, err = bed.WaitEvents(t.Context(), 100)
			<-bed.Ended()
			left.gone(t)
			for _, err := range []error{err, bed.Err(), bed.Close()} {
				if err == nil || !strings.HasPrefix(err.Error(), row.want) {
					t.Errorf("error %v", err)
				}
			}
		})
	}
}

// TestMissingPrograms wants each program named that is not there.
func TestMissingPrograms(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := testbed.Start(t.Context(), testbed.Config{Chromium: "chromium-of-mine"})
	missing, ok := errors.AsType[*testbed.MissingError](err)
	if !ok || missing.Program != "Xvfb" || missing.Package != "xvfb" {
		t.Errorf("error %v", err)
	}
	for _, want := range []string{"Xvfb is missing: apt-get install xvfb", "dbus-daemon is missing: apt-get install dbus", `"chromium-of-mine"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
}
