package server_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hitherauth/hither/internal/server"
)

// closing tells whether it was closed.
type closing struct {
	io.Reader
	closed chan struct{}
}

func (c *closing) Close() error {
	close(c.closed)
	return nil
}

func TestOperatorBackup(t *testing.T) {
	t.Parallel()
	const path = "/api/v1/operator/backup"
	openHouse(t).operate(http.MethodPost, path, "").want(t, http.StatusNotFound, "not_found")

	text := strings.Repeat("a backup ", 100_000)
	for _, row := range []struct {
		name string
		size int64
		err  error
		want string
	}{
		{"whole", int64(len(text)), nil, ""},
		{"fails_before", 0, errors.New("the disk is full"), "no backup was made: the disk is full"},
		{"breaks_off", int64(len(text)) + 1, nil, "unexpected EOF"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			body := &closing{strings.NewReader(text), make(chan struct{})}
			h := openHouse(t, houseConfig{edit: func(c *server.Config) {
				c.Backup = func(context.Context) (server.Backup, error) {
					return server.Backup{ReadCloser: body, Size: row.size}, row.err
				}
			}})
			listener := httptest.NewUnstartedServer(h.operator)
			listener.Config = server.NewHTTPServer(h.operator, nil)
			listener.Start()
			defer listener.Close()
			r := must(http.NewRequestWithContext(t.Context(), http.MethodPost, listener.URL+path, http.NoBody))(t)
			response, err := listener.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			b, err := io.ReadAll(response.Body)
			switch row.name {
			case "whole":
				if err != nil || response.StatusCode != http.StatusOK || string(b) != text || response.Header.Get("Content-Type") != "application/x-tar" {
					t.Errorf("got %s, %d bytes, %v", response.Status, len(b), err)
				}
				listener.Close() // after which the handler has returned
				if got := h.counted("hither_backups_total", "completed"); got != 1 {
					t.Errorf("%v backups are counted", got)
				}
			case "fails_before":
				if response.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(b), row.want) {
					t.Errorf("got %s: %s", response.Status, b)
				}
				if got := h.counted("hither_backups_total", "failed"); got != 1 {
					t.Errorf("%v failures are counted", got)
				}
				return
			default:
				if err == nil || !strings.Contains(err.Error(), row.want) {
					t.Errorf("an answer that broke off ends with %v", err)
				}
				listener.Close()
				if failed, completed := h.counted("hither_backups_total", "failed"), h.counted("hither_backups_total", "completed"); failed != 1 || completed != 0 {
					t.Errorf("%v are counted as failed and %v as completed", failed, completed)
				}
			}
			<-body.closed
		})
	}
}
