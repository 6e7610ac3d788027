package relay_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/hitherauth/hither/tunnel"
	"github.com/hitherauth/hither/tunnel/relay"
)

// announce is the head of a frame that says that it is n bytes long.
func announce(first byte, n uint64) []byte {
	b := binary.BigEndian.AppendUint64([]byte{first, 0xff}, n)
	return append(b, 1, 2, 3, 4)
}

func TestHostileFrames(t *testing.T) {
	t.Parallel()
	unmasked := frame(0x82, []byte("abc"))
	unmasked[1] &^= 0x80
	rows := map[string]struct {
		say  []byte
		code uint16
	}{
		"unmasked":                  {unmasked, 1002},
		"rsv1":                      {frame(0xc2, nil), 1002},
		"rsv2":                      {frame(0xa2, nil), 1002},
		"rsv3":                      {frame(0x92, nil), 1002},
		"opcode_3":                  {frame(0x83, nil), 1002},
		"opcode_7":                  {frame(0x87, nil), 1002},
		"opcode_b":                  {frame(0x8b, nil), 1002},
		"opcode_f":                  {frame(0x8f, nil), 1002},
		"text":                      {frame(0x81, []byte("SSH-2.0-")), 1003},
		"text_in_pieces":            {frame(0x01, []byte("SSH-2.0-")), 1003},
		"continuation_of_nothing":   {frame(0x80, nil), 1002},
		"message_within_message":    {append(frame(0x02, []byte("a")), frame(0x82, []byte("b"))...), 1002},
		"text_continues_binary":     {append(frame(0x02, []byte("a")), frame(0x81, []byte("b"))...), 1002},
		"ping_in_pieces":            {frame(0x09, nil), 1002},
		"ping_of_126_bytes":         {frame(0x89, make([]byte, 126)), 1002},
		"close_in_pieces":           {frame(0x08, nil), 1002},
		"close_of_one_byte":         {frame(0x88, []byte{3}), 1002},
		"close_999":                 {frame(0x88, []byte{3, 231}), 1002},
		"close_1005":                {frame(0x88, []byte{3, 237}), 1002},
		"close_1006":                {frame(0x88, []byte{3, 238}), 1002},
		"close_1015":                {frame(0x88, []byte{3, 247}), 1002},
		"close_5000":                {frame(0x88, []byte{19, 136}), 1002},
		"length_of_2_64":            {announce(0x82, 1<<64-1), 1002},
		"length_of_2_63":            {announce(0x82, 1<<63), 1002},
		"length_of_2_63_less_one":   {announce(0x82, 1<<63-1), 1009},
		"length_of_2_32":            {announce(0x82, 1<<32), 1009},
		"length_not_shortest_16":    {[]byte{0x82, 0xfe, 0, 125, 0, 0, 0, 0}, 1002},
		"length_not_shortest_64":    {announce(0x82, 65535), 1002},
		"one_byte_too_long":         {announce(0x82, 64<<10+1), 1009},
		"pieces_one_byte_too_long":  {append(frame(0x02, make([]byte, 60<<10)), frame(0x80, make([]byte, 4<<10+1))...), 1009},
		"overflowing_pieces":        {append(frame(0x02, []byte("a")), announce(0x80, 1<<63-1)...), 1009},
		"overflowing_control_frame": {announce(0x89, 1<<63), 1002},
	}
	for name, row := range rows {
		t.Run("HYB-23/"+name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, relay.Config{})
			phone, client := h.wirePair(t)
			phone.say(row.say)
			phone.closed(t, row.code)
			ends(t, client, 1001)
			if got := h.metric(t, "hither_relay_buffer_bytes", ""); got != 0 {
				t.Errorf("%v bytes are lent still", got)
			}
		})
	}
}

