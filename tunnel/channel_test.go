package tunnel_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/hitherauth/hither/tunnel"
)

// channel is one end of a channel whose other end is f's.
func channel(t *testing.T, f func(*websocket.Conn)) *tunnel.Channel {
	t.Helper()
	c, err := tunnel.New(tunnel.Config{}).Connect(t.Context(), serve(t, accept(t, nil, f)), tunnel.RoutingID{}, id())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// write sends from a service.
func write(conn *websocket.Conn, kind websocket.MessageType, message []byte) {
	_ = conn.Write(context.Background(), kind, message)
}

func TestChannelEnds(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		end  func(*websocket.Conn)
		want func(error) bool
	}{
		"normally":     {func(c *websocket.Conn) { c.Close(1000, "") }, func(err error) bool { return errors.Is(err, io.EOF) }},
		"without_code": {func(c *websocket.Conn) { c.Close(1005, "") }, func(err error) bool { return errors.Is(err, io.EOF) }},
		"by_a_limit":   {func(c *websocket.Conn) { c.Close(1008, "/cable/new/C0FFEE") }, closedWith(1008)},
		"going_away":   {func(c *websocket.Conn) { c.Close(1001, "") }, closedWith(1001)},
		"abruptly":     {func(c *websocket.Conn) { _ = c.CloseNow() }, isOther},
		"with_text":    {func(c *websocket.Conn) { write(c, websocket.MessageText, []byte("hello")); stay(c) }, isOther},
		"with_too_much": {func(c *websocket.Conn) {
			write(c, websocket.MessageBinary, make([]byte, 1<<20+1))
			stay(c)
		}, isOther},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := channel(t, row.end)
			for range 2 {
				message, err := c.Receive(within(t, 20*time.Second))
				if message != nil || !row.want(err) {
					t.Errorf("received %d bytes and %v", len(message), err)
				}
				if !errors.Is(err, io.EOF) {
					unsaid(t, err)
				}
			}
		})
	}
}

func closedWith(code int) func(error) bool {
	return func(err error) bool {
		var closed *tunnel.CloseError
		return errors.As(err, &closed) && closed.Code == code
	}
}

func isOther(err error) bool {
	var closed *tunnel.CloseError
	return err != nil && !errors.Is(err, io.EOF) && !errors.As(err, &closed) && !errors.Is(err, context.DeadlineExceeded)
}

func TestChannel(t *testing.T) {
	t.Parallel()
	t.Run("a_megabyte", func(t *testing.T) {
		t.Parallel()
		c := channel(t, func(conn *websocket.Conn) {
			conn.SetReadLimit(2 << 20)
			for {
				kind, message, err := conn.Read(context.Background())
				if err != nil {
					return
				}
				write(conn, kind, message)
			}
		})
		want := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
		if err := c.Send(t.Context(), want); err != nil {
			t.Fatal(err)
		}
		if got, err := c.Receive(within(t, 20*time.Second)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("received %d bytes and %v", len(got), err)
		}
		if err := c.Send(t.Context(), make([]byte, 1<<20+1)); err == nil {
			t.Error("sent more than a megabyte")
		}
	})
	t.Run("a_receive_that_is_given_up_loses_nothing", func(t *testing.T) {
		t.Parallel()
		ask := make(chan struct{})
		c := channel(t, func(conn *websocket.Conn) {
			<-ask
			write(conn, websocket.MessageBinary, []byte("late"))
			stay(conn)
		})
		if _, err := c.Receive(within(t, time.Millisecond)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		close(ask)
		if got, err := c.Receive(within(t, 20*time.Second)); string(got) != "late" {
			t.Errorf("received %q and %v", got, err)
		}
	})
	t.Run("who_has_given_up_sends_nothing", func(t *testing.T) {
		t.Parallel()
		heard := make(chan string, 1)
		c := channel(t, func(conn *websocket.Conn) {
			_, message, _ := conn.Read(context.Background())
			heard <- string(message)
			stay(conn)
		})
		late, cancel := context.WithCancel(t.Context())
		cancel()
		for range 20 {
			if err := c.Send(late, []byte("late")); !errors.Is(err, context.Canceled) {
				t.Fatalf("got %v", err)
			}
		}
		if err := c.Send(t.Context(), []byte("in time")); err != nil {
			t.Error(err) // the channel is as it was
		}
		if got := <-heard; got != "in time" {
			t.Errorf("the other end heard %q", got)
		}
	})
	t.Run("close_ends_both_methods", func(t *testing.T) {
		t.Parallel()
		told := make(chan error, 1)
		c := channel(t, func(conn *websocket.Conn) {
			_, _, err := conn.Read(context.Background())
			told <- err
		})
		ended := make(chan error, 1)
		go func() {
			_, err := c.Receive(t.Context())
			ended <- err
		}()
		for range 2 {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("Receive ended with %v", err)
		}
		if err := c.Send(t.Context(), nil); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Send ended with %v", err)
		}
		if err := <-told; websocket.CloseStatus(err) != websocket.StatusNormalClosure {
			t.Errorf("the other end was told %v", err)
		}
	})
	t.Run("close_does_not_wait_for_a_dead_end", func(t *testing.T) {
		t.Parallel()
		over := make(chan struct{})
		c := channel(t, func(*websocket.Conn) { <-over })
		c.Close()
		close(over)
	})
}

