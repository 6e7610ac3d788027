package noise_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hitherauth/hither/hybrid/internal/noise"
)

// requireRefused fails unless an end refuses a message and gives nothing up.
func requireRefused(t *testing.T, what string, answer []byte, s session, err error) {
	t.Helper()
	if err == nil || answer != nil || s.seal != nil || s.hash != nil {
		t.Errorf("%s: answer %x, session %v, error %v", what, answer, s.seal != nil, err)
	}
	if err != nil && !strings.HasPrefix(err.Error(), "noise: ") {
		t.Errorf("%s: error %q without its package", what, err)
	}
}

// tampered are all messages that differ from a good one in a bit, or in length.
func tampered(good []byte) map[string][]byte {
	messages := map[string][]byte{}
	for i := range good {
		for bit := range 8 {
			m := bytes.Clone(good)
			m[i] ^= 1 << bit
			messages[fmt.Sprintf("bit %d of byte %d", bit, i)] = m
		}
		m := bytes.Clone(good)
		m[i] = ^m[i]
		messages[fmt.Sprintf("byte %d", i)] = m
	}
	for n := range 201 {
		if n != len(good) {
			messages[fmt.Sprintf("%d bytes", n)] = append(bytes.Clone(good), make([]byte, 200)...)[:n]
		}
	}
	return messages
}

func TestHostileMessages(t *testing.T) {
	t.Parallel()
	for _, pattern := range patterns() {
		k := newKeys(pattern)
		message, _, err := initiateOurs(k)
		if err != nil {
			t.Fatal(err)
		}
		answer, _, err := respondOurs(k, message)
		if err != nil {
			t.Fatal(err)
		}
		t.Run("HYB-06_"+pattern+"_message_1", func(t *testing.T) {
			t.Parallel()
			for what, m := range tampered(message) {
				got, s, err := respondOurs(k, m)
				requireRefused(t, what, got, s, err)
			}
		})
		t.Run("HYB-06_"+pattern+"_message_2", func(t *testing.T) {
			t.Parallel()
			for what, m := range tampered(answer) {
				_, finish, err := initiateOurs(k) // the same ephemeral key each time
				if err != nil {
					t.Fatal(err)
				}
				s, err := finish(m)
				requireRefused(t, what, nil, s, err)
				s, err = finish(answer)
				requireRefused(t, what+", and then the right one", nil, s, err)
			}
		})
		t.Run("HYB-06_"+pattern+"_points", func(t *testing.T) {
			t.Parallel()
			for what, point := range brokenPoints() {
				m := bytes.Clone(message)
				copy(m, point)
				got, s, err := respondOurs(k, m)
				requireRefused(t, what, got, s, err)
				if !strings.Contains(err.Error(), "no point of P-256") {
					t.Errorf("%s: refused for another reason: %v", what, err)
				}
			}
		})
		t.Run("HYB-06_"+pattern+"_keys", func(t *testing.T) {
			t.Parallel()
			for bit := range 8 * noise.KeySize {
				other := k
				other.psk[bit/8] ^= 1 << (bit % 8)
				got, s, err := respondOurs(other, message)
				requireRefused(t, fmt.Sprintf("bit %d of the PSK", bit), got, s, err)
			}
			other := k
			other.static = newKey()
			got, s, err := respondOurs(other, message)
			requireRefused(t, "another static key", got, s, err)
		})
	}
}

// A phone that has not the static key of the link cannot finish, nor can one that
// has the PSK and answers for itself.
func TestHostileImpostors(t *testing.T) {
	t.Parallel()
	k := newKeys("NKpsk0")
	_, finish, err := initiateOurs(k)
	if err != nil {
		t.Fatal(err)
	}
	impostor := k
	impostor.static = newKey()
	t.Run("HYB-06_wrong_static_phone", func(t *testing.T) {
		t.Parallel()
		// It cannot read message 1, so it answers one that it made itself.
		own, _, err := initiateOurs(impostor)
		if err != nil {
			t.Fatal(err)
		}
		answer, _, err := respondOurs(impostor, own)
		if err != nil {
			t.Fatal(err)
		}
		s, err := finish(answer)
		requireRefused(t, "answer to another message", nil, s, err)
	})
	t.Run("HYB-06_wrong_static_client_platform", func(t *testing.T) {
		t.Parallel()
		// In KNpsk0 the initiator proves its static key only by the keys that follow.
		right := newKeys("KNpsk0")
		wrong := right
		wrong.static = newKey()
		message, finish, err := initiateOurs(wrong)
		if err != nil {
			t.Fatal(err)
		}
		got, s, err := respondOurs(right, message)
		requireRefused(t, "message 1", got, s, err)
		answer, _, err := respondOurs(wrong, message)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := finish(answer); err != nil {
			t.Fatalf("with itself: %v", err)
		}
	})
}

