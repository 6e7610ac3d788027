package hybrid_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/hybrid/hybridtest"
	"github.com/hitherauth/hither/hybrid/internal/noise"
	"github.com/hitherauth/hither/tunnel"
)

// TestHostileFirstMessages sends a phone one first message that is wrong. It must
// hang up without a word and without a second attempt, and leave the air.
func TestHostileFirstMessages(t *testing.T) {
	t.Parallel()
	message := func(_ *noise.Initiation, m noise.Message, err error) []byte {
		if err != nil {
			panic(err)
		}
		return m[:]
	}
	for name, first := range map[string]func(c *rawClient) []byte{
		"HYB-06_empty":     func(*rawClient) []byte { return nil },
		"HYB-06_80_bytes":  func(c *rawClient) []byte { return message(noise.InitiateKN(c.identity, c.psk(), nil))[:80] },
		"HYB-06_200_bytes": func(*rawClient) []byte { return make([]byte, 200) },
		"HYB-06_identity_point": func(*rawClient) []byte {
			return make([]byte, 81)
		},
		"HYB-06_last_bit_flipped": func(c *rawClient) []byte {
			m := message(noise.InitiateKN(c.identity, c.psk(), nil))
			m[80] ^= 1
			return m
		},
		// Everything of the tunnel and the QR code is known, and the advert was not heard.
		"HYB-16_nonce_of_the_advert_guessed": func(c *rawClient) []byte {
			eid := c.eid
			eid[5] ^= 1
			psk := (*[32]byte)(c.qr.Secret.PSK(eid).Reveal())
			return message(noise.InitiateKN(c.identity, psk, nil))
		},
		"HYB-06_psk_of_another_qr_code": func(c *rawClient) []byte {
			psk := (*[32]byte)(hybrid.QRSecretFromBytes([16]byte{1}).PSK(c.eid).Reveal())
			return message(noise.InitiateKN(c.identity, psk, nil))
		},
		"HYB-07_handshake_of_a_link": func(c *rawClient) []byte {
			return message(noise.InitiateNK(c.qr.ClientKey, c.psk(), nil))
		},
		"HYB-10_record_before_the_handshake": func(*rawClient) []byte {
			record, err := direction().Seal(nil, make([]byte, 32))
			if err != nil {
				panic(err)
			}
			return record
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scene := hybridtest.NewScene(t)
			c, phone := newRawClient(t, scene, nil)
			c.come()
			c.send(first(c))
			c.requireRefused()
			requireStage(t, <-phone, hybrid.StageHandshake, hybrid.ErrProtocol)
			if n := len(scene.Ether.OnAir()); n != 0 {
				t.Errorf("%d adverts are still on the air", n)
			}
			if _, err := tunnel.New(tunnel.Config{}).Connect(c.ctx, scene.Service, c.eid.RoutingID(), c.qr.Secret.TunnelID()); err == nil {
				t.Error("the tunnel has a second attempt")
			}
		})
	}
}

// TestHostileClientKey comes with the secret of the QR code and not with its key:
// only the phone's answer shows that it is not who made the code, since the key is
// proved by what follows.
func TestHostileClientKey(t *testing.T) {
	t.Parallel()
	t.Run("HYB-06_wrong_static_key", func(t *testing.T) {
		t.Parallel()
		scene := hybridtest.NewScene(t)
		c, phone := newRawClient(t, scene, nil)
		c.come()
		_, m, err := noise.InitiateKN(newKey(t), c.psk(), nil)
		if err != nil {
			t.Fatal(err)
		}
		c.send(m[:])
		c.requireRefused()
		requireStage(t, <-phone, hybrid.StageHandshake, hybrid.ErrProtocol)
	})
}

