package hybrid_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/hybrid/hybridtest"
	"github.com/hitherauth/hither/hybrid/internal/noise"
)

// TestHostilePhones plays phones that do one thing wrong to a client platform. Each
// row ends with the error that it names, in bounded time.
func TestHostilePhones(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		part  func(p *rawPhone)
		stage hybrid.Stage
		cause error
	}{
		"HYB-14_routing_id_out_of_band_and_no_advert": {func(p *rawPhone) { p.linger() }, hybrid.StageProximity, hybrid.ErrNoAdvert},
		"HYB-14_advert_of_another_qr_code": {func(p *rawPhone) {
			advert := hybrid.QRSecretFromBytes([16]byte{1}).EIDKey().Seal(p.eid)
			defer p.scene.Ether.Forge(advert[:])()
			p.linger()
		}, hybrid.StageProximity, hybrid.ErrNoAdvert},
		"HYB-04_advert_with_a_bit_flipped": {func(p *rawPhone) {
			advert := p.qr.Secret.EIDKey().Seal(p.eid)
			advert[7] ^= 1
			defer p.scene.Ether.Forge(advert[:])()
			p.linger()
		}, hybrid.StageProximity, hybrid.ErrNoAdvert},
		"HYB-04_advert_of_an_unassigned_domain": {func(p *rawPhone) {
			p.eid[14], p.eid[15] = 77, 0
			advert := p.qr.Secret.EIDKey().Seal(p.eid)
			defer p.scene.Ether.Forge(advert[:])()
			p.linger()
		}, hybrid.StageProximity, hybrid.ErrNoAdvert},
		"HYB-26_silent_at_the_handshake":    {func(p *rawPhone) { p.advertise(); p.wait() }, hybrid.StageHandshake, hybrid.ErrSilent},
		"HYB-06_hangs_up_at_the_handshake":  {func(p *rawPhone) { p.advertise(); p.receive() }, hybrid.StageHandshake, hybrid.ErrClosed},
		"HYB-07_reflects_the_first_message": {func(p *rawPhone) { p.advertise(); p.send(p.receive()); p.wait() }, hybrid.StageHandshake, hybrid.ErrProtocol},
		"HYB-06_answers_with_nothing":       {func(p *rawPhone) { p.advertise(); p.receive(); p.send(nil); p.wait() }, hybrid.StageHandshake, hybrid.ErrProtocol},
		"HYB-06_answers_with_200_bytes":     {func(p *rawPhone) { p.advertise(); p.receive(); p.send(make([]byte, 200)); p.wait() }, hybrid.StageHandshake, hybrid.ErrProtocol},
		"HYB-06_changes_a_bit_of_its_answer": {func(p *rawPhone) {
			p.advertise()
			_, m, err := noise.RespondKN(p.qr.ClientKey, (*[32]byte)(p.qr.Secret.PSK(p.eid).Reveal()), nil, p.receive())
			if err != nil {
				p.t.Error(err)
			}
			m[80] ^= 1
			p.send(m[:])
			p.wait()
		}, hybrid.StageHandshake, hybrid.ErrProtocol},
		"HYB-07_answers_for_a_link": {func(p *rawPhone) {
			p.advertise()
			p.receive()
			key := newKey(p.t)
			psk := (*[32]byte)(p.qr.Secret.PSK(p.eid).Reveal())
			_, m, err := noise.InitiateNK(key.PublicKey(), psk, nil)
			if err != nil {
				p.t.Error(err)
			}
			p.send(m[:])
			p.wait()
		}, hybrid.StageHandshake, hybrid.ErrProtocol},
		"HYB-26_silent_after_the_handshake":         {func(p *rawPhone) { p.shakeHands(); p.wait() }, hybrid.StagePostHandshake, hybrid.ErrSilent},
		"HYB-10_hangs_up_after_the_handshake":       {func(p *rawPhone) { p.shakeHands() }, hybrid.StagePostHandshake, hybrid.ErrClosed},
		"HYB-08_garbage_after_the_handshake":        {func(p *rawPhone) { p.shakeHands(); p.send(make([]byte, 64)); p.wait() }, hybrid.StagePostHandshake, hybrid.ErrProtocol},
		"HYB-10_ctap_before_the_post_handshake":     {func(p *rawPhone) { p.shakeHands(); p.say([]byte{1, 0}); p.wait() }, hybrid.StagePostHandshake, hybrid.ErrPeerTooOld},
		"HYB-10_shutdown_before_the_post_handshake": {func(p *rawPhone) { p.shakeHands(); p.say([]byte{0}); p.wait() }, hybrid.StagePostHandshake, nil},
		"HYB-10_info_that_is_none": {func(p *rawPhone) {
			p.shakeHands()
			p.say(naiveCBOR([]pair{{1, []byte{0xff}}}))
			p.wait()
		}, hybrid.StagePostHandshake, nil},
		"HYB-26_silent_at_the_request":     {func(p *rawPhone) { p.introduce(); p.wait() }, hybrid.StageRequest, hybrid.ErrSilent},
		"HYB-10_hangs_up_at_the_request":   {func(p *rawPhone) { p.introduce(); p.hear() }, hybrid.StageRequest, hybrid.ErrClosed},
		"HYB-10_reply_of_another_type":     {func(p *rawPhone) { p.introduce(); p.hear(); p.say([]byte("\x03{}")); p.wait() }, hybrid.StageRequest, hybrid.ErrProtocol},
		"HYB-10_frame_of_an_unknown_type":  {func(p *rawPhone) { p.introduce(); p.hear(); p.say([]byte{0xff, 0}); p.wait() }, hybrid.StageRequest, hybrid.ErrProtocol},
		"HYB-10_empty_frame":               {func(p *rawPhone) { p.introduce(); p.hear(); p.say(nil); p.wait() }, hybrid.StageRequest, hybrid.ErrProtocol},
		"HYB-10_shutdown_instead_of_reply": {func(p *rawPhone) { p.introduce(); p.hear(); p.say([]byte{0}); p.wait() }, hybrid.StageRequest, hybrid.ErrClosed},
		"HYB-08_record_twice": {func(p *rawPhone) {
			p.introduce()
			p.hear()
			update := p.record([]byte{2, 0xa0})
			p.send(update)
			p.send(update)
			p.wait()
		}, hybrid.StageRequest, hybrid.ErrProtocol},
		"HYB-08_record_lost": {func(p *rawPhone) {
			p.introduce()
			p.hear()
			p.record([]byte{2, 0xa0})
			p.say([]byte{1, 0x27})
			p.wait()
		}, hybrid.StageRequest, hybrid.ErrProtocol},
		"HYB-10_message_longer_than_1_mib": {func(p *rawPhone) {
			p.introduce()
			p.hear()
			if err := p.channel.Send(p.ctx, make([]byte, 1<<20+1)); err == nil {
				p.t.Error("a message of more than 1 MiB was sent")
			}
			p.send(make([]byte, 1<<20)) // not a record either
			p.wait()
		}, hybrid.StageRequest, hybrid.ErrProtocol},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scene := hybridtest.NewScene(t)
			scene.Client.Limits = hybrid.Limits{Proximity: patience, Handshake: patience, PostHandshake: patience, Request: patience}
			// The limit that is meant to pass is short, and no other.
			silent := errors.Is(row.cause, hybrid.ErrSilent)
			for stage, limit := range map[hybrid.Stage]*time.Duration{
				hybrid.StageProximity:     &scene.Client.Limits.Proximity,
				hybrid.StageHandshake:     &scene.Client.Limits.Handshake,
				hybrid.StagePostHandshake: &scene.Client.Limits.PostHandshake,
				hybrid.StageRequest:       &scene.Client.Limits.Request,
			} {
				if stage == row.stage && (silent || stage == hybrid.StageProximity) {
					*limit = short
				}
			}
			connected := false
			scene.Client.Progress = func(e hybrid.Event) {
				if _, ok := e.(hybrid.Connected); ok {
					connected = true
				}
			}
			withRawPhone(t, scene, row.part)
			conn, err := hybrid.Initiate(t.Context(), scene.Client)
			if err == nil {
				_, err = conn.GetAssertion(t.Context(), assertion(1))
				_ = conn.CloseNow()
			}
			requireStage(t, err, row.stage, row.cause)
			if row.stage == hybrid.StageProximity && connected {
				t.Error("the client platform went to a tunnel without an advert")
			}
			if n := scene.Ether.Scanners(); n != 0 {
				t.Errorf("%d scans go on", n)
			}
		})
	}
}

