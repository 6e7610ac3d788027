package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hitherauth/hither/internal/bench"
)

// TestPlan measures little, with real servers, and looks at what was written.
func TestPlan(t *testing.T) {
	t.Parallel()
	docs := t.TempDir()
	page := filepath.Join(docs, "benchmarks.md")
	if err := os.WriteFile(page, []byte("before\n"+markBegin+"old\n"+markEnd+"after\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(docs, "pictures"), 0o700); err != nil {
		t.Fatal(err)
	}
	p := plan{
		source: "../..", docs: docs, scratch: t.TempDir(), log: t.Output(),
		time: 200 * time.Millisecond, rounds: 2, workers: []int{1, 4}, compared: []int{4, 2}, sizes: []int{40, 50, 60},
	}
	if err := p.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	text := read(t, page)
	if !strings.HasPrefix(text, "before\n"+markBegin) || !strings.HasSuffix(text, markEnd+"after\n") || strings.Contains(text, "old") {
		t.Errorf("the page was not replaced between its marks:\n%s", text)
	}
	for _, want := range []string{"\n| 1 | ", "\n| 4 | ", "\n| 40 | ", "\n| 50 | ", "\n| 60 | ", "| credentials, 2 workers |", "No request failed", "bytes for a sign-in"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, bad := range []string{"%!", "NaN", "Inf", p.scratch, docs} {
		if strings.Contains(text, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	picture := read(t, filepath.Join(docs, picturePath))
	for d := xml.NewDecoder(strings.NewReader(picture)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("the picture is no XML: %v", err)
		}
	}
	if strings.Contains(picture, "NaN") || strings.Contains(picture, "%!") || strings.Count(picture, "<circle") != 9 {
		t.Errorf("the picture:\n%s", picture)
	}
	if left, err := os.ReadDir(p.scratch); !errors.Is(err, os.ErrNotExist) && len(left) > 0 {
		t.Errorf("%d data directories stay behind", len(left))
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAims(t *testing.T) {
	t.Parallel()
	result := func(workers int, cpu float64) bench.Result {
		return bench.Result{
			Workers: workers, SignIns: bench.Figures{Count: 1000, PerSecond: 2000, P99: 100},
			Server: &bench.Server{SignInCPU: cpu, LimitCPU: cpu / 2, XLimit: 2, Peak: 60 * mebi},
		}
	}
	good := func() *results {
		r := &results{
			Sizes: []int{1000, 1_000_000}, Workers: []bench.Result{result(64, 0.6), result(256, 0.6)},
			Compared: [][]bench.Result{{result(8, 0.5), result(8, 0.57)}},
			Idle:     30 * mebi, Ready: 100 * time.Millisecond, SignIn: 450, Swept: 150,
			Program: program{Bytes: 30e6},
		}
		r.Fill.PersonBytes = 600
		return r
	}
	for _, a := range good().aims() {
		if !a.met {
			t.Errorf("%s: %s is not %s", a.what, a.got, a.want)
		}
	}
	failed := []bench.Failure{{Kind: "finish: 503 unavailable", Count: 3}}
	for what, spoil := range map[string]func(*results){
		"sign-ins a second, 64 workers":                          func(r *results) { r.Workers[0].SignIns.PerSecond = 1369 },
		"server CPU of a sign-in, 64 workers":                    func(r *results) { r.Workers[0].Server.SignInCPU = 0.61 },
		"p99, 64 workers":                                        func(r *results) { r.Workers[0].SignIns.P99 = 101 },
		"server CPU over its limit, 64 workers":                  func(r *results) { r.Workers[0].Server.XLimit = 2.01 },
		"failures, 64 workers":                                   func(r *results) { r.Workers[0].Failures = failed },
		"failures, 256 workers":                                  func(r *results) { r.Workers[1].Failures = failed },
		"cost at 1,000,000 credentials over cost at 1,000, 8 wo": func(r *results) { r.Compared[0][1].Server.SignInCPU = 0.58 },
		"memory, idle":                                           func(r *results) { r.Idle++ },
		"memory under load":                                      func(r *results) { r.Compared[0][0].Server.Peak++ },
		"start to ready, 1,000,000 credentials":                  func(r *results) { r.Ready++ },
		"binary":                                                 func(r *results) { r.Program.Bytes++ },
		"bytes for a person":                                     func(r *results) { r.Fill.PersonBytes++ },
		"bytes for a sign-in while":                              func(r *results) { r.SignIn++ },
		"bytes for a sign-in after":                              func(r *results) { r.Swept++ },
	} {
		r := good()
		spoil(r)
		var missed []string
		for _, a := range r.aims() {
			if !a.met {
				missed = append(missed, a.what)
			}
		}
		if len(missed) != 1 || !strings.HasPrefix(missed[0], what) {
			t.Errorf("%s: not met are %q", what, missed)
		}
		if strings.HasPrefix(what, "failures") && !strings.Contains(string(r.markdown()), "3 × finish: 503 unavailable") {
			t.Errorf("%s: the page does not say which", what)
		}
	}
}

func TestThousands(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 123456: "123,456", 1_000_000: "1,000,000"} {
		if got := thousands(n); got != want {
			t.Errorf("%d: got %s, want %s", n, got, want)
		}
	}
}
