package main

import (
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	t.Parallel()
	const in = `goos: linux
pkg: example.test/a
BenchmarkA/es256/finish-2         	     500	     300 ns/op	         1.25 x-bare
BenchmarkA/es256/finish-2         	     500	     100 ns/op	         1.108 x-bare
BenchmarkA/es256/finish-2         	     500	     200 ns/op	         1.5 x-bare
BenchmarkB/workers=8-2         	    2000	        3.134 p99-ms
PASS
ok  	example.test/a	1.0s
`
	const want = `goos: linux

| A | ns/op | x-bare |
| --- | --- | --- |
| es256/finish | 200 | 1.25 |

| B | p99-ms |
| --- | --- |
| workers=8 | 3.13 |
`
	var out strings.Builder
	if err := run(strings.NewReader(in), &out); err != nil {
		t.Fatal(err)
	}
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
	for _, bad := range []string{"", "--- FAIL: BenchmarkA\n", in + "FAIL\n", "BenchmarkA-2 1 2 ns/op 3\n", "BenchmarkA-2 1 x ns/op\n"} {
		if err := run(strings.NewReader(bad), &out); err == nil {
			t.Errorf("no error for %q", bad)
		}
	}
}
