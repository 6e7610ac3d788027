package main

import "testing"

func TestProgressLine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		part  float64
		width int
		want  string
	}{
		"begin":      {0, 44, "[........................]   0 %  8 workers "},
		"half":       {0.5, 43, "[############............]  50 %  8 workers"},
		"end":        {1, 43, "[########################] 100 %  8 workers"},
		"late":       {7, 43, "[########################] 100 %  8 workers"},
		"no time":    {-1, 12, "[..........."},
		"no columns": {0.5, 0, ""},
	} {
		got := progressLine(func() (float64, string) { return c.part, "8 workers" }, c.width)
		if got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}