func TestFrames(t *testing.T) {
	t.Parallel()
	h := newHouse(t, relay.Config{})
	phone, client := h.wirePair(t)
	t.Run("pieces_with_a_ping_between", func(t *testing.T) {
		phone.say(frame(0x02, []byte("one ")))
		phone.say(frame(0x89, []byte("still there?")))
		phone.say(frame(0x00, nil))
		phone.say(frame(0x00, bytes.Repeat([]byte("two "), 1000)))
		phone.say(frame(0x80, []byte("three")))
		if got, want := receive(t, client), "one "+string(bytes.Repeat([]byte("two "), 1000))+"three"; string(got) != want {
			t.Errorf("received %d bytes, want %d", len(got), len(want))
		}
		if first, payload := phone.hear(t); first != 0x8a || string(payload) != "still there?" {
			t.Errorf("heard %x %q, want a pong", first, payload)
		}
	})
	t.Run("a_byte_at_a_time", func(t *testing.T) {
		for _, b := range frame(0x82, []byte("slowly, but within its time, and with a length of two bytes: "+string(make([]byte, 100)))) {
			phone.say([]byte{b})
		}
		if got := receive(t, client); len(got) != 161 {
			t.Errorf("received %d bytes", len(got))
		}
	})
	t.Run("an_unasked_pong", func(t *testing.T) {
		phone.say(frame(0x8a, []byte("unasked")))
		phone.say(frame(0x82, []byte("and on")))
		if got := receive(t, client); string(got) != "and on" {
			t.Errorf("received %q", got)
		}
	})
	t.Run("server_frames_are_whole_and_unmasked", func(t *testing.T) {
		for _, n := range []int{0, 125, 126, 65535, 65536} {
			send(t, client, bytes.Repeat([]byte{7}, n))
			if first, payload := phone.hear(t); first != 0x82 || !bytes.Equal(payload, bytes.Repeat([]byte{7}, n)) {
				t.Errorf("heard %x with %d bytes, want %d", first, len(payload), n)
			}
		}
	})
	t.Run("goodbye_without_a_code", func(t *testing.T) {
		phone.say(frame(0x88, nil))
		if first, payload := phone.hear(t); first != 0x88 || len(payload) != 0 {
			t.Errorf("heard %x %x, want an empty close frame", first, payload)
		}
		ends(t, client, 1000)
	})
}

