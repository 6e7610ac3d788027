package hybrid_test

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"sync/atomic"
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

// goodReply answers any assertion.
func goodReply() []byte {
	return append([]byte{1, 0}, naiveCBOR([]pair{{2, make([]byte, 37)}, {3, []byte("signature")}})...)
}

// TestHostileReplies has phones reply when nothing was asked, or not any more.
func TestHostileReplies(t *testing.T) {
	t.Parallel()
	t.Run("HYB-10_reply_before_any_request", func(t *testing.T) {
		t.Parallel()
		scene := hybridtest.NewScene(t)
		withRawPhone(t, scene, func(p *rawPhone) {
			p.introduce()
			p.say(goodReply())
			p.wait()
		})
		requireClosedFor(t, scene, hybrid.ErrProtocol)
	})
	t.Run("HYB-10_second_reply", func(t *testing.T) {
		t.Parallel()
		scene := hybridtest.NewScene(t)
		withRawPhone(t, scene, func(p *rawPhone) {
			p.introduce()
			p.hear()
			p.say(goodReply(), goodReply())
			p.wait()
		})
		closed := make(chan error, 1)
		scene.Client.Progress = closedTo(closed)
		conn, err := hybrid.Initiate(t.Context(), scene.Client)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.GetAssertion(t.Context(), assertion(1)); err != nil {
			t.Errorf("the first reply: %v", err)
		}
		requireStage(t, <-closed, hybrid.StageRequest, hybrid.ErrProtocol)
		if _, err := conn.GetAssertion(t.Context(), assertion(2)); err == nil {
			t.Error("the second reply answered another request")
		}
		_ = conn.CloseNow()
	})
	t.Run("HYB-10_late_reply_and_then_a_link", func(t *testing.T) {
		t.Parallel()
		scene := hybridtest.NewScene(t)
		scene.AllowLinking(t)
		withRawPhone(t, scene, func(p *rawPhone) {
			p.introduce()
			p.hear() // the shutdown
			key := newKey(t)
			l := someLinking()
			l.PhoneKey = key.PublicKey()
			var err error
			if l.Proof, err = hybrid.LinkProof(key, p.qr.ClientKey, p.session.Hash); err != nil {
				t.Error(err)
			}
			payload, err := hybrid.AppendUpdate(nil, l)
			if err != nil {
				t.Error(err)
			}
			p.say(goodReply(), append([]byte{2}, payload...))
		})
		conn, err := hybrid.Initiate(t.Context(), scene.Client)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(conn.Close(), conn.Wait(t.Context())); err != nil {
			t.Error(err)
		}
		if links, err := scene.Client.Links.All(t.Context()); err != nil || len(links) != 1 {
			t.Errorf("%d links are stored: %v", len(links), err)
		}
	})
	t.Run("HYB-10_phone_without_ctap_is_asked_nothing", func(t *testing.T) {
		t.Parallel()
		scene := hybridtest.NewScene(t)
		withRawPhone(t, scene, func(p *rawPhone) {
			p.shakeHands()
			p.say(naiveCBOR([]pair{{3, []any{"dc"}}}))
			if got := p.hear(); len(got) != 1 || got[0] != 0 {
				t.Errorf("heard % x, want a shutdown", got)
			}
		})
		conn, err := hybrid.Initiate(t.Context(), scene.Client)
		if err != nil {
			t.Fatal(err)
		}
		_, err = conn.GetAssertion(t.Context(), assertion(1))
		requireStage(t, err, hybrid.StageRequest, nil)
		if err := errors.Join(conn.Close(), conn.Wait(t.Context())); err != nil {
			t.Error(err)
		}
	})
}

// closedTo hands on how a connection ended.
func closedTo(closed chan<- error) func(hybrid.Event) {
	return func(e hybrid.Event) {
		if e, ok := e.(hybrid.Closed); ok {
			closed <- e.Err
		}
	}
}

// requireClosedFor wants the connection to end by itself, for this cause.
func requireClosedFor(t *testing.T, scene *hybridtest.Scene, cause error) {
	t.Helper()
	closed := make(chan error, 1)
	scene.Client.Progress = closedTo(closed)
	conn, err := hybrid.Initiate(t.Context(), scene.Client)
	if err != nil {
		t.Fatal(err)
	}
	requireStage(t, <-closed, hybrid.StageRequest, cause)
	_ = conn.CloseNow()
}

// TestLinkingWithoutConsent: nothing is stored at either end, and the user is not
// asked for a tunnel service that could not wake the phone.
func TestLinkingWithoutConsent(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*hybrid.Linking){
		"the_question_fails": func(l *hybrid.Linking) {
			l.Agree = func(context.Context) (bool, error) { return false, errors.New("the screen is broken") }
		},
		"agrees_and_the_question_fails": func(l *hybrid.Linking) {
			l.Agree = func(context.Context) (bool, error) { return true, errors.New("the screen is broken") }
		},
		"another_tunnel_service": func(l *hybrid.Linking) {
			l.Domain = hybridtest.Domain + 1
			l.Agree = func(context.Context) (bool, error) {
				t.Error("the user was asked")
				return false, nil
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scene := hybridtest.NewScene(t)
			scene.AllowLinking(t)
			spoil(scene.Phone.Linking)
			phone := scene.Scan(t, smallAuthenticator{})
			conn, err := hybrid.Initiate(t.Context(), scene.Client)
			if err != nil {
				t.Fatal(err)
			}
			signIn(t, conn, 1)
			closeAndWait(t, conn, phone)
			theirs, err1 := scene.Client.Links.All(t.Context())
			ours, err2 := scene.Phone.Linking.Links.All(t.Context())
			if err := errors.Join(err1, err2); err != nil || len(theirs)+len(ours) != 0 {
				t.Errorf("%d links at the client platform, %d at the phone: %v", len(theirs), len(ours), err)
			}
		})
	}
}

// brokenStore fails from some time on.
type brokenStore struct {
	hybrid.MemoryStore

	broken atomic.Bool
}

func (s *brokenStore) Update(ctx context.Context, change func([]byte) ([]byte, error)) error {
	if s.broken.Load() {
		return errors.New("the disk is full")
	}
	return s.MemoryStore.Update(ctx, change)
}

// TestPhoneWithABrokenStore wakes a phone that cannot look the link up: it must not
// have it called dead.
func TestPhoneWithABrokenStore(t *testing.T) {
	t.Parallel()
	scene := hybridtest.NewScene(t)
	scene.AllowLinking(t)
	store := &brokenStore{}
	scene.Phone.Linking.Links = hybrid.NewPhoneLinks(store)
	l := link(t, scene)
	scene.Listen(t, smallAuthenticator{})
	store.broken.Store(true)
	scene.Client.Limits.Wake = 4 * short
	if _, err := hybrid.InitiateLinked(t.Context(), scene.Client, l); err == nil || errors.Is(err, hybrid.ErrLinkGone) {
		t.Errorf("got %v", err)
	}
	if links, err := scene.Client.Links.All(t.Context()); err != nil || len(links) != 1 {
		t.Errorf("%d links are left: %v", len(links), err)
	}
}