func TestHostileRoles(t *testing.T) {
	t.Parallel()
	for _, pattern := range patterns() {
		k := newKeys(pattern)
		other := k
		other.pattern = otherPattern(pattern)
		start := func(t *testing.T, k keys) ([]byte, func([]byte) (session, error)) {
			t.Helper()
			message, finish, err := initiateOurs(k)
			if err != nil {
				t.Fatal(err)
			}
			return message, finish
		}
		t.Run("HYB-07_"+pattern+"_for_the_other", func(t *testing.T) {
			t.Parallel()
			message, finish := start(t, k)
			got, s, err := respondOurs(other, message)
			requireRefused(t, "message 1", got, s, err)
			otherMessage, _ := start(t, other)
			answer, _, err := respondOurs(other, otherMessage)
			if err != nil {
				t.Fatal(err)
			}
			s, err = finish(answer)
			requireRefused(t, "message 2", nil, s, err)
		})
		t.Run("HYB-07_"+pattern+"_reflected", func(t *testing.T) {
			t.Parallel()
			message, finish := start(t, k)
			s, err := finish(message)
			requireRefused(t, "its own message", nil, s, err)
		})
		t.Run("HYB-07_"+pattern+"_two_initiators", func(t *testing.T) {
			t.Parallel()
			_, finish := start(t, k)
			second := k
			second.initiator = newKey()
			message, _ := start(t, second)
			s, err := finish(message)
			requireRefused(t, "another initiator's message", nil, s, err)
		})
		t.Run("HYB-07_"+pattern+"_two_responders", func(t *testing.T) {
			t.Parallel()
			message, _ := start(t, k)
			answer, _, err := respondOurs(k, message)
			if err != nil {
				t.Fatal(err)
			}
			got, s, err := respondOurs(k, answer)
			requireRefused(t, "another responder's message", got, s, err)
		})
	}
}

// Each row does something to a row of five records; opened is how many of what
// comes out are what was sent.
func TestHostileRecords(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		do     func(records [][]byte) [][]byte
		opened int
	}{
		"HYB-08_as_sent":         {func(r [][]byte) [][]byte { return r }, 5},
		"HYB-08_replayed":        {func(r [][]byte) [][]byte { return slices.Insert(r, 2, r[1]) }, 2},
		"HYB-08_first_replayed":  {func(r [][]byte) [][]byte { return slices.Insert(r, 4, r[0]) }, 4},
		"HYB-08_reordered":       {func(r [][]byte) [][]byte { r[1], r[2] = r[2], r[1]; return r }, 1},
		"HYB-08_dropped":         {func(r [][]byte) [][]byte { return slices.Delete(r, 3, 4) }, 3},
		"HYB-08_first_dropped":   {func(r [][]byte) [][]byte { return r[1:] }, 0},
		"HYB-08_truncated":       {func(r [][]byte) [][]byte { r[2] = r[2][:len(r[2])-1]; return r }, 2},
		"HYB-08_cut_in_front":    {func(r [][]byte) [][]byte { r[2] = r[2][1:]; return r }, 2},
		"HYB-08_extended":        {func(r [][]byte) [][]byte { r[2] = append(r[2], 0); return r }, 2},
		"HYB-08_empty":           {func(r [][]byte) [][]byte { r[2] = nil; return r }, 2},
		"HYB-08_shorter_than_it": {func(r [][]byte) [][]byte { r[2] = r[2][:noise.Overhead-1]; return r }, 2},
		"HYB-08_tag_alone":       {func(r [][]byte) [][]byte { r[2] = r[2][len(r[2])-noise.Overhead:]; return r }, 2},
		"HYB-08_joined":          {func(r [][]byte) [][]byte { return [][]byte{r[0], slices.Concat(r[1:]...)} }, 1},
		"HYB-08_first_bit":       {func(r [][]byte) [][]byte { r[4][0] ^= 1; return r }, 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key := [noise.KeySize]byte{1}
			send, receive := noise.NewCipherState(&key), noise.NewCipherState(&key)
			var sent, records [][]byte
			for i := range 5 {
				plaintext := bytes.Repeat([]byte{byte(i)}, 20)
				record, err := send.Seal(nil, plaintext)
				if err != nil {
					t.Fatal(err)
				}
				sent, records = append(sent, plaintext), append(records, record)
			}
			requireOpened(t, receive, row.do(records), sent[:row.opened])
		})
	}
}