// linger stays for longer than the client platform listens, which never comes.
func (p *rawPhone) linger() {
	ctx, stop := context.WithTimeout(p.ctx, 4*short)
	defer stop()
	_, _ = p.channel.Receive(ctx)
}

// TestHostilePhonesThatMustBeBorne does odd things that phones may do.
func TestHostilePhonesThatMustBeBorne(t *testing.T) {
	t.Parallel()
	reply := append([]byte{1, 0}, naiveCBOR([]pair{{2, make([]byte, 37)}, {3, []byte("signature")}})...)
	for name, part := range map[string]func(p *rawPhone){
		"HYB-10_hangs_up_after_the_reply": func(p *rawPhone) { p.introduce(); p.hear(); p.say(reply) },
		"HYB-10_update_before_the_reply": func(p *rawPhone) {
			p.introduce()
			p.say([]byte{2, 0xa0})
			p.hear()
			p.say([]byte{2, 0xa0}, []byte{2, 0xff}, reply)
		},
		"HYB-10_shutdown_after_the_reply": func(p *rawPhone) { p.introduce(); p.hear(); p.say(reply, []byte{0}) },
		"HYB-04_advert_with_a_suffix": func(p *rawPhone) {
			advert := p.qr.Secret.EIDKey().Seal(p.eid)
			defer p.scene.Ether.Forge(append(advert[:], 0xa1, 1, 0x18, 0x82))()
			session, message, err := noise.RespondKN(p.qr.ClientKey, (*[32]byte)(p.qr.Secret.PSK(p.eid).Reveal()), nil, p.receive())
			if err != nil {
				p.t.Error(err)
				return
			}
			p.session = session
			p.send(message[:])
			p.say(naiveCBOR([]pair{{1, someInfo()}}))
			p.hear()
			p.say(reply)
		},
		"HYB-10_padding_of_the_whole_type": func(p *rawPhone) { // as libwebauthn pads
			p.introduce()
			p.hear()
			padded := append(slices.Clone(reply), make([]byte, 31-(len(reply)-1)%32)...)
			padded = append(padded, byte(31-(len(reply)-1)%32))
			record, err := p.session.Send.Seal(nil, padded)
			if err != nil {
				p.t.Error(err)
			}
			p.send(record)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scene := hybridtest.NewScene(t)
			withRawPhone(t, scene, part)
			conn, err := hybrid.Initiate(t.Context(), scene.Client)
			if err != nil {
				t.Fatal(err)
			}
			got, err := conn.GetAssertion(t.Context(), assertion(1))
			if err != nil || string(got.Signature) != "signature" {
				t.Errorf("GetAssertion: %q, %v", got.Signature, err)
			}
			if err := errors.Join(conn.Close(), conn.Wait(t.Context())); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestHostileEther has adverts lost, changed, repeated and delayed.
func TestHostileEther(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		distort func([]byte) [][]byte
		delay   time.Duration
		deaf    bool
		want    error
	}{
		"HYB-14_lost": {distort: func([]byte) [][]byte { return nil }, want: hybrid.ErrNoAdvert},
		"HYB-04_corrupted": {distort: func(b []byte) [][]byte {
			b[3] ^= 0x80
			return [][]byte{b}
		}, want: hybrid.ErrNoAdvert},
		"HYB-04_cut": {distort: func(b []byte) [][]byte { return [][]byte{b[:19], b[1:], {}} }, want: hybrid.ErrNoAdvert},
		"repeated_among_strangers": {distort: func(b []byte) [][]byte {
			return [][]byte{make([]byte, 20), make([]byte, 20), b, b, b}
		}},
		"delayed":         {delay: short},
		"HYB-14_no_radio": {deaf: true, want: hybridtest.ErrRadio},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scene := hybridtest.NewScene(t)
			scene.Ether.Distort, scene.Ether.Delay, scene.Ether.DeafScanner = row.distort, row.delay, row.deaf
			if row.want != nil {
				scene.Client.Limits.Proximity, scene.Phone.Limits.Arrival = 2*short, short
			}
			phone := scene.Scan(t, smallAuthenticator{})
			conn, err := hybrid.Initiate(t.Context(), scene.Client)
			if row.want != nil {
				requireStage(t, err, hybrid.StageProximity, row.want)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			signIn(t, conn, 1)
			closeAndWait(t, conn, phone)
		})
	}
}

// TestHostileReplayedAdvert has the advert of one session played again in another.
func TestHostileReplayedAdvert(t *testing.T) {
	t.Parallel()
	t.Run("HYB-14_replayed", func(t *testing.T) {
		t.Parallel()
		scene := hybridtest.NewScene(t)
		phone := scene.Scan(t, smallAuthenticator{})
		conn, err := hybrid.Initiate(t.Context(), scene.Client)
		if err != nil {
			t.Fatal(err)
		}
		closeAndWait(t, conn, phone)
		defer scene.Ether.Forge(scene.Ether.Sent()[0])()
		scene.Client.Show = func(string) error { return nil }
		scene.Client.Limits.Proximity = short
		_, err = hybrid.Initiate(t.Context(), scene.Client)
		requireStage(t, err, hybrid.StageProximity, hybrid.ErrNoAdvert)
	})
}

// TestNoAdvertInFiveMinutes is the time limit of the specification, and what else
// ends a scan.
func TestNoAdvertInFiveMinutes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ether := &hybridtest.Ether{}
		cfg := hybrid.Config{Scanner: ether, Show: func(text string) error {
			if ether.Scanners() != 1 {
				t.Error("the QR code is shown before the radio listens")
			}
			if !strings.HasPrefix(text, "FIDO:/") {
				t.Error("no QR code is shown")
			}
			return nil
		}}
		began := time.Now()
		_, err := hybrid.Initiate(t.Context(), cfg)
		requireStage(t, err, hybrid.StageProximity, hybrid.ErrNoAdvert)
		if waited := time.Since(began); waited != 5*time.Minute {
			t.Errorf("waited for %v", waited)
		}

		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Minute, cancel)
		_, err = hybrid.Initiate(ctx, cfg)
		requireStage(t, err, hybrid.StageProximity, context.Canceled)

		time.AfterFunc(time.Minute, ether.BreakScans)
		_, err = hybrid.Initiate(t.Context(), cfg)
		requireStage(t, err, hybrid.StageProximity, hybridtest.ErrRadio)

		refused := errors.New("no screen")
		cfg.Show = func(string) error { return refused }
		_, err = hybrid.Initiate(t.Context(), cfg)
		requireStage(t, err, hybrid.StageProximity, refused)
		cfg.Scanner = nil
		_, err = hybrid.Initiate(t.Context(), cfg)
		requireStage(t, err, hybrid.StageProximity, nil)
	})
}
