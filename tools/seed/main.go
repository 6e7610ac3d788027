// Command seed fills a new data directory with people whose passkeys follow from
// a seed, for measuring large installations:
//
//	go -C tools run ./seed -dir /tmp/large -people 1000000
//	HITHER_DATA_DIR=/tmp/large HITHER_RATE_LIMITS=off bin/hitherd serve
//	bin/hither bench http://localhost:8080 --seeded 1000000
//
// Whoever knows the seed has all their keys.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/hitherauth/hither/internal/load"
	"github.com/hitherauth/hither/tools/internal/population"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "seed:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	dir := flag.String("dir", "", "data directory to be made")
	people := flag.Int("people", 1000, "how many people")
	seed := flag.String("seed", "bench", "what their keys follow from, as hither bench --seed has it")
	rpID := flag.String("rp-id", "localhost", "RP ID of the server that will use the directory")
	flag.Parse()
	if *dir == "" || *people < 1 || flag.NArg() > 0 {
		flag.Usage()
		return errors.New("-dir and at least one person are needed")
	}
	began, next := time.Now(), 100_000
	filled, err := population.Fill(ctx, *dir, load.Population{Seed: *seed, RPID: *rpID}, *people, func(n int) {
		if n >= next {
			fmt.Fprintln(os.Stderr, next, "people")
			next += 100_000
		}
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(os.Stdout, "%d people in %.1f s, %d bytes for a person with a passkey\n",
		filled.People, time.Since(began).Seconds(), filled.PersonBytes)
	return err
}
