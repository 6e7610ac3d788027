package relay_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/hitherauth/hither/tunnel/relay"
)

// TestMetricsInManual wants the metrics in docs/monitoring.md to be those of the relay.
func TestMetricsInManual(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/monitoring.md")
	if err != nil {
		t.Fatal(err)
	}
	var written []string
	for line := range strings.Lines(string(text)) {
		if name, _, ok := strings.Cut(line, " "); ok && strings.HasPrefix(name, "hither_relay_") {
			written = append(written, name)
		}
	}
	described := make(chan *prometheus.Desc, 100)
	for _, c := range relay.New(relay.Config{}).Collectors() {
		c.Describe(described)
	}
	close(described)
	var told []string
	for d := range described {
		told = append(told, regexp.MustCompile(`fqName: "([^"]+)"`).FindStringSubmatch(d.String())[1])
	}
	slices.Sort(told)
	slices.Sort(written)
	if diff := cmp.Diff(slices.Compact(told), written); diff != "" {
		t.Errorf("docs/monitoring.md (-relay +manual):\n%s", diff)
	}
}
