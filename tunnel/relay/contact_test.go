package relay_test

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/tunnel"
	"github.com/hitherauth/hither/tunnel/relay"
)

// payload is a client payload as Chromium makes it: link id, client nonce, "ga".
func payload() []byte {
	return []byte("\xa3\x01\x48linkid..\x02\x50nonce...........\x03\x62ga")
}

// listen has a phone wait to be woken.
func (h *house) listen(t *testing.T, secret tunnel.ContactSecret, known tunnel.ContactID) *tunnel.Contact {
	t.Helper()
	c, err := h.dialer.Listen(t.Context(), h.Service, secret, known)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func newSecret(t *testing.T) tunnel.ContactSecret {
	t.Helper()
	secret, err := tunnel.NewContactSecret(nil)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// contact is what came of a contact.
type contact struct {
	*tunnel.Channel
	err error
}

// contact has a phone woken, in the background.
func (h *house) contact(t *testing.T, id tunnel.ContactID) <-chan contact {
	t.Helper()
	done := make(chan contact, 1)
	go func() {
		c, err := h.dialer.Contact(t.Context(), h.Service, id, payload())
		done <- contact{c, err}
	}()
	return done
}

// hasStatus wants an error that is an answer with this status.
func hasStatus(t *testing.T, err error, status int) {
	t.Helper()
	var answer *tunnel.StatusError
	if !errors.As(err, &answer) || answer.Status != status {
		t.Fatalf("got %v, want status %d", err, status)
	}
	if errors.Is(err, tunnel.ErrGone) != (status == http.StatusGone) {
		t.Errorf("status %d is ErrGone: %t", status, errors.Is(err, tunnel.ErrGone))
	}
}

func TestContact(t *testing.T) {
	t.Parallel()
	h := newHouse(t, relay.Config{Node: 7})
	secret := newSecret(t)
	phone := h.listen(t, secret, nil)
	if diff := cmp.Diff(secret.ContactID(7), phone.ID()); diff != "" {
		t.Errorf("contact id (-want +got):\n%s", diff)
	}
	for range 2 { // a phone is woken more than once
		asked := h.contact(t, phone.ID())
		wake, err := phone.Wait(within(t, 10*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(payload(), wake.Payload); diff != "" {
			t.Errorf("payload (-want +got):\n%s", diff)
		}
		if wake.RoutingID[0] != 7 {
			t.Errorf("the routing id begins with %x, want the node", wake.RoutingID[0])
		}
		answered, err := h.dialer.Connect(t.Context(), h.Service, wake.RoutingID, wake.ID)
		if err != nil {
			t.Fatal(err)
		}
		client := <-asked
		if client.err != nil {
			t.Fatal(client.err)
		}
		select {
		case <-client.Attached():
		case <-within(t, 10*time.Second).Done():
			t.Fatal("nobody said that the phone is there")
		}
		send(t, client.Channel, []byte("hello"))
		if got := receive(t, answered); string(got) != "hello" {
			t.Errorf("the phone received %q", got)
		}
		send(t, answered, []byte("hello too"))
		if got := receive(t, client.Channel); string(got) != "hello too" {
			t.Errorf("the client received %q", got)
		}
		client.Close()
		ends(t, answered, 1000)
		answered.Close()
	}
}

func TestHostileContact(t *testing.T) {
	t.Parallel()
	t.Run("HYB-29/unknown", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, relay.Config{})
		for _, id := range []tunnel.ContactID{{0}, newSecret(t).ContactID(0), make(tunnel.ContactID, 1024)} {
			_, err := h.dialer.Contact(t.Context(), h.Service, id, payload())
			hasStatus(t, err, http.StatusNotFound)
		}
	})
	t.Run("HYB-29/not_listening_any_more", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, relay.Config{})
		phone := h.listen(t, newSecret(t), nil)
		phone.Close()
		eventually(t, func() bool { return h.metric(t, "hither_relay_listeners", "") == 0 })
		_, err := h.dialer.Contact(t.Context(), h.Service, phone.ID(), payload())
		hasStatus(t, err, http.StatusNotFound)
	})
	t.Run("HYB-29/other_node", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, relay.Config{Node: 1})
		secret := newSecret(t)
		h.listen(t, secret, nil)
		_, err := h.dialer.Contact(t.Context(), h.Service, secret.ContactID(2), payload())
		hasStatus(t, err, http.StatusGone)
		_, err = h.dialer.Listen(t.Context(), h.Service, secret, secret.ContactID(2))
		hasStatus(t, err, http.StatusGone)
	})
	t.Run("HYB-29/revoked", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, relay.Config{})
		phone := h.listen(t, newSecret(t), nil)
		asked := h.contact(t, phone.ID())
		wake, err := phone.Wait(within(t, 10*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		if err := phone.Refuse(t.Context(), wake); err != nil {
			t.Fatal(err)
		}
		hasStatus(t, (<-asked).err, http.StatusGone)
		_, err = h.dialer.Connect(t.Context(), h.Service, wake.RoutingID, wake.ID)
		hasStatus(t, err, http.StatusNotFound)
	})
	t.Run("HYB-29/somebody_elses_refusal", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, relay.Config{})
		phone, stranger := h.listen(t, newSecret(t), nil), h.listen(t, newSecret(t), nil)
		asked := h.contact(t, phone.ID())
		wake, err := phone.Wait(within(t, 10*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		if err := stranger.Refuse(t.Context(), wake); err != nil {
			t.Fatal(err)
		}
		// Whoever answers this has read the refusal before.
		woken := h.contact(t, stranger.ID())
		if _, err := stranger.Wait(within(t, 10*time.Second)); err != nil {
			t.Fatal(err)
		}
		answered, err := h.dialer.Connect(t.Context(), h.Service, wake.RoutingID, wake.ID)
		if err != nil {
			t.Fatal(err)
		}
		client := <-asked // before the phone leaves: one that came and went was not there
		if client.err != nil {
			t.Fatal(client.err)
		}
		answered.Close()
		client.Close()
		h.shutdown(t)
		hasStatus(t, (<-woken).err, http.StatusServiceUnavailable)
	})
	t.Run("HYB-29/untaken", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, relay.Config{Limits: relay.Limits{Wake: 50 * time.Millisecond}})
		phone := h.listen(t, newSecret(t), nil)
		hasStatus(t, (<-h.contact(t, phone.ID())).err, http.StatusBadGateway)
		wake, err := phone.Wait(within(t, 10*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.dialer.Connect(t.Context(), h.Service, wake.RoutingID, wake.ID)
		hasStatus(t, err, http.StatusNotFound)
	})
	t.Run("HYB-29/too_many_wake_ups_of_one_phone", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, relay.Config{Limits: relay.Limits{Wake: time.Millisecond, WakesPerContact: 3}})
		secret := newSecret(t)
		phone, other := h.listen(t, secret, nil), h.listen(t, newSecret(t), nil)
		bomb(t, h, phone, 3, 20)
		h.listen(t, secret, nil) // whoever bombs gains nothing when the phone comes again
		hasStatus(t, (<-h.contact(t, phone.ID())).err, http.StatusTooManyRequests)
		hasStatus(t, (<-h.contact(t, other.ID())).err, http.StatusBadGateway)
	})
	t.Run("HYB-29/too_many_wake_ups_from_one_prefix", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, relay.Config{Limits: relay.Limits{Wake: time.Millisecond, WakesPerPrefix: 5}})
		bomb(t, h, h.listen(t, newSecret(t), nil), 5, 20)
	})
	t.Run("HYB-29/too_many_phones_from_one_prefix", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, relay.Config{Limits: relay.Limits{ListenersPerPrefix: 2}})
		secret := newSecret(t)
		h.listen(t, secret, nil)
		h.listen(t, newSecret(t), nil)
		_, err := h.dialer.Listen(t.Context(), h.Service, newSecret(t), nil)
		hasStatus(t, err, http.StatusTooManyRequests)
		h.listen(t, secret, secret.ContactID(0)) // the same phone once more
	})
	t.Run("HYB-29/somebody_elses_contact_id", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, relay.Config{})
		victim := h.listen(t, newSecret(t), nil)
		_, err := h.dialer.Listen(t.Context(), h.Service, newSecret(t), victim.ID())
		hasStatus(t, err, http.StatusUnauthorized)
	})
	t.Run("HYB-29/the_later_connection_counts", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, relay.Config{})
		secret := newSecret(t)
		first := h.listen(t, secret, nil)
		second := h.listen(t, secret, first.ID())
		_, err := first.Wait(within(t, 10*time.Second))
		var closed *tunnel.CloseError
		if !errors.As(err, &closed) || closed.Code != 1008 {
			t.Errorf("the first connection ended with %v, want code 1008", err)
		}
		asked := h.contact(t, second.ID())
		if _, err := second.Wait(within(t, 10*time.Second)); err != nil {
			t.Fatal(err)
		}
		h.shutdown(t)
		hasStatus(t, (<-asked).err, http.StatusServiceUnavailable)
	})
}