// requireOpened fails unless the first records are what was sent, and none after
// them is opened, whatever it is.
func requireOpened(t *testing.T, receive *noise.CipherState, records, want [][]byte) {
	t.Helper()
	for i, record := range records {
		plaintext, err := receive.Open(nil, record)
		switch {
		case i < len(want) && (err != nil || !bytes.Equal(plaintext, want[i])):
			t.Errorf("record %d is opened as %x, want %x (error: %v)", i, plaintext, want[i], err)
		case i >= len(want) && (err == nil || plaintext != nil):
			t.Errorf("record %d is opened as %x, after a bad one", i, plaintext)
		}
	}
}

// Every bit of a record counts, and an end cannot be given back what it sent.
func TestHostileRecordsBits(t *testing.T) {
	t.Parallel()
	for _, pattern := range patterns() {
		k := newKeys(pattern)
		t.Run("HYB-08_"+pattern+"_wrong_direction", func(t *testing.T) {
			t.Parallel()
			a, b := shakeHands(t, k, implementations()[0], implementations()[0])
			for _, end := range []session{a, b} {
				record, err := end.seal([]byte("to the other end"))
				if err != nil {
					t.Fatal(err)
				}
				if plaintext, err := end.open(record); err == nil || plaintext != nil {
					t.Errorf("an end has opened its own record")
				}
			}
		})
	}
	t.Run("HYB-08_each_bit", func(t *testing.T) {
		t.Parallel()
		key := [noise.KeySize]byte{1}
		record, err := noise.NewCipherState(&key).Seal(nil, make([]byte, 48))
		if err != nil {
			t.Fatal(err)
		}
		for bit := range 8 * len(record) {
			changed := bytes.Clone(record)
			changed[bit/8] ^= 1 << (bit % 8)
			requireOpened(t, noise.NewCipherState(&key), [][]byte{changed, record}, nil)
		}
	})
}

// A key of another curve makes no message: what goes out is made with all keys or
// not at all.
func TestHostileCurves(t *testing.T) {
	t.Parallel()
	other, err := ecdh.P384().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var psk [noise.KeySize]byte
	kn, nk := newKeys("KNpsk0"), newKeys("NKpsk0")
	first := map[string][]byte{}
	for pattern, k := range map[string]keys{"KNpsk0": kn, "NKpsk0": nk} {
		if first[pattern], _, err = initiateOurs(k); err != nil {
			t.Fatal(err)
		}
	}
	for name, do := range map[string]func(static, e *ecdh.PrivateKey) (noise.Message, error){
		"InitiateKN": func(static, e *ecdh.PrivateKey) (noise.Message, error) {
			_, m, err := noise.InitiateKN(static, &psk, e)
			return m, err
		},
		"InitiateNK": func(static, e *ecdh.PrivateKey) (noise.Message, error) {
			_, m, err := noise.InitiateNK(static.PublicKey(), &psk, e)
			return m, err
		},
		"RespondKN": func(static, e *ecdh.PrivateKey) (noise.Message, error) {
			_, m, err := noise.RespondKN(static.PublicKey(), &kn.psk, e, first["KNpsk0"])
			return m, err
		},
		"RespondNK": func(static, e *ecdh.PrivateKey) (noise.Message, error) {
			_, m, err := noise.RespondNK(static, &nk.psk, e, first["NKpsk0"])
			return m, err
		},
	} {
		t.Run("HYB-06_"+name, func(t *testing.T) {
			t.Parallel()
			for _, pair := range [][2]*ecdh.PrivateKey{{other, nil}, {newKey(), other}} {
				m, err := do(pair[0], pair[1])
				if err == nil || m != (noise.Message{}) || !strings.Contains(err.Error(), "P-256") {
					t.Errorf("got %x, %v", m, err)
				}
			}
		})
	}
}

// The reason why a direction ended is the first.
func TestBreak(t *testing.T) {
	t.Parallel()
	reason := errors.New("the plaintext is nonsense")
	state := noise.NewCipherState(&[noise.KeySize]byte{1})
	if err := state.Break(reason); err != reason { //nolint:errorlint // this very error
		t.Fatal(err)
	}
	for name, call := range map[string]func() error{
		"Break": func() error { return state.Break(errors.New("another")) },
		"Seal":  func() error { _, err := state.Seal(nil, []byte("text")); return err },
		"Open":  func() error { _, err := state.Open(nil, make([]byte, 32)); return err },
	} {
		if err := call(); err != reason { //nolint:errorlint // this very error
			t.Errorf("%s: got %v", name, err)
		}
	}
}
