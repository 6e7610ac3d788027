package main

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
)

// socketName is the door for operators, in the data directory.
const socketName = "hither.sock"

// socketPath is where the operators' door of the configured data directory is.
func (c config) socketPath() string { return filepath.Join(c.DataDir, socketName) }

// longestAddress is how many bytes every system takes for a socket's address.
const longestAddress = 100

// address gives a socket's path in a form that the system takes. release must
// be called when the socket was bound or connected.
func address(path string) (short string, release func(), err error) {
	if len(path) <= longestAddress {
		return path, func() {}, nil
	}
	if runtime.GOOS != "linux" {
		return "", nil, refused("%s is too long for a socket (%d bytes): choose a shorter data_dir", path, len(path))
	}
	// The directory's descriptor gives the same place a short name.
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return "", nil, err
	}
	short = "/proc/self/fd/" + strconv.FormatUint(uint64(dir.Fd()), 10) + "/" + filepath.Base(path)
	return short, func() { _ = dir.Close() }, nil
}

// listenSocket opens the operators' door with mode 0600. The caller owns the
// data directory, so a socket that is there was left behind by a crash.
func listenSocket(ctx context.Context, path string) (net.Listener, error) {
	switch info, err := os.Lstat(path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, refused("operator socket: %w", err)
	case info.Mode()&fs.ModeSocket == 0:
		return nil, refused("%s is there and is no socket: move it away", path)
	default:
		if err := os.Remove(path); err != nil {
			return nil, refused("operator socket: %w", err)
		}
	}
	short, release, err := address(path)
	if err != nil {
		return nil, err
	}
	defer release()
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "unix", short)
	if err != nil {
		return nil, refused("operator socket: %w", err)
	}
	if u, ok := l.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false) // by a name that may be gone: socket removes itself
	}
	if err := os.Chmod(path, 0o600); err != nil {
		_ = l.Close()
		return nil, refused("operator socket: %w", err)
	}
	return l, nil
}

// dialSocket connects to the operators' door of a running server.
func dialSocket(ctx context.Context, path string) (net.Conn, error) {
	short, release, err := address(path)
	if err != nil {
		return nil, err
	}
	defer release()
	var d net.Dialer
	return d.DialContext(ctx, "unix", short)
}
