package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"time"
)

// The states that a service manager is told of.
const (
	stateReady    = "READY=1"
	stateStopping = "STOPPING=1"
)

// notifyTimeout is how long a service manager may take to have room for a word.
const notifyTimeout = time.Second

// tellManager tells the service manager that started this process, if one did
// and wants to know, what state it is in (sd_notify(3)). People can sign in
// whether it listens or not: the variable may be left from another process.
func (p program) tellManager(ctx context.Context, logger *slog.Logger, state string) {
	path := p.getenv("NOTIFY_SOCKET")
	if path == "" {
		return
	}
	if err := notify(ctx, path, state); err != nil {
		logger.WarnContext(ctx, "service manager not told", "state", state, "err", err)
	}
}

func notify(ctx context.Context, path, state string) error {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unixgram", path)
	if err != nil {
		return err
	}
	err = conn.SetWriteDeadline(time.Now().Add(notifyTimeout))
	if err == nil {
		_, err = conn.Write([]byte(state))
	}
	return errors.Join(err, conn.Close())
}