func TestHostileLimits(t *testing.T) {
	t.Parallel()
	t.Run("HYB-23/first_message_too_big", func(t *testing.T) {
		t.Parallel()
		phone, client := newHouse(t, relay.Config{}).pair(t, tunnel.ID{})
		send(t, client, make([]byte, 64<<10))
		receive(t, phone)
		send(t, client, make([]byte, 64<<10+1)) // the phone has said nothing yet
		ends(t, client, 1009)
		ends(t, phone, 1001)
	})
	t.Run("HYB-23/message_too_big", func(t *testing.T) {
		t.Parallel()
		phone, client := newHouse(t, relay.Config{Limits: relay.Limits{MessageBytes: 100_000}}).pair(t, tunnel.ID{})
		for _, ends := range [][2]*tunnel.Channel{{client, phone}, {phone, client}} {
			send(t, ends[0], []byte("hello"))
			receive(t, ends[1])
		}
		send(t, phone, make([]byte, 100_000))
		receive(t, client)
		send(t, phone, make([]byte, 100_001))
		ends(t, phone, 1009)
		ends(t, client, 1001)
	})
	t.Run("HYB-23/too_many_messages", func(t *testing.T) {
		t.Parallel()
		phone, client := newHouse(t, relay.Config{Limits: relay.Limits{Messages: 10}}).pair(t, tunnel.ID{})
		for range 10 {
			send(t, phone, nil)
			receive(t, client)
		}
		send(t, client, nil) // the other direction has its own
		receive(t, phone)
		send(t, phone, nil)
		ends(t, phone, 1008)
		ends(t, client, 1008)
	})
	t.Run("HYB-23/too_many_bytes", func(t *testing.T) {
		t.Parallel()
		phone, client := newHouse(t, relay.Config{Limits: relay.Limits{Bytes: 1000}}).pair(t, tunnel.ID{})
		send(t, phone, make([]byte, 1000))
		receive(t, client)
		send(t, phone, make([]byte, 1))
		ends(t, phone, 1008)
		ends(t, client, 1008)
	})
	t.Run("HYB-23/flood_of_pings", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, relay.Config{Limits: relay.Limits{Messages: 10}})
		phone, client := h.wirePair(t)
		for range 41 {
			phone.say(frame(0x89, nil))
		}
		for range 40 {
			if first, _ := phone.hear(t); first != 0x8a {
				t.Fatalf("heard %x, want a pong", first)
			}
		}
		phone.closed(t, 1008)
		ends(t, client, 1008)
	})
	t.Run("HYB-23/flood_of_empty_pieces", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, relay.Config{Limits: relay.Limits{Messages: 10}})
		phone, client := h.wirePair(t)
		phone.say(frame(0x02, nil))
		for range 40 {
			phone.say(frame(0x00, nil))
		}
		phone.closed(t, 1008)
		ends(t, client, 1008)
	})
	t.Run("HYB-23/life", func(t *testing.T) {
		t.Parallel()
		phone, client := newHouse(t, relay.Config{Limits: relay.Limits{Life: 300 * time.Millisecond}}).pair(t, tunnel.ID{})
		ends(t, phone, 1008)
		ends(t, client, 1008)
	})
	t.Run("HYB-23/life_of_a_busy_one", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, relay.Config{Limits: relay.Limits{Life: 300 * time.Millisecond, Messages: 1 << 30, Bytes: 1 << 40}})
		phone, client := h.pair(t, tunnel.ID{})
		go func() {
			for client.Send(t.Context(), []byte("more")) == nil {
				continue
			}
		}()
		for {
			if _, err := phone.Receive(within(t, 20*time.Second)); err != nil {
				break
			}
		}
		eventually(t, func() bool { return h.metric(t, "hither_relay_tunnels_ended_total", "over_life") == 1 })
	})
	t.Run("HYB-23/idle", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, relay.Config{Limits: relay.Limits{Idle: 200 * time.Millisecond}})
		phone, client := h.pair(t, tunnel.ID{})
		ends(t, phone, 1008)
		ends(t, client, 1008)
		if got := h.metric(t, "hither_relay_tunnels_ended_total", "idle"); got != 1 {
			t.Errorf("%v tunnels were idle, want 1", got)
		}
	})
	t.Run("HYB-23/waiting_for_nobody", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, relay.Config{Limits: relay.Limits{Waiting: 50 * time.Millisecond}})
		id := tunnel.ID{1}
		phone, routing, err := h.dialer.Create(t.Context(), h.Service, id)
		if err != nil {
			t.Fatal(err)
		}
		ends(t, phone, 1008)
		_, err = h.dialer.Connect(t.Context(), h.Service, routing, id)
		hasStatus(t, err, http.StatusNotFound)
		if got := h.metric(t, "hither_relay_tunnels_ended_total", "unmet"); got != 1 {
			t.Errorf("%v tunnels were unmet, want 1", got)
		}
	})
	t.Run("HYB-23/unfinished_message", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, relay.Config{Limits: relay.Limits{Message: 100 * time.Millisecond}})
		phone, client := h.wirePair(t)
		phone.say(frame(0x02, []byte("and never the rest")))
		phone.closed(t, 1008)
		ends(t, client, 1008)
	})
	t.Run("HYB-23/no_memory_left", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, relay.Config{Limits: relay.Limits{Buffers: 100 << 10}})
		var greedy []*wire
		for i := range 4 {
			w, _ := h.open(t, tunnel.ID{byte(i)})
			w.say(frame(0x82, make([]byte, 60<<10))[:50<<10])
			greedy = append(greedy, w)
		}
		eventually(t, func() bool { return h.metric(t, "hither_relay_tunnels_ended_total", "crowded") >= 2 })
		if got := h.metric(t, "hither_relay_buffer_bytes", ""); got > 100<<10 {
			t.Errorf("%v bytes are lent", got)
		}
		phone, client := h.pair(t, tunnel.ID{99})
		send(t, client, make([]byte, 2000)) // what a sign-in needs goes on
		receive(t, phone)
		for _, w := range greedy {
			w.Close()
		}
		eventually(t, func() bool { return h.metric(t, "hither_relay_buffer_bytes", "") == 0 })
	})
	t.Run("HYB-23/announced_lengths_take_nothing", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, relay.Config{Limits: relay.Limits{Buffers: 1}})
		for i := range 20 {
			w, _ := h.open(t, tunnel.ID{byte(i)})
			w.say(announce(0x82, 64<<10))
			w.say(make([]byte, 2000))
			w.Close()
		}
		eventually(t, func() bool { return h.metric(t, "hither_relay_tunnels_ended_total", "") == 20 })
		if got := h.metric(t, "hither_relay_tunnels_ended_total", "crowded"); got != 0 {
			t.Errorf("%v connections asked for memory before there was anything to keep", got)
		}
	})
}

