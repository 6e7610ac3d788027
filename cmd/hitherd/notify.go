package main

import (
	"context"
	"fmt"
	"net"
)

// The states that a service manager is told of.
const (
	stateReady    = "READY=1"
	stateStopping = "STOPPING=1"
)

// tellManager tells the service manager that started this process, if one did
// and wants to know, what state it is in (sd_notify(3)).
func (p program) tellManager(ctx context.Context, state string) error {
	path := p.getenv("NOTIFY_SOCKET")
	if path == "" {
		return nil
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unixgram", path)
	if err != nil {
		return fmt.Errorf("service manager: %w", err)
	}
	_, err = conn.Write([]byte(state))
	if closeErr := conn.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("service manager: %w", err)
	}
	return nil
}
