package eye

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strconv"
	"strings"
)

// display is where an X server is: ":7", "unix:7.0" or "host:7".
type display struct {
	host   string // empty: on this machine, by a socket in the file system
	number int
	screen int
}

func parseDisplay(text string) (display, error) {
	wrong := fmt.Errorf("%q names no display: one looks like :0", text)
	host, rest, found := cutLast(text, ":")
	if !found || strings.Contains(host, "/") || strings.HasSuffix(host, ":") {
		return display{}, wrong
	}
	number, screen, hasScreen := strings.Cut(rest, ".")
	d := display{host: host}
	var err error
	if d.number, err = parseNumber(number); err != nil {
		return display{}, wrong
	}
	if hasScreen {
		if d.screen, err = parseNumber(screen); err != nil {
			return display{}, wrong
		}
	}
	if d.host == "unix" {
		d.host = ""
	}
	return d, nil
}

func cutLast(text, sep string) (before, after string, found bool) {
	i := strings.LastIndex(text, sep)
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+len(sep):], true
}

// parseNumber reads digits: 6000 more is still a port.
func parseNumber(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 16)
	if err == nil && n > 65535-6000 {
		return 0, strconv.ErrRange
	}
	return int(n), err
}

// dial reaches the X server. Some listen at a file alone, some only at a name of
// Linux that is no file.
func (d display) dial(ctx context.Context) (net.Conn, error) {
	var dialer net.Dialer
	if d.host != "" {
		return dialer.DialContext(ctx, "tcp", net.JoinHostPort(d.host, strconv.Itoa(6000+d.number)))
	}
	path := "/tmp/.X11-unix/X" + strconv.Itoa(d.number)
	conn, err := dialer.DialContext(ctx, "unix", path)
	if errors.Is(err, fs.ErrNotExist) {
		if other, otherErr := dialer.DialContext(ctx, "unix", "@"+path); otherErr == nil {
			return other, nil
		}
	}
	return conn, err
}