// TestHostileClients plays client platforms that do one thing wrong after the
// handshake. A nil cause is an end in good order.
func TestHostileClients(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		part  func(c *rawClient)
		cause error
	}{
		"HYB-26_silent":                 {func(c *rawClient) { c.wait() }, hybrid.ErrSilent},
		"hangs_up":                      {func(c *rawClient) { _ = c.channel.Close() }, nil},
		"HYB-10_shutdown_first":         {func(c *rawClient) { c.say([]byte{0}); c.wait() }, nil},
		"HYB-10_shutdown_with_more":     {func(c *rawClient) { c.say([]byte{0, 1, 2}); c.wait() }, nil},
		"HYB-10_request_after_shutdown": {func(c *rawClient) { c.say([]byte{0}, []byte{1, 4}); c.wait() }, nil},
		"HYB-10_unknown_type":           {func(c *rawClient) { c.say([]byte{4, 0}); c.wait() }, hybrid.ErrProtocol},
		"HYB-10_unknown_type_0xff":      {func(c *rawClient) { c.say([]byte{0xff}); c.wait() }, hybrid.ErrProtocol},
		"HYB-10_empty_frame":            {func(c *rawClient) { c.say(nil); c.wait() }, hybrid.ErrProtocol},
		"HYB-10_ctap_without_a_command": {func(c *rawClient) { c.say([]byte{1}); c.wait() }, hybrid.ErrProtocol},
		"HYB-10_update_that_is_none":    {func(c *rawClient) { c.say([]byte{2, 0xff}); c.wait() }, hybrid.ErrProtocol},
		"HYB-08_not_a_record":           {func(c *rawClient) { c.send(make([]byte, 48)); c.wait() }, hybrid.ErrProtocol},
		"HYB-08_empty_message":          {func(c *rawClient) { c.send(nil); c.wait() }, hybrid.ErrProtocol},
		"HYB-10_first_message_again":    {func(c *rawClient) { c.send(make([]byte, noise.MessageSize)); c.wait() }, hybrid.ErrProtocol},
		"HYB-08_record_of_the_wrong_direction": {func(c *rawClient) {
			record, err := c.session.Receive.Seal(nil, make([]byte, 32))
			if err != nil {
				c.t.Error(err)
			}
			c.send(record)
			c.wait()
		}, hybrid.ErrProtocol},
		"HYB-10_update_then_get_info_then_json": {func(c *rawClient) {
			c.say([]byte{2, 0xa0}, []byte{1, byte(ctap2.CommandGetInfo)})
			if got := c.hear(); len(got) < 3 || got[0] != 1 || got[1] != 0 {
				c.t.Errorf("getInfo: % x", got)
			}
			c.say([]byte(`` + "\x03" + `{"origin":"https://example.com"}`))
			if got, want := string(c.hear()), "\x03"+`{"response":{"digital":{"error":"DEVICE_ABORTED"}}}`; got != want {
				c.t.Errorf("JSON: %q", got)
			}
			c.say([]byte{0})
			c.wait()
		}, nil},
		"HYB-12_unknown_command_and_broken_cbor_then_a_live_phone": {func(c *rawClient) {
			for _, request := range [][]byte{{1, 0x0b}, {1, 0xee, 0xa0}, {1, 2, 0xff}, append([]byte{1, 2}, bytes.Repeat([]byte{0x81}, 10_000)...)} {
				c.say(request)
				if got := c.hear(); len(got) != 2 || got[0] != 1 || got[1] == 0 {
					c.t.Errorf("% x is answered with % x", request[:2], got)
				}
			}
			c.say([]byte{1, byte(ctap2.CommandGetInfo)})
			if got := c.hear(); len(got) < 3 || got[1] != 0 {
				c.t.Errorf("getInfo: % x", got)
			}
			_ = c.channel.Close()
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scene := hybridtest.NewScene(t)
			scene.Phone.Limits.Session = patience
			if row.cause != nil && errors.Is(row.cause, hybrid.ErrSilent) {
				scene.Phone.Limits.Session = 4 * short
			}
			c, phone := newRawClient(t, scene, nil)
			c.come().shakeHands()
			row.part(c)
			err := <-phone
			if row.cause == nil {
				if err != nil {
					t.Errorf("the phone: %v", err)
				}
				return
			}
			requireStage(t, err, hybrid.StageRequest, row.cause)
		})
	}
}

// TestHostileRequestDuringRequest asks again while the user decides.
func TestHostileRequestDuringRequest(t *testing.T) {
	t.Parallel()
	for name, second := range map[string][]byte{
		"HYB-10_json_during_json": []byte("\x03{}"),
		"HYB-10_ctap_during_json": {1, byte(ctap2.CommandGetInfo)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scene := hybridtest.NewScene(t)
			asked := 0
			scene.Phone.JSON = func(ctx context.Context, _ []byte) ([]byte, error) {
				asked++
				<-ctx.Done()
				return nil, ctx.Err()
			}
			c, phone := newRawClient(t, scene, nil)
			c.come()
			c.shakeHands()
			c.say([]byte("\x03{}"), second)
			requireStage(t, <-phone, hybrid.StageRequest, hybrid.ErrProtocol)
			if asked > 1 {
				t.Errorf("the user was asked %d times", asked)
			}
		})
	}
}

