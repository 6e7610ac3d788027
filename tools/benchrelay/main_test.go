package main

import (
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestMain lets the program that runs the tests be the one that benchrelay starts.
func TestMain(m *testing.M) {
	if slices.Contains(os.Args, "-role") {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestMeasure(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	args := []string{"-tunnels", "40", "-messages", "4000", "-rate", "4000", "-processes", "2", "-out", ""}
	if err := run(t.Context(), args, strings.NewReader(""), &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| foreign bytes | 0 | 0 of ", "40 tunnels open, 80 sockets", "| through the relay | 4000 |", "| direct | 800 |"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the page lacks %q:\n%s", want, out.String())
		}
	}
}

// TestForeign has two tunnels whose phones were exchanged.
func TestForeign(t *testing.T) {
	t.Parallel()
	var c crowd
	first, second := net.Pipe()
	c.add(0, newEnd(first), newEnd(second))
	c.ends[0].says = rand.New(rand.NewPCG(1, 0)) // what another tunnel's phone says
	if r := c.talk(order{Messages: 100, Rate: 1e6}); r.Err != "" || r.Foreign == 0 || r.Foreign == r.Bytes {
		t.Errorf("%d of %d bytes were foreign; %s", r.Foreign, r.Bytes, r.Err)
	}
	c.close()
}

func TestEnoughFiles(t *testing.T) {
	t.Parallel()
	if err := enoughFiles(1 << 40); err == nil || !strings.Contains(err.Error(), "ulimit -Hn") {
		t.Errorf("got %v", err)
	}
}
