package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"time"

	system "github.com/zalando/go-keyring"
)

// keyring is the system's: Secret Service, the keychain of macOS, the credentials of
// Windows. Its zero value is none.
type keyring struct {
	missing error // why it is not used
}

const (
	// keyringService is the name under which tokens are in it.
	keyringService = "hither"
	// keyringPatience is how long a person may take to unlock it.
	keyringPatience = time.Minute
)

func (p program) keyring() keyring {
	address := p.getenv("DBUS_SESSION_BUS_ADDRESS")
	if runtime.GOOS == "linux" && (address == "" || address == "autolaunch:") && !userBus() {
		// The library would start a bus that nobody ends.
		return keyring{missing: errors.New("there is no keyring here")}
	}
	return keyring{}
}

// userBus reports whether the bus of this user's session is at its usual place.
func userBus() bool {
	u, err := user.Current()
	if err != nil {
		return false
	}
	_, err = os.Stat(filepath.Join("/run/user", u.Uid, "bus"))
	return err == nil
}

func (k keyring) set(ctx context.Context, origin, token string) error {
	return k.ask(ctx, func() error { return system.Set(keyringService, origin, token) })
}

func (k keyring) get(ctx context.Context, origin string) (token string, err error) {
	answer := make(chan string, 1)
	err = k.ask(ctx, func() error {
		token, err := system.Get(keyringService, origin)
		answer <- token
		return err
	})
	if err != nil {
		return "", err
	}
	return <-answer, nil
}

// remove is content if there is nothing to remove.
func (k keyring) remove(ctx context.Context, origin string) error {
	err := k.ask(ctx, func() error { return system.Delete(keyringService, origin) })
	if errors.Is(err, system.ErrNotFound) {
		return nil
	}
	return err
}

// ask lets a person unlock the keyring, but not for ever: the library takes no context.
func (k keyring) ask(ctx context.Context, what func() error) error {
	if k.missing != nil {
		return k.missing
	}
	ctx, stop := context.WithTimeoutCause(ctx, keyringPatience, errors.New("the keyring does not answer"))
	defer stop()
	done := make(chan error, 1)
	go func() { done <- what() }()
	select {
	case err := <-done:
		if err != nil {
			return fmt.Errorf("the keyring cannot be used: %w", err)
		}
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
