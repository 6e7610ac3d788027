package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/hitherauth/hither/tunnel/relay"
)

// serve is the relay's process: its caps are raised, the rest is as always. It says
// where it is, and ends with its input.
func serve(in io.Reader, out io.Writer) error {
	r := relay.New(relay.Config{Limits: relay.Limits{
		Waiting: time.Hour, Life: time.Hour, Idle: time.Hour,
		WaitingPerPrefix: 1 << 30, TunnelsPerPrefix: 1 << 30, Messages: 1 << 30, Bytes: 1 << 50,
	}})
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := relay.NewServer(r, nil)
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	if _, err := fmt.Fprintln(out, listener.Addr()); err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, in)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := r.Shutdown(ctx); err != nil {
		return err
	}
	_ = server.Close()
	if err := <-done; err != http.ErrServerClosed { //nolint:errorlint // as documented
		return err
	}
	return nil
}