// bomb wakes a phone more often than allowed.
func bomb(t *testing.T, h *house, phone *tunnel.Contact, allowed, tries int) {
	t.Helper()
	got := map[int]int{}
	for range tries {
		err := (<-h.contact(t, phone.ID())).err
		var answer *tunnel.StatusError
		if !errors.As(err, &answer) {
			t.Fatal(err)
		}
		got[answer.Status]++
	}
	want := map[int]int{http.StatusBadGateway: allowed, http.StatusTooManyRequests: tries - allowed}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
}

// TestHostileListeners: a phone that moves is counted where it is.
func TestHostileListeners(t *testing.T) {
	t.Parallel()
	by := func(r *http.Request) netip.Addr { return netip.MustParseAddr(r.Header.Get("X-Test-Address")) }
	listen := func(t *testing.T, h *house, secret tunnel.ContactSecret, address string) int {
		t.Helper()
		header := upgrade(t, tunnel.ListenSubprotocol)
		header.Set("Authorization", "Bearer "+secret.Bearer())
		header.Set("X-Test-Address", address)
		status, answer := h.wire(t).ask(t, http.MethodGet, "/hither/listen", header)
		if status != http.StatusSwitchingProtocols && answer.Get("Retry-After") == "" {
			t.Error("nobody says when to come again")
		}
		return status
	}
	t.Run("HYB-25/moved_into_one_prefix", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, relay.Config{ClientAddr: by, Limits: relay.Limits{ListenersPerPrefix: 2}})
		for i := range 5 {
			secret := newSecret(t)
			if got := listen(t, h, secret, "192.0.2.1"); got != http.StatusSwitchingProtocols {
				t.Fatalf("phone %d was answered with %d", i, got)
			}
			want := http.StatusSwitchingProtocols
			if i >= 2 {
				want = http.StatusTooManyRequests
			}
			if got := listen(t, h, secret, "198.51.100.1"); got != want {
				t.Errorf("phone %d moved and was answered with %d, want %d", i, got, want)
			}
			if i >= 3 {
				break // the two places of the first prefix are taken, too
			}
		}
		if got := h.metric(t, "hither_relay_listeners", ""); got != 4 {
			t.Errorf("%v phones listen, want 4: who may not move stays", got)
		}
	})
	t.Run("HYB-25/again_in_a_full_prefix", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, relay.Config{ClientAddr: by, Limits: relay.Limits{ListenersPerPrefix: 1, Listeners: 1}})
		secret := newSecret(t)
		for range 3 {
			if got := listen(t, h, secret, "192.0.2.1"); got != http.StatusSwitchingProtocols {
				t.Errorf("answered %d", got)
			}
		}
	})
}