// TestHostileClientsBeforeTheHandshake has nobody come, or somebody who says nothing.
func TestHostileClientsBeforeTheHandshake(t *testing.T) {
	t.Parallel()
	t.Run("HYB-16_nobody_near_the_phone", func(t *testing.T) {
		t.Parallel()
		scene := hybridtest.NewScene(t)
		scene.Phone.Limits.Arrival = short
		_, phone := newRawClient(t, scene, nil)
		requireStage(t, <-phone, hybrid.StageProximity, hybrid.ErrSilent)
		if n := len(scene.Ether.OnAir()); n != 0 {
			t.Errorf("%d adverts are still on the air", n)
		}
	})
	t.Run("HYB-26_comes_and_says_nothing", func(t *testing.T) {
		t.Parallel()
		scene := hybridtest.NewScene(t)
		scene.Phone.Limits.Arrival = 2 * time.Second // time to come to the tunnel on a busy machine
		c, phone := newRawClient(t, scene, nil)
		c.come()
		requireStage(t, <-phone, hybrid.StageProximity, hybrid.ErrSilent)
	})
	t.Run("comes_and_goes", func(t *testing.T) {
		t.Parallel()
		scene := hybridtest.NewScene(t)
		c, phone := newRawClient(t, scene, nil)
		_ = c.come().channel.Close()
		requireStage(t, <-phone, hybrid.StageProximity, hybrid.ErrClosed)
	})
	t.Run("HYB-19_a_third_party_at_the_tunnel", func(t *testing.T) {
		t.Parallel()
		scene := hybridtest.NewScene(t)
		c, phone := newRawClient(t, scene, nil)
		c.come()
		if _, err := tunnel.New(tunnel.Config{}).Connect(c.ctx, scene.Service, c.eid.RoutingID(), c.qr.Secret.TunnelID()); err == nil {
			t.Error("a third party is at the tunnel")
		}
		c.shakeHands()
		c.say([]byte{0})
		if err := <-phone; err != nil {
			t.Errorf("the phone: %v", err)
		}
	})
	t.Run("mute_radio", func(t *testing.T) {
		t.Parallel()
		scene := hybridtest.NewScene(t)
		scene.Ether.MuteAdvertiser = true
		_, phone := newRawClient(t, scene, nil)
		requireStage(t, <-phone, hybrid.StageProximity, hybridtest.ErrRadio)
	})
}

// TestHostileQRCodesForPhones are codes that a phone does not act on.
func TestHostileQRCodesForPhones(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		change func(*hybrid.QRCode)
		domain hybrid.Domain
		stage  hybrid.Stage
		cause  error
	}{
		"HYB-16_made_an_hour_ago":     {func(q *hybrid.QRCode) { q.Time = time.Now().Add(-time.Hour) }, hybridtest.Domain, hybrid.StageProximity, hybrid.ErrOldQRCode},
		"from_who_knows_no_domains":   {func(q *hybrid.QRCode) { q.KnownDomains = 0 }, 1, hybrid.StageConnection, hybrid.ErrNoDomain},
		"from_who_knows_one_domain":   {func(q *hybrid.QRCode) { q.KnownDomains = 1 }, 1, hybrid.StageConnection, hybrid.ErrNoDomain},
		"HYB-04_unassigned_in_config": {nil, 200, hybrid.StageConnection, hybrid.ErrNoDomain},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scene := hybridtest.NewScene(t)
			scene.Phone.Domains = []hybrid.Domain{row.domain}
			_, phone := newRawClient(t, scene, row.change)
			requireStage(t, <-phone, row.stage, row.cause)
			if n := len(scene.Ether.Sent()); n != 0 {
				t.Errorf("%d adverts were sent", n)
			}
		})
	}
	for name, change := range map[string]func(*hybrid.QRCode){
		"without_a_time":           func(q *hybrid.QRCode) { q.Time = time.Time{} },
		"made_ten_minutes_ago":     func(q *hybrid.QRCode) { q.Time = time.Now().Add(-10 * time.Minute) },
		"made_in_a_future_of_ours": func(q *hybrid.QRCode) { q.Time = time.Now().Add(time.Hour) },
		"from_who_knows_no_domain": func(q *hybrid.QRCode) { q.KnownDomains = 0 }, // a hashed one is known to all
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scene := hybridtest.NewScene(t)
			scene.Phone.Domains = []hybrid.Domain{1, hybridtest.Domain}
			c, phone := newRawClient(t, scene, func(q *hybrid.QRCode) {
				q.KnownDomains = 1
				change(q)
			})
			c.come().shakeHands()
			c.say([]byte{0})
			if err := <-phone; err != nil {
				t.Errorf("the phone: %v", err)
			}
		})
	}
}

