package bench

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of CPU times in /proc: USER_HZ is 100 wherever Go runs.
const tick = 10 * time.Millisecond

// Process is a process of this machine that is watched.
type Process struct{ pid int }

// Watch finds a process. It needs the /proc of Linux.
func Watch(pid int) (*Process, error) {
	if runtime.GOOS != "linux" {
		return nil, errors.New("bench: CPU and memory of a process are read from /proc, which " + runtime.GOOS + " does not have")
	}
	p := &Process{pid: pid}
	if _, err := p.CPU(); err != nil {
		return nil, err
	}
	return p, nil
}

// PID is its number.
func (p *Process) PID() int { return p.pid }

// CPU is the time that the process has spent, all threads together.
func (p *Process) CPU() (time.Duration, error) {
	stat, err := p.read("stat")
	if err != nil {
		return 0, err
	}
	// The name of the program, in brackets, may hold anything.
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	const user, system = 11, 12 // behind the name
	if len(fields) <= system {
		return 0, fmt.Errorf("bench: process %d: /proc says %q", p.pid, stat)
	}
	u, err := strconv.ParseInt(fields[user], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("bench: process %d: %w", p.pid, err)
	}
	s, err := strconv.ParseInt(fields[system], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("bench: process %d: %w", p.pid, err)
	}
	return time.Duration(u+s) * tick, nil
}

// Memory is what the process holds in memory now, and the most that it has
// held since it began, in bytes.
func (p *Process) Memory() (now, peak int64, err error) {
	status, err := p.read("status")
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(status) {
		name, value, _ := strings.Cut(line, ":")
		to := map[string]*int64{"VmRSS": &now, "VmHWM": &peak}[name]
		if to == nil {
			continue
		}
		kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		if err != nil {
			return 0, 0, fmt.Errorf("bench: process %d: %w", p.pid, err)
		}
		*to = kib << 10
	}
	if now == 0 || peak == 0 {
		return 0, 0, fmt.Errorf("bench: process %d has ended", p.pid)
	}
	return now, peak, nil
}

func (p *Process) read(name string) (string, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", p.pid, name))
	if errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("bench: there is no process %d", p.pid)
	}
	if err != nil {
		return "", fmt.Errorf("bench: process %d: %w", p.pid, err)
	}
	return string(b), nil
}