func TestSignalConnection(t *testing.T) {
	t.Parallel()
	contact := func(t *testing.T, f func(*websocket.Conn)) *tunnel.Channel {
		t.Helper()
		s := serve(t, accept(t, http.Header{"X-Cable-Signal-Connection": {"true"}}, f))
		c, err := tunnel.New(tunnel.Config{}).Contact(t.Context(), s, tunnel.ContactID{1}, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	t.Run("then_messages", func(t *testing.T) {
		t.Parallel()
		comes := make(chan struct{})
		c := contact(t, func(conn *websocket.Conn) {
			<-comes
			write(conn, websocket.MessageBinary, []byte{0})
			write(conn, websocket.MessageBinary, []byte("hello"))
			stay(conn)
		})
		select {
		case <-c.Attached():
			t.Error("the other end came before the service said so")
		default:
		}
		close(comes)
		if got, err := c.Receive(within(t, 20*time.Second)); string(got) != "hello" {
			t.Errorf("received %q and %v", got, err)
		}
		<-c.Attached()
	})
	for name, first := range map[string][]byte{"another_byte": {1}, "two_bytes": {0, 0}, "none": {}, "a_message": []byte("hello")} {
		t.Run("not_"+name, func(t *testing.T) {
			t.Parallel()
			c := contact(t, func(conn *websocket.Conn) {
				write(conn, websocket.MessageBinary, first)
				stay(conn)
			})
			if got, err := c.Receive(within(t, 20*time.Second)); got != nil || !isOther(err) {
				t.Errorf("received %q and %v", got, err)
			}
		})
	}
}

func TestHostileListen(t *testing.T) {
	t.Parallel()
	s := secret(t)
	header := func(values ...string) http.Header { return http.Header{"X-Hither-Contact-Id": values} }
	rows := map[string]struct {
		header http.Header
		known  tunnel.ContactID
	}{
		"no_id":             {nil, nil},
		"two_ids":           {header(s.ContactID(1).Text(), s.ContactID(2).Text()), nil},
		"not_proven":        {header(secret(t).ContactID(1).Text()), nil},
		"another_node":      {header(s.ContactID(1).Text()), s.ContactID(2)},
		"not_base64":        {header("="), nil},
		"one_byte":          {header("AQ"), nil},
		"longer":            {header(append(s.ContactID(1), 0).Text()), nil},
		"somebody_elses_id": {header(s.ContactID(1).Text()), secret(t).ContactID(1)},
	}
	for name, row := range rows {
		t.Run("HYB-29/"+name, func(t *testing.T) {
			t.Parallel()
			_, err := tunnel.New(tunnel.Config{}).Listen(t.Context(), serve(t, accept(t, row.header, stay)), s, row.known)
			unsaid(t, err)
		})
	}
	t.Run("HYB-29/no_wake_up", func(t *testing.T) {
		t.Parallel()
		service := serve(t, accept(t, header(s.ContactID(1).Text()), func(conn *websocket.Conn) {
			write(conn, websocket.MessageBinary, []byte("no wake-up"))
			stay(conn)
		}))
		c, err := tunnel.New(tunnel.Config{}).Listen(t.Context(), service, s, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Wait(within(t, 20*time.Second))
		unsaid(t, err)
		if _, err := c.Wait(within(t, 20*time.Second)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("got %v after the end", err)
		}
	})
}
