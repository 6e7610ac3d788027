package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/hitherauth/hither/tunnel"
	"github.com/hitherauth/hither/tunnel/relay"
)

// manualRows are the rows of the table in docs/relay.md that has this head.
func manualRows(t *testing.T, head string) []string {
	t.Helper()
	text, err := os.ReadFile("../../docs/relay.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(text), "\n"+head+"\n")
	if !found {
		t.Fatalf("docs/relay.md has no table %s", head)
	}
	table, _, _ = strings.Cut(table, "\n\n")
	rows := strings.Split(strings.TrimSpace(table), "\n")
	return rows[1:]
}

// TestRelayManualHasTheLimits compares the manual with the flags.
func TestRelayManualHasTheLimits(t *testing.T) {
	t.Parallel()
	limits := relay.DefaultLimits()
	var want []string
	for _, l := range relayLimits(&limits) {
		flags := pflag.NewFlagSet("", pflag.ContinueOnError)
		l.addTo(flags)
		want = append(want, fmt.Sprintf("| `--%s` | %s | %s |", l.name, flags.Lookup(l.name).DefValue, l.usage))
	}
	if diff := cmp.Diff(want, manualRows(t, "| flag | default | limits |")); diff != "" {
		t.Errorf("docs/relay.md (-code +manual):\n%s", diff)
	}
}

// TestRelayManualHasTheMetrics compares the manual with a scrape.
func TestRelayManualHasTheMetrics(t *testing.T) {
	t.Parallel()
	r, _ := startTLS(t, "--metrics-listen", "127.0.0.1:0")
	phone, client, routing := r.pair(t, tunnel.ID{1})
	carries(t, phone, client, "counted")
	// Refusals are counted by what they were.
	if _, err := r.dialer.Connect(t.Context(), r.Service, routing, tunnel.ID{2}); err == nil {
		t.Error("there was a tunnel that nobody opened")
	}
	_, body, _ := r.get(t, regexp.MustCompile(`http://[0-9.:]+/metrics`).FindString(r.log.String()))
	var want []string
	for _, m := range regexp.MustCompile(`(?m)^# HELP (hither_\S+) (.*)\n# TYPE \S+ (\S+)\n(.*)$`).FindAllStringSubmatch(body, -1) {
		var labels []string
		for _, l := range regexp.MustCompile(`[{,]([a-z_]+)="`).FindAllStringSubmatch(m[4], -1) {
			labels = append(labels, "`"+l[1]+"`")
		}
		slices.Sort(labels)
		want = append(want, fmt.Sprintf("| `%s` | %s | %s | %s |", m[1], m[3], strings.Join(labels, ", "), m[2]))
	}
	got := manualRows(t, "| name | type | labels | meaning |")
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("docs/relay.md (-code +manual):\n%s", diff)
	}
}