func TestHostileClientPayload(t *testing.T) {
	t.Parallel()
	h := newHouse(t, relay.Config{})
	phone := h.listen(t, newSecret(t), nil)
	good := "A301486C696E6B69642E2E02506E6F6E63652E2E2E2E2E2E2E2E2E2E2E036267" + "61"
	long := "A301486C696E6B69642E2E02506E6F6E63652E2E2E2E2E2E2E2E2E2E2E03"
	rows := map[string][]string{
		"missing":           nil,
		"empty":             {""},
		"twice":             {good, good},
		"odd_digits":        {good[1:]},
		"not_hex":           {"G" + good[1:]},
		"prefixed":          {"0x" + good},
		"trailing_byte":     {good + "00"},
		"cut":               {good[:len(good)-2]},
		"no_hint":           {"A201486C696E6B69642E2E02506E6F6E63652E2E2E2E2E2E2E2E2E2E2E"},
		"wrong_map":         {"A2" + good[2:]},
		"indefinite_map":    {"BF" + good[2:] + "FF"},
		"wrong_first_key":   {"A304" + good[4:]},
		"wrong_second_key":  {good[:22] + "04" + good[24:]},
		"wrong_third_key":   {good[:58] + "04" + good[60:]},
		"short_link_id":     {"A30147" + good[6:]},
		"hint_is_bytes":     {long + "426761"},
		"hint_is_no_utf8":   {long + "62FFFE"},
		"hint_is_long":      {long + "7818" + hexOf(24)},
		"oversized":         {long + "79FFFF" + hexOf(6000)},
		"depth_bomb":        {strings.Repeat("81", 2000)},
		"not_shortest_hint": {long + "78026761"},
	}
	for name, values := range rows {
		t.Run("HYB-29/"+name, func(t *testing.T) {
			t.Parallel()
			header := upgrade(t, "fido.cable")
			header[http.CanonicalHeaderKey(tunnel.ClientPayloadHeader)] = values
			if got := h.status(t, http.MethodGet, "/cable/contact/"+phone.ID().Text(), header); got != http.StatusBadRequest {
				t.Errorf("answered %d, want 400", got)
			}
		})
	}
	t.Run("HYB-29/the_good_one", func(t *testing.T) {
		t.Parallel()
		header := upgrade(t, "fido.cable")
		header.Set(tunnel.ClientPayloadHeader, good)
		h := newHouse(t, relay.Config{Limits: relay.Limits{Wake: time.Millisecond}})
		phone := h.listen(t, newSecret(t), nil)
		if got := h.status(t, http.MethodGet, "/cable/contact/"+phone.ID().Text(), header); got != http.StatusBadGateway {
			t.Errorf("answered %d, want 502 of a phone that does not come", got)
		}
	})
}

func hexOf(n int) string { return strings.Repeat("61", n) }
