package hybrid_test

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/hybrid/hybridtest"
	"github.com/hitherauth/hither/tunnel"
)

// TestHostileUpdates has a phone send nothing but updates that are wrong: what they
// cost has an end, and the request gets its reply.
func TestHostileUpdates(t *testing.T) {
	t.Parallel()
	t.Run("HYB-10_flood_of_updates", func(t *testing.T) {
		t.Parallel()
		scene := hybridtest.NewScene(t)
		scene.AllowLinking(t)
		var refused int
		scene.Client.Progress = func(e hybrid.Event) {
			if _, ok := e.(hybrid.LinkRefused); ok {
				refused++
			}
		}
		withRawPhone(t, scene, func(p *rawPhone) {
			p.introduce()
			p.hear()
			payload, err := hybrid.AppendUpdate(nil, someLinking()) // its proof is none
			if err != nil {
				t.Error(err)
			}
			for range 100 {
				p.say(append([]byte{2}, payload...), []byte{2, 0xff})
			}
			p.say(append([]byte{1, 0}, naiveCBOR([]pair{{2, make([]byte, 37)}, {3, []byte("signature")}})...))
		})
		conn, err := hybrid.Initiate(t.Context(), scene.Client)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.GetAssertion(t.Context(), assertion(1)); err != nil {
			t.Errorf("GetAssertion: %v", err)
		}
		if err := conn.CloseNow(); err != nil {
			t.Error(err)
		}
		if refused == 0 || refused > 8 {
			t.Errorf("was told %d times, want 1 to 8", refused)
		}
	})
}

// TestHostileOldLink uses a link of which the phone has made a newer one since: that
// the old one is dead says nothing about the new one.
func TestHostileOldLink(t *testing.T) {
	t.Parallel()
	t.Run("HYB-29_old_link_is_gone_and_the_new_one_stays", func(t *testing.T) {
		t.Parallel()
		scene := hybridtest.NewScene(t)
		scene.AllowLinking(t)
		newer := link(t, scene)
		older := newer
		older.ContactID = bytes.Clone(newer.ContactID)
		older.ContactID[0] ^= 0xff // another node's
		_, err := hybrid.InitiateLinked(t.Context(), scene.Client, older)
		requireStage(t, err, hybrid.StageConnection, hybrid.ErrLinkGone)
		if links, err := scene.Client.Links.All(t.Context()); err != nil || len(links) != 1 {
			t.Errorf("%d links are left, want the newer one: %v", len(links), err)
		}
	})
}

// TestHostileWakes wakes a phone with what it cannot use. Whoever runs the phone is
// told of each.
func TestHostileWakes(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		payload []byte
		stage   hybrid.Stage
		cause   error
	}{
		"HYB-29_unknown_link": {
			naiveCBOR([]pair{{1, make([]byte, 8)}, {2, make([]byte, 16)}, {3, "ga"}}), hybrid.StageLinking, hybrid.ErrUnknownLink,
		},
		"HYB-29_no_payload": {nil, hybrid.StageConnection, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scene := hybridtest.NewScene(t)
			scene.AllowLinking(t)
			var told []hybrid.Event
			scene.Phone.Progress = func(e hybrid.Event) { told = append(told, e) }
			err := hybrid.RespondLinked(t.Context(), scene.Phone, tunnel.Wake{Payload: row.payload}, smallAuthenticator{})
			requireStage(t, err, row.stage, row.cause)
			if len(told) != 1 || !errors.Is(told[0].(hybrid.Closed).Err, err) {
				t.Errorf("was told %v, want how it ended", told)
			}
			if n := len(scene.Ether.Sent()); n != 0 {
				t.Errorf("the phone was heard %d times", n)
			}
		})
	}
}

// TestLockThatStays: another process that never gives the lock up ends nothing but the
// change that wants it.
func TestLockThatStays(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "links.json")
	synctest.Test(t, func(t *testing.T) {
		err := hybrid.NewFileStore(path).Update(t.Context(), func([]byte) ([]byte, error) {
			return nil, hybrid.NewFileStore(path).Update(context.Background(), func([]byte) ([]byte, error) { return []byte("{}"), nil })
		})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want that the lock is taken", err)
		}
	})
}

// TestHostileZeroQRCode responds to a QR code that no parser returned.
func TestHostileZeroQRCode(t *testing.T) {
	t.Parallel()
	t.Run("HYB-02_zero_value", func(t *testing.T) {
		t.Parallel()
		scene := hybridtest.NewScene(t)
		err := hybrid.Respond(t.Context(), scene.Phone, hybrid.QRCode{}, smallAuthenticator{})
		requireStage(t, err, hybrid.StageProximity, nil)
		if n := len(scene.Ether.Sent()); n != 0 {
			t.Errorf("the phone was heard %d times", n)
		}
	})
}
