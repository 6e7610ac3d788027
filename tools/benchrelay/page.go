package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"
	"text/template"
	"time"
)

const pageText = `# Benchmarks of the relay

What it takes to be a tunnel service, measured by ` + "`make bench-relay`" + `, which writes this page. The relay is a process without TLS whose caps are
raised; the load is {{.Processes}} processes on the same machine that hold both ends of their tunnels. Messages are random, of 126 to 2,048 bytes, sent
both ways at {{.Rate}} a second from ends drawn at random; each that arrives is compared with what had to be next in its tunnel and direction. A
message's time is from before the write at one end to after the read at the other. ` + "`direct`" + ` is the same over a connection of a load to itself,
without a relay; both take turns in rounds. With TLS a connection takes more memory, which is not measured here.

Measured on {{.Date}} in {{.Took}}: {{.Machine}}. The load of the last minute was {{.Load}} when it began. Nothing here is asserted by a test.

| | aim | measured | |
| --- | --- | --- | --- |
| memory, the most of it ever | ≤ 256 MiB | {{mib .Peak.Peak}} | {{met (le .Peak.Peak 262144)}} |
| p99 that the relay adds | ≤ 10 ms | {{ms (added 99)}} | {{met (lt (added 99) 100000)}} |
| foreign bytes | 0 | {{.Foreign}} of {{.Bytes}} | {{met (eq .Foreign 0)}} |

| memory of the relay | resident |
| --- | --- |
| before anybody came | {{mib .Empty.Resident}} |
| {{.Tunnels}} tunnels open, {{.Sockets}} sockets, opened in {{.Opening}} | {{mib .Open.Resident}} |
| after {{len .Relayed}} messages | {{mib .Peak.Resident}} |
| 5 s after all tunnels had ended | {{mib .Closed.Resident}} |

| time of a message, ms | messages | p50 | p90 | p99 | p99.9 |
| --- | --- | --- | --- | --- | --- |
| direct | {{len .Direct}} | {{num (direct 50)}} | {{num (direct 90)}} | {{num (direct 99)}} | {{num (direct 99.9)}} |
| through the relay | {{len .Relayed}} | {{num (relayed 50)}} | {{num (relayed 90)}} | {{num (relayed 99)}} | {{num (relayed 99.9)}} |
| added | | {{num (added 50)}} | {{num (added 90)}} | {{num (added 99)}} | {{num (added 99.9)}} |
`

// page is what was measured, in words.
func (m *measured) page() (string, error) {
	relayed := func(p float64) int64 { return percentile(m.Relayed, p) }
	direct := func(p float64) int64 { return percentile(m.Direct, p) }
	num := func(v int64) string { return fmt.Sprintf("%.2f", float64(v)/10_000) }
	t, err := template.New("page").Funcs(template.FuncMap{
		"relayed": relayed,
		"direct":  direct,
		"added":   func(p float64) int64 { return relayed(p) - direct(p) },
		"num":     num,
		"ms":      func(v int64) string { return num(v) + " ms" },
		"mib":     func(kib int64) string { return fmt.Sprintf("%.0f MiB", float64(kib)/1024) },
		"met": func(ok bool) string {
			if ok {
				return "met"
			}
			return "**not met**"
		},
	}).Parse(pageText)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = t.Execute(&b, struct {
		*measured
		Date, Machine string
		Sockets       int
	}{m, time.Now().UTC().Format(time.DateOnly), machine(), 2 * m.Tunnels})
	return b.String(), err
}

// percentile is of sorted values.
func percentile(sorted []uint32, p float64) int64 {
	if len(sorted) == 0 {
		return 0
	}
	return int64(sorted[min(int(p/100*float64(len(sorted))), len(sorted)-1)])
}

// machine is what was measured on, as Linux tells it.
func machine() string {
	var kib int64
	_, _ = fmt.Sscan(valueIn("/proc/meminfo", "MemTotal"), &kib)
	kernel := strings.SplitN(firstField("/proc/sys/kernel/osrelease"), ".", 3)
	return fmt.Sprintf("%d processors (%s), %d GiB of memory, Linux %s, %s", runtime.NumCPU(),
		valueIn("/proc/cpuinfo", "model name"), (kib+1<<19)>>20, strings.Join(kernel[:min(2, len(kernel))], "."), runtime.Version())
}

func valueIn(path, key string) string {
	f, err := os.Open(path)
	if err != nil {
		return "unknown"
	}
	defer func() { _ = f.Close() }()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if name, value, _ := strings.Cut(lines.Text(), ":"); strings.TrimSpace(name) == key {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}
