package child_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/hitherauth/hither/internal/child"
)

const longest = 20 * time.Second

func TestMain(m *testing.M) {
	if script := os.Getenv("HITHER_TEST_CHILD_OF"); script != "" {
		parent(script)
	}
	goleak.VerifyTestMain(m)
}

// parent is another process that starts a program, says so, and does not look after it.
func parent(script string) {
	cmd := exec.CommandContext(context.Background(), "sh", "-c", script)
	cmd.Stdout = os.Stdout
	if _, err := child.Start(context.Background(), cmd); err != nil {
		os.Exit(1)
	}
	select {}
}

// sh starts a shell, and returns with what it says first.
func sh(ctx context.Context, t *testing.T, script string, change func(*exec.Cmd)) (*child.Process, *exec.Cmd, string) {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(ctx), "sh", "-c", script)
	if change != nil {
		change(cmd)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p, err := child.Start(ctx, cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return p, cmd, strings.TrimSpace(line)
}

func pid(t *testing.T, line string) int {
	t.Helper()
	pid, err := strconv.Atoi(line)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// running says whether a process runs: it may be a zombie where nobody takes its end.
func running(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

func wait(t *testing.T, p *child.Process) {
	t.Helper()
	select {
	case <-p.Ended():
	case <-time.After(longest):
		t.Fatal("it does not end")
	}
}

func TestCloseEndsTheGroup(t *testing.T) {
	t.Parallel()
	p, cmd, line := sh(t.Context(), t, `sleep 1000 & sh -c 'sleep 1000; true' & echo $!; wait`, nil)
	grandchild := pid(t, line)
	if !running(grandchild) {
		t.Error("its child does not run")
	}
	for range 2 {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	if running(grandchild) || running(cmd.Process.Pid) {
		t.Error("something runs")
	}
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGTERM {
		t.Errorf("it ended with %v", cmd.ProcessState)
	}
}

func TestCloseKillsTheStubborn(t *testing.T) {
	t.Parallel()
	p, cmd, line := sh(t.Context(), t, `trap '' TERM; sh -c 'while :; do sleep 0.1; done' & echo $!; while :; do sleep 0.1; done`,
		func(cmd *exec.Cmd) { cmd.WaitDelay = 50 * time.Millisecond })
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if running(pid(t, line)) || running(cmd.Process.Pid) {
		t.Error("something runs")
	}
}

func TestEndsWithItsContexts(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	p, _, _ := sh(ctx, t, "echo; exec sleep 1000", nil)
	cancel()
	wait(t, p)

	ctx, cancel = context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, "sleep", "1000")
	p, err := child.Start(t.Context(), cmd)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	wait(t, p)

	if _, err := child.Start(ctx, exec.CommandContext(t.Context(), "true")); !errors.Is(err, context.Canceled) {
		t.Errorf("started with %v", err)
	}
}

// TestGroupEndsWithTheProgram has a program leave something behind that holds its output open.
func TestGroupEndsWithTheProgram(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", `sleep 1000 & echo $!; exit 7`)
	var out strings.Builder
	cmd.Stdout = &out
	p, err := child.Start(t.Context(), cmd)
	if err != nil {
		t.Fatal(err)
	}
	wait(t, p)
	if running(pid(t, strings.TrimSpace(out.String()))) {
		t.Error("what it left behind runs")
	}
	if cmd.ProcessState.ExitCode() != 7 {
		t.Errorf("it ended with %v", cmd.ProcessState)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

func TestEndsWithThisProcess(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "HITHER_TEST_CHILD_OF=echo $$; exec sleep 1000")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, out) // its child holds it, and lets go
	_ = cmd.Wait()                  // killed
	for deadline := time.Now().Add(longest); running(pid(t, strings.TrimSpace(line))); {
		if time.Now().After(deadline) {
			t.Fatal("the child of a process that was killed runs")
		}
		time.Sleep(time.Millisecond)
	}
}

func TestWhatCannotStart(t *testing.T) {
	t.Parallel()
	if _, err := child.Start(t.Context(), exec.CommandContext(t.Context(), "/nowhere/at/all")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("started with %v", err)
	}
}