// TestUsersWhoDeclineAndDawdle lose no connection.
func TestUsersWhoDeclineAndDawdle(t *testing.T) {
	t.Parallel()
	t.Run("declines_then_agrees", func(t *testing.T) {
		t.Parallel()
		scene := hybridtest.NewScene(t)
		asked := 0
		phone := scene.Scan(t, smallAuthenticator{decide: func(context.Context) error {
			if asked++; asked == 1 {
				return ctap2.StatusOperationDenied
			}
			return nil
		}})
		conn, err := hybrid.Initiate(t.Context(), scene.Client)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.GetAssertion(t.Context(), assertion(1)); !errors.Is(err, ctap2.StatusOperationDenied) {
			t.Errorf("got %v, want that the user declined", err)
		}
		signIn(t, conn, 2)
		closeAndWait(t, conn, phone)
	})
	t.Run("dawdles_until_the_client_platform_gives_up", func(t *testing.T) {
		t.Parallel()
		scene := hybridtest.NewScene(t)
		asking := make(chan struct{})
		phone := scene.Scan(t, smallAuthenticator{decide: func(ctx context.Context) error {
			close(asking)
			<-ctx.Done()
			return ctx.Err()
		}})
		conn, err := hybrid.Initiate(t.Context(), scene.Client)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-asking
			if _, err := conn.GetAssertion(t.Context(), assertion(2)); !errors.Is(err, hybrid.ErrBusy) {
				t.Errorf("a second request: %v", err)
			}
			cancel()
		}()
		_, err = conn.GetAssertion(ctx, assertion(1))
		requireStage(t, err, hybrid.StageRequest, context.Canceled)
		closeAndWait(t, conn, phone)
	})
	t.Run("dawdles_until_the_connection_is_closed", func(t *testing.T) {
		t.Parallel()
		scene := hybridtest.NewScene(t)
		asking := make(chan struct{})
		phone := scene.Scan(t, smallAuthenticator{decide: func(ctx context.Context) error {
			close(asking)
			<-ctx.Done()
			return ctx.Err()
		}})
		conn, err := hybrid.Initiate(t.Context(), scene.Client)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			<-asking
			_ = conn.Close()
		}()
		_, err = conn.GetAssertion(t.Context(), assertion(1))
		requireStage(t, err, hybrid.StageRequest, hybrid.ErrClosed)
		closeAndWait(t, conn, phone)
	})
	t.Run("json_of_nearly_1_mib_and_of_more", func(t *testing.T) {
		t.Parallel()
		scene := hybridtest.NewScene(t)
		scene.Phone.JSON = func(_ context.Context, request []byte) ([]byte, error) { return request, nil }
		phone := scene.Scan(t, smallAuthenticator{})
		conn, err := hybrid.Initiate(t.Context(), scene.Client)
		if err != nil {
			t.Fatal(err)
		}
		if !conn.Supports(hybrid.FeatureDigitalCredentials) || !conn.Supports(hybrid.FeatureCTAP) {
			t.Error("a feature is not told")
		}
		// The relay takes more than 64 KiB once both have sent a message.
		request := append(append([]byte{'"'}, bytes.Repeat([]byte{'x'}, 1<<20-100)...), '"')
		if got, err := conn.JSON(t.Context(), request); err != nil || !bytes.Equal(got, request) {
			t.Errorf("got %d bytes: %v", len(got), err)
		}
		if _, err := conn.JSON(t.Context(), make([]byte, 1<<20)); err == nil {
			t.Error("a message of more than 1 MiB was sent")
		}
		if err := conn.CloseNow(); err != nil {
			t.Error(err)
		}
		if err := <-phone; err != nil {
			t.Errorf("the phone: %v", err)
		}
	})
}
