package audit

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/internal/rootkey"
	"github.com/hitherauth/hither/internal/secret"
)

// KeyPurpose is the purpose of signing keys in the store.
const KeyPurpose = "audit"

// VerifierKey is what checkpoints are verified with. It is no secret. As text it
// is a verifier key of signed notes: name, hash and key, with "+" between.
type VerifierKey struct {
	text     string
	verifier note.Verifier
}

// ParseVerifierKey reads a key as String writes it.
func ParseVerifierKey(text string) (VerifierKey, error) {
	v, err := note.NewVerifier(text)
	if err != nil {
		return VerifierKey{}, fmt.Errorf("audit: not a verifier key: %w", err)
	}
	if !canonical(text) {
		return VerifierKey{}, errors.New("audit: not a verifier key: it is not written as hitherd audit key writes it")
	}
	return VerifierKey{text: text, verifier: v}, nil
}

// canonical says whether hash and key are written in the one way.
func canonical(text string) bool {
	parts := strings.SplitN(text, "+", 3)
	key, err := base64.StdEncoding.Strict().DecodeString(parts[2])
	return err == nil && base64.StdEncoding.EncodeToString(key) == parts[2] && strings.ToLower(parts[1]) == parts[1]
}

// String is the key as text.
func (v VerifierKey) String() string { return v.text }

type hidden[T any] = secret.Hidden[T]

// signingKey signs checkpoints. It never prints.
type signingKey struct {
	hidden[ed25519.PrivateKey]
	id     [8]byte
	public VerifierKey
}

func newSigningKey(id [8]byte, origin string, seed []byte) (signingKey, error) {
	if len(seed) != ed25519.SeedSize {
		return signingKey{}, fmt.Errorf("audit: signing key %x has another length", id)
	}
	private := ed25519.NewKeyFromSeed(seed)
	text, err := note.NewEd25519VerifierKey(origin, private.Public().(ed25519.PublicKey)) //nolint:errcheck // the type is documented
	if err != nil {
		return signingKey{}, fmt.Errorf("audit: %w", err)
	}
	public, err := ParseVerifierKey(text)
	return signingKey{hidden: secret.Hide(private), id: id, public: public}, err
}

// The methods of note.Signer.

func (k signingKey) Name() string    { return k.public.verifier.Name() }
func (k signingKey) KeyHash() uint32 { return k.public.verifier.KeyHash() }
func (k signingKey) Sign(b []byte) ([]byte, error) {
	return ed25519.Sign(secret.Reveal(k.hidden), b), nil
}

// checkpoint signs the tree as it is.
func (k signingKey) checkpoint(t *Tree, last int64, at time.Time, epoch int64) (Checkpoint, error) {
	root, err := t.Root()
	if err != nil {
		return Checkpoint{}, fmt.Errorf("audit: %w", err)
	}
	at = at.UTC().Truncate(time.Millisecond)
	h := Head{Origin: k.Name(), Size: t.Size(), Root: root, At: at, Epoch: epoch}
	signed, err := note.Sign(&note.Note{Text: h.text()}, k)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("audit: signing: %w", err)
	}
	return Checkpoint{
		Size: t.Size(), Last: last, At: at, Note: string(signed),
		Edge: t.appendEdge(make([]byte, 0, len(t.edge)*tlog.HashSize)),
	}, nil
}

// signingKeys opens the signing keys among keys, the oldest first. A key that
// was not wrapped by this root key is an error: somebody put it there.
func signingKeys(origin string, root rootkey.Key, keys []account.Key) ([]signingKey, error) {
	var out []signingKey
	for _, k := range keys {
		if k.Purpose != KeyPurpose {
			continue
		}
		seed, err := root.Unwrap(KeyPurpose, k.Wrapped)
		if err != nil {
			return nil, fmt.Errorf("audit: signing key %x was not wrapped by this root key", k.ID)
		}
		key, err := newSigningKey(k.ID, origin, seed)
		if err != nil {
			return nil, err
		}
		out = append(out, key)
	}
	return out, nil
}

// VerifierKeys are the public halves of the signing keys among the keys of a
// store, the oldest first, which is the one that signs. That the root key has
// wrapped them is what makes them this log's.
func VerifierKeys(origin string, root rootkey.Key, keys []account.Key) ([]VerifierKey, error) {
	signing, err := signingKeys(origin, root, keys)
	if err != nil {
		return nil, err
	}
	return public(signing), nil
}

func public(keys []signingKey) []VerifierKey {
	out := make([]VerifierKey, len(keys))
	for i, k := range keys {
		out[i] = k.public
	}
	return out
}

// newKey is a signing key for the store.
func newKey(root rootkey.Key, now time.Time) (account.Key, error) {
	var id [8]byte
	seed := make([]byte, ed25519.SeedSize)
	rand.Read(id[:])
	rand.Read(seed)
	wrapped, err := root.Wrap(KeyPurpose, seed)
	if err != nil {
		return account.Key{}, fmt.Errorf("audit: %w", err)
	}
	return account.Key{ID: id, Purpose: KeyPurpose, Wrapped: wrapped, CreatedAt: now, NotBefore: now}, nil
}
