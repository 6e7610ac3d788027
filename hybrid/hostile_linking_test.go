package hybrid_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/hybrid/hybridtest"
	"github.com/hitherauth/hither/hybrid/internal/noise"
	"github.com/hitherauth/hither/tunnel"
)

// link goes through a QR-initiated transaction of the scene, in which the phone is
// linked, and returns the link.
func link(t *testing.T, scene *hybridtest.Scene) hybrid.Link {
	t.Helper()
	phone := scene.Scan(t, smallAuthenticator{})
	conn, err := hybrid.Initiate(t.Context(), scene.Client)
	if err != nil {
		t.Fatalf("Initiate: %v", err)
	}
	signIn(t, conn, 1)
	closeAndWait(t, conn, phone)
	links, err := scene.Client.Links.All(t.Context())
	if err != nil || len(links) == 0 {
		t.Fatalf("there are %d links: %v", len(links), err)
	}
	return links[len(links)-1]
}

// TestHostileLinkingData has phones send linking data that is not to be believed.
// Nothing that is stored may change, and the request gets its reply.
func TestHostileLinkingData(t *testing.T) {
	t.Parallel()
	reply := append([]byte{1, 0}, naiveCBOR([]pair{{2, make([]byte, 37)}, {3, []byte("signature")}})...)
	for name, row := range map[string]struct {
		spoil func(p *rawPhone, l *hybrid.LinkingInfo)
		want  int // links more than before
	}{
		"right":                           {func(*rawPhone, *hybrid.LinkingInfo) {}, 1},
		"HYB-06_proof_with_a_bit_flipped": {func(_ *rawPhone, l *hybrid.LinkingInfo) { l.Proof[31] ^= 1 }, 0},
		"HYB-06_proof_of_another_handshake": {func(p *rawPhone, l *hybrid.LinkingInfo) {
			l.Proof, _ = hybrid.LinkProof(newKey(p.t), p.qr.ClientKey, [32]byte{})
		}, 0},
		// The attempt to evict: the key of the stored link, which the phone does not have.
		"HYB-06_key_of_a_stored_link": {func(p *rawPhone, l *hybrid.LinkingInfo) {
			links, err := p.scene.Client.Links.All(p.ctx)
			if err != nil {
				p.t.Error(err)
			}
			l.PhoneKey = links[0].PhoneKey
		}, 0},
		"HYB-10_no_contact_id": {func(_ *rawPhone, l *hybrid.LinkingInfo) { l.ContactID = nil }, 0},
		"HYB-10_long_name": {func(_ *rawPhone, l *hybrid.LinkingInfo) {
			l.Name = string(bytes.Repeat([]byte{'x'}, 257))
			l.ContactID = l.ContactID[:1]
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scene := hybridtest.NewScene(t)
			scene.AllowLinking(t)
			link(t, scene)
			before, err := scene.Client.Links.All(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			received, refused := 0, 0
			scene.Client.Progress = func(e hybrid.Event) {
				switch e.(type) {
				case hybrid.LinkReceived:
					received++
				case hybrid.LinkRefused:
					refused++
				}
			}
			withRawPhone(t, scene, func(p *rawPhone) {
				p.introduce()
				key := newKey(t)
				l := someLinking()
				l.PhoneKey = key.PublicKey()
				proof, err := hybrid.LinkProof(key, p.qr.ClientKey, p.session.Hash)
				if err != nil {
					t.Error(err)
				}
				l.Proof = proof
				row.spoil(p, l)
				payload, err := hybrid.AppendUpdate(nil, l)
				if err != nil {
					t.Error(err)
				}
				p.hear()
				p.say(append([]byte{2}, payload...), reply)
			})
			conn, err := hybrid.Initiate(t.Context(), scene.Client)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := conn.GetAssertion(t.Context(), assertion(1)); err != nil {
				t.Errorf("GetAssertion: %v", err)
			}
			if err := errors.Join(conn.Close(), conn.Wait(t.Context())); err != nil {
				t.Error(err)
			}
			after, err := scene.Client.Links.All(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if received != row.want || refused != 1-row.want || len(after) != len(before)+row.want {
				t.Errorf("%d links received and %d refused, %d are stored of %d", received, refused, len(after), len(before))
			}
			if !after[0].Secret.Equal(before[0].Secret) && !after[len(after)-1].Secret.Equal(before[0].Secret) {
				t.Error("the stored link has changed")
			}
		})
	}
}

// TestHostileSecondLink has a phone link twice in one transaction, each time rightly.
func TestHostileSecondLink(t *testing.T) {
	t.Parallel()
	t.Run("HYB-10_two_links_of_one_handshake", func(t *testing.T) {
		t.Parallel()
		scene := hybridtest.NewScene(t)
		scene.AllowLinking(t)
		var told []hybrid.Event
		scene.Client.Progress = func(e hybrid.Event) {
			switch e.(type) {
			case hybrid.LinkReceived, hybrid.LinkRefused:
				told = append(told, e)
			}
		}
		withRawPhone(t, scene, func(p *rawPhone) {
			p.introduce()
			for _, name := range []string{"first", "second"} {
				key := newKey(t)
				l := someLinking()
				l.PhoneKey, l.Name = key.PublicKey(), name
				proof, err := hybrid.LinkProof(key, p.qr.ClientKey, p.session.Hash)
				if err != nil {
					t.Error(err)
				}
				l.Proof = proof
				payload, err := hybrid.AppendUpdate(nil, l)
				if err != nil {
					t.Error(err)
				}
				p.say(append([]byte{2}, payload...))
			}
		})
		conn, err := hybrid.Initiate(t.Context(), scene.Client)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(conn.Wait(t.Context()), conn.CloseNow()); err != nil {
			t.Error(err)
		}
		links, err := scene.Client.Links.All(t.Context())
		if err != nil || len(links) != 1 || links[0].Name != "first" {
			t.Errorf("%d links are stored: %v", len(links), err)
		}
		if len(told) != 2 || told[0] != (hybrid.LinkReceived{Name: "first"}) {
			t.Errorf("was told %v", told)
		}
	})
}

// TestHostileLinks uses links that are good for nothing any more.
func TestHostileLinks(t *testing.T) {
	t.Parallel()
	t.Run("HYB-29_node_of_the_contact_id_is_gone", func(t *testing.T) {
		t.Parallel()
		scene := hybridtest.NewScene(t)
		scene.AllowLinking(t)
		l := link(t, scene)
		l.ContactID[0] ^= 0xff
		if _, err := scene.Client.Links.Put(t.Context(), l); err != nil {
			t.Fatal(err)
		}
		requireLinkGone(t, scene, l)
	})
	t.Run("HYB-29_phone_has_removed_the_link", func(t *testing.T) {
		t.Parallel()
		scene := hybridtest.NewScene(t)
		scene.AllowLinking(t)
		l := link(t, scene)
		if err := scene.Phone.Linking.Links.Remove(t.Context(), l.ID); err != nil {
			t.Fatal(err)
		}
		scene.Listen(t, smallAuthenticator{})
		requireLinkGone(t, scene, l)
		if n := len(scene.Ether.Sent()); n != 1 {
			t.Errorf("the phone was heard %d times: it advertised for a link that it does not have", n)
		}
	})
	t.Run("HYB-29_phone_does_not_listen", func(t *testing.T) {
		t.Parallel()
		scene := hybridtest.NewScene(t)
		scene.AllowLinking(t)
		l := link(t, scene)
		_, err := hybrid.InitiateLinked(t.Context(), scene.Client, l)
		requireStage(t, err, hybrid.StageConnection, nil)
		if links, err := scene.Client.Links.All(t.Context()); err != nil || len(links) != 1 {
			t.Errorf("a phone that sleeps costs the link: %d left, %v", len(links), err)
		}
	})
	t.Run("HYB-06_link_with_another_secret", func(t *testing.T) {
		t.Parallel()
		scene := hybridtest.NewScene(t)
		scene.AllowLinking(t)
		l := link(t, scene)
		l.Secret = hybrid.LinkSecretFromBytes([32]byte{1})
		scene.Client.Limits.Wake = 4 * short
		scene.Listen(t, smallAuthenticator{})
		_, err := hybrid.InitiateLinked(t.Context(), scene.Client, l)
		requireStage(t, err, hybrid.StageProximity, hybrid.ErrNoAdvert)
	})
	t.Run("HYB-06_link_with_the_key_of_another_phone", func(t *testing.T) {
		t.Parallel()
		scene := hybridtest.NewScene(t)
		scene.AllowLinking(t)
		l := link(t, scene)
		l.PhoneKey = newKey(t).PublicKey()
		scene.Listen(t, smallAuthenticator{})
		_, err := hybrid.InitiateLinked(t.Context(), scene.Client, l)
		requireStage(t, err, hybrid.StageHandshake, hybrid.ErrClosed)
	})
	t.Run("HYB-14_linked_phone_out_of_range", func(t *testing.T) {
		t.Parallel()
		scene := hybridtest.NewScene(t)
		scene.AllowLinking(t)
		l := link(t, scene)
		scene.Client.Limits.Wake = 4 * short
		scene.Ether.Distort = func([]byte) [][]byte { return nil }
		scene.Listen(t, smallAuthenticator{})
		_, err := hybrid.InitiateLinked(t.Context(), scene.Client, l)
		requireStage(t, err, hybrid.StageProximity, hybrid.ErrNoAdvert)
	})
}

func requireLinkGone(t *testing.T, scene *hybridtest.Scene, l hybrid.Link) {
	t.Helper()
	_, err := hybrid.InitiateLinked(t.Context(), scene.Client, l)
	requireStage(t, err, hybrid.StageConnection, hybrid.ErrLinkGone)
	if links, err := scene.Client.Links.All(t.Context()); err != nil || len(links) != 0 {
		t.Errorf("%d links are left: %v", len(links), err)
	}
}

// TestHostileLinkedPhone has a linked phone send linking data: in a state-assisted
// transaction nothing could prove it, and it is ignored, right or wrong.
func TestHostileLinkedPhone(t *testing.T) {
	t.Parallel()
	t.Run("HYB-10_linking_data_of_a_linked_phone", func(t *testing.T) {
		t.Parallel()
		scene := hybridtest.NewScene(t)
		scene.AllowLinking(t)
		key := newKey(t)
		secret, err := tunnel.NewContactSecret(nil)
		if err != nil {
			t.Fatal(err)
		}
		dialer := tunnel.New(tunnel.Config{})
		contact, err := dialer.Listen(t.Context(), scene.Service, secret, nil)
		if err != nil {
			t.Fatal(err)
		}
		l := hybrid.Link{
			ContactID: contact.ID(), Secret: hybrid.LinkSecretFromBytes([32]byte{1}),
			PhoneKey: key.PublicKey(), Name: "raw", Domain: hybridtest.Domain,
		}
		over := make(chan struct{})
		ctx, stop := context.WithTimeout(context.Background(), patience)
		defer func() {
			stop()
			<-over
			_ = contact.Close()
		}()
		go func() {
			defer close(over)
			wake, err := contact.Wait(ctx)
			if err != nil {
				t.Error(err)
				return
			}
			payload, err := hybrid.ParseClientPayload(wake.Payload)
			if err != nil || payload.Hint != hybrid.HintMakeCredential {
				t.Errorf("the client payload: %v, %v", payload, err)
			}
			channel, err := dialer.Connect(ctx, scene.Service, wake.RoutingID, wake.ID)
			if err != nil {
				t.Error(err)
				return
			}
			defer channel.Close()
			eid, err := hybrid.NewLinkedEID(nil)
			if err != nil {
				t.Error(err)
			}
			advert := l.Secret.EIDKey(payload.Nonce).Seal(eid)
			defer scene.Ether.Forge(advert[:])()
			p := rawPeer{t: t, ctx: ctx, channel: channel}
			session, m, err := noise.RespondNK(key, (*[32]byte)(l.Secret.PSK(eid).Reveal()), nil, p.receive())
			if err != nil {
				t.Error(err)
				return
			}
			p.session = session
			p.send(m[:])
			p.say(naiveCBOR([]pair{{1, someInfo()}}))
			linking := someLinking()
			linking.PhoneKey = key.PublicKey()
			if linking.Proof, err = hybrid.LinkProof(key, newKey(t).PublicKey(), session.Hash); err != nil {
				t.Error(err)
			}
			update, err := hybrid.AppendUpdate(nil, linking)
			if err != nil {
				t.Error(err)
			}
			p.say(append([]byte{2}, update...))
			p.hear()
			p.say(append([]byte{1, 0}, naiveCBOR([]pair{{2, make([]byte, 37)}, {3, []byte("signature")}})...))
		}()
		scene.Client.Hint = hybrid.HintMakeCredential
		conn, err := hybrid.InitiateLinked(t.Context(), scene.Client, l)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.GetAssertion(t.Context(), assertion(1)); err != nil {
			t.Error(err)
		}
		if err := errors.Join(conn.Close(), conn.Wait(t.Context())); err != nil {
			t.Error(err)
		}
		if links, err := scene.Client.Links.All(t.Context()); err != nil || len(links) != 0 {
			t.Errorf("%d links are stored: %v", len(links), err)
		}
	})
}

// TestUpdateTellsNothing compares what the tunnel service sees of a user who agrees
// to be linked with, of one who does not, and of a phone that cannot.
func TestUpdateTellsNothing(t *testing.T) {
	t.Parallel()
	sizes := map[string]int{}
	for name, change := range map[string]func(*hybridtest.Scene){
		"agrees": func(*hybridtest.Scene) {},
		"declines": func(s *hybridtest.Scene) {
			s.Phone.Linking.Agree = func(context.Context) (bool, error) { return false, nil }
		},
		"cannot": func(s *hybridtest.Scene) { s.Phone.Linking = nil },
	} {
		scene := hybridtest.NewScene(t)
		scene.AllowLinking(t)
		change(scene)
		c, phone := newRawClient(t, scene, func(q *hybrid.QRCode) { q.Linking = true })
		c.come().shakeHands()
		c.say([]byte{1, 4})
		for range 2 { // the reply and the update, in either order
			if message := c.receive(); len(message) > sizes[name] {
				sizes[name] = len(message)
			}
		}
		c.say([]byte{0})
		if err := <-phone; err != nil {
			t.Errorf("the phone: %v", err)
		}
	}
	// 512 bytes are a multiple of the unit and gain another one, and a tag.
	if diff := cmp.Diff(sizes, map[string]int{"agrees": 560, "declines": 560, "cannot": 560}); diff != "" {
		t.Error(diff)
	}
}

// TestHostileConfigurations have no radio. Nothing is sent without one.
func TestHostileConfigurations(t *testing.T) {
	t.Parallel()
	t.Run("HYB-14_no_radio_in_any_door", func(t *testing.T) {
		t.Parallel()
		scene := hybridtest.NewScene(t)
		scene.AllowLinking(t)
		l := link(t, scene)
		talk := func(e hybrid.Event) {
			switch e.(type) {
			case hybrid.Connected, hybrid.Listening:
				t.Errorf("without a radio: %T", e)
			}
		}
		scene.Client.Progress, scene.Phone.Progress = talk, talk
		scene.Client.Scanner, scene.Phone.Advertiser = nil, nil
		scene.Client.Show = func(string) error { t.Error("a QR code is shown"); return nil }
		_, err := hybrid.Initiate(t.Context(), scene.Client)
		requireStage(t, err, hybrid.StageProximity, nil)
		_, err = hybrid.InitiateLinked(t.Context(), scene.Client, l)
		requireStage(t, err, hybrid.StageProximity, nil)
		requireStage(t, hybrid.Listen(t.Context(), scene.Phone, smallAuthenticator{}), hybrid.StageProximity, nil)
		requireStage(t, hybrid.RespondLinked(t.Context(), scene.Phone, tunnel.Wake{}, smallAuthenticator{}), hybrid.StageProximity, nil)
		_, phone := newRawClient(t, scene, nil)
		requireStage(t, <-phone, hybrid.StageProximity, nil)
	})
	t.Run("HYB-29_wake_ups_that_are_none", func(t *testing.T) {
		t.Parallel()
		scene := hybridtest.NewScene(t)
		scene.AllowLinking(t)
		for _, payload := range [][]byte{nil, {0xa0}, {0xff}, make([]byte, 300)} {
			err := hybrid.RespondLinked(t.Context(), scene.Phone, tunnel.Wake{Payload: payload}, smallAuthenticator{})
			requireStage(t, err, hybrid.StageConnection, nil)
		}
		payload, err := hybrid.ClientPayload{}.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		err = hybrid.RespondLinked(t.Context(), scene.Phone, tunnel.Wake{Payload: payload}, smallAuthenticator{})
		requireStage(t, err, hybrid.StageLinking, hybrid.ErrUnknownLink)
		if n := len(scene.Ether.Sent()); n != 0 {
			t.Errorf("%d adverts were sent", n)
		}
	})
}