func TestHostilePeers(t *testing.T) {
	t.Parallel()
	t.Run("HYB-26/never_reads", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, relay.Config{Limits: relay.Limits{
			Backlog: 300 * time.Millisecond, Messages: 1 << 30, Bytes: 1 << 40, BacklogBytes: 64 << 10,
		}})
		_, client := h.wirePair(t)
		for client.Send(within(t, 20*time.Second), make([]byte, 60<<10)) == nil {
			if got := h.metric(t, "hither_relay_buffer_bytes", ""); got > 128<<10 {
				t.Fatalf("%v bytes are lent for one that does not read", got)
			}
		}
		ends(t, client, 1008)
		if got := h.metric(t, "hither_relay_tunnels_ended_total", "slow"); got != 1 {
			t.Errorf("%v tunnels were slow, want 1", got)
		}
	})
	t.Run("HYB-26/neither_reads", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, relay.Config{Limits: relay.Limits{
			Backlog: 300 * time.Millisecond, Messages: 1 << 30, Bytes: 1 << 40, BacklogBytes: 64 << 10,
		}})
		id := tunnel.ID{}
		phone, routing := h.open(t, id)
		client := h.wire(t)
		client.ask(t, http.MethodGet, "/cable/connect/"+routing.Text()+"/"+id.Text(), upgrade(t, "fido.cable"))
		for _, w := range []*wire{phone, client} {
			go func() {
				b := frame(0x82, make([]byte, 60<<10))
				for {
					if _, err := w.Write(b); err != nil {
						return
					}
				}
			}()
		}
		eventually(t, func() bool { return h.metric(t, "hither_relay_tunnels_ended_total", "slow") == 1 })
	})
	t.Run("HYB-26/half_open", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, relay.Config{})
		phone, client := h.wirePair(t)
		phone.Close() // without a close frame
		ends(t, client, 1001)
	})
	t.Run("HYB-26/gone_in_the_middle_of_a_frame", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, relay.Config{})
		phone, client := h.wirePair(t)
		phone.say(frame(0x82, make([]byte, 1000))[:500])
		phone.Close()
		ends(t, client, 1001)
	})
	t.Run("HYB-26/goodbye_is_not_answered", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, relay.Config{})
		_, client := h.wirePair(t)
		client.Close()
		h.shutdown(t) // waits until the phone has been hung up on
	})
	t.Run("HYB-26/handshake_a_byte_at_a_time", func(t *testing.T) {
		t.Parallel()
		s := httptest.NewUnstartedServer(nil)
		s.Config = relay.NewServer(relay.New(relay.Config{}), nil)
		if s.Config.ReadHeaderTimeout > 10*time.Second || s.Config.MaxHeaderBytes > 16<<10 {
			t.Errorf("a request's head may take %v and %d bytes", s.Config.ReadHeaderTimeout, s.Config.MaxHeaderBytes)
		}
		s.Config.ReadHeaderTimeout = 100 * time.Millisecond
		s.Start()
		defer s.Close()
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		go func() {
			line := "GET " + newPath + " HTTP/1.1\r\nX-Filler: "
			for i := 0; ; i++ {
				if _, err := conn.Write([]byte{line[min(i, len(line)-1)]}); err != nil {
					return
				}
				time.Sleep(time.Millisecond)
			}
		}()
		_, _ = io.Copy(io.Discard, conn) // comes to an end
	})
	t.Run("HYB-26/endless_head", func(t *testing.T) {
		t.Parallel()
		header := upgrade(t, "fido.cable")
		for range 40 {
			header.Add("X-Filler", string(bytes.Repeat([]byte("a"), 1000)))
		}
		if got := newHouse(t, relay.Config{}).status(t, http.MethodGet, newPath, header); got != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("answered %d, want 431", got)
		}
	})
}
