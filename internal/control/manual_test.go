package control_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/internal/control"
	"github.com/hitherauth/hither/testbed"
)

// manual is the part of docs/testbed.md below a heading.
func manual(t *testing.T, heading string) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/testbed.md")
	if err != nil {
		t.Fatal(err)
	}
	_, part, found := strings.Cut(string(text), "\n"+heading+"\n")
	if !found {
		t.Fatalf("docs/testbed.md has no %s", heading)
	}
	part, _, _ = strings.Cut(part, "\n## ")
	return part
}

// TestManualHasTheEndpoints compares the manual with what is routed: each operation,
// each parameter, each member of a request.
func TestManualHasTheEndpoints(t *testing.T) {
	t.Parallel()
	want := map[string][]string{}
	api := control.Describe("", "")
	for path, item := range api.Paths {
		for method, op := range operations(item) {
			names := []string{}
			for _, p := range op.Parameters {
				if p.In == "query" {
					names = append(names, p.Name)
				}
			}
			if op.RequestBody != nil {
				schema := api.Components.Schemas.SchemaFromRef(op.RequestBody.Content["application/json"].Schema.Ref)
				names = append(names, slices.Collect(maps.Keys(schema.Properties))...)
			}
			want[method+" "+path] = slices.Sorted(slices.Values(names))
		}
	}
	got := map[string][]string{}
	for line := range strings.Lines(manual(t, "### The control API")) {
		for _, match := range regexp.MustCompile("`([A-Z]+ /[^`?]*)(?:\\?([^`]*))?`").FindAllStringSubmatch(line, -1) {
			names := []string{}
			for _, parameter := range strings.FieldsFunc(match[2], func(r rune) bool { return r == '&' }) {
				name, _, _ := strings.Cut(parameter, "=")
				names = append(names, name)
			}
			for _, name := range want[match[1]] {
				if strings.Contains(line, "`"+name+"`") {
					names = append(names, name)
				}
			}
			got[match[1]] = slices.Sorted(slices.Values(names))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("docs/testbed.md (-API +manual):\n%s", diff)
	}
}

// TestManualHasTheFaults compares the manual with the code, order included.
func TestManualHasTheFaults(t *testing.T) {
	t.Parallel()
	var want, got []string
	for _, f := range testbed.Faults() {
		want = append(want, f.String())
	}
	for _, row := range strings.Split(manual(t, "## What can go wrong on purpose"), "\n| `")[1:] {
		cell, _, _ := strings.Cut("`"+row, " |")
		for _, name := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cell, -1) {
			got = append(got, name[1])
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("docs/testbed.md (-code +manual):\n%s", diff)
	}
}
