package authenticator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
)

// MaxCredentials is how many credentials a store of this package holds.
const MaxCredentials = 1024

// What a [CredentialStore] may say.
var (
	// ErrFull is returned when a store has no room for another credential.
	ErrFull = errors.New("authenticator: the credential store is full")
	// ErrNoCredential is returned when a store has no credential with that id.
	ErrNoCredential = errors.New("authenticator: no credential with that id")
	// ErrAccountHeld is returned when a store has a discoverable credential for the
	// account that was not to be replaced.
	ErrAccountHeld = errors.New("authenticator: a credential for that account is held")
)

// CredentialStore keeps credentials. What it has acknowledged it keeps: a method
// that returns nil has made its change durable, and one that returns an error
// has made it wholly or not at all. It is safe for concurrent use. [MemoryStore]
// and [Vault] are stores.
type CredentialStore interface {
	// Credentials returns those of a relying party, the newest first. The caller
	// owns them.
	Credentials(ctx context.Context, rpID string) ([]Credential, error)
	// Put adds c. If c is discoverable, it takes the place of the discoverable
	// credential of the same RP ID and user handle, if that has the id replaces;
	// with another id it is [ErrAccountHeld]. The person agreed to lose the one and
	// not the other. Nil replaces none. [ErrFull]: there is no room. A credential
	// with an id that is held is refused.
	Put(ctx context.Context, c Credential, replaces []byte) error
	// Count raises the signature counter of a credential by one and returns it;
	// it stays at its greatest value. [ErrNoCredential]: it is not held.
	Count(ctx context.Context, id []byte) (uint32, error)
}

// list is the contents of a store, the oldest first. Its methods return a new
// list and leave the old one as it was.
type list []Credential

func (l list) of(rpID string) []Credential {
	var found []Credential
	for _, c := range slices.Backward(l) {
		if c.RP.ID == rpID {
			found = append(found, c.clone())
		}
	}
	return found
}

func (l list) all() []Credential {
	all := make([]Credential, 0, len(l))
	for _, c := range slices.Backward(l) {
		all = append(all, c.clone())
	}
	return all
}

func (l list) index(id []byte) int {
	return slices.IndexFunc(l, func(c Credential) bool { return bytes.Equal(c.ID, id) })
}

func (l list) with(c Credential, replaces []byte) (list, error) {
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("authenticator: credential: %w", err)
	}
	if l.index(c.ID) >= 0 {
		return nil, errors.New("authenticator: a credential with that id is held already")
	}
	next := slices.Clone(l)
	if i := slices.IndexFunc(l, c.replaces); i >= 0 {
		if !bytes.Equal(l[i].ID, replaces) {
			return nil, ErrAccountHeld
		}
		next = slices.Delete(next, i, i+1)
	}
	if len(next) >= MaxCredentials {
		return nil, ErrFull
	}
	return append(next, c.clone()), nil
}

func (l list) without(id []byte) (list, error) {
	i := l.index(id)
	if i < 0 {
		return nil, ErrNoCredential
	}
	return slices.Delete(slices.Clone(l), i, i+1), nil
}

func (l list) counted(id []byte) (list, uint32, error) {
	i := l.index(id)
	if i < 0 {
		return nil, 0, ErrNoCredential
	}
	next := slices.Clone(l)
	if count := next[i].SignCount + 1; count != 0 {
		next[i].SignCount = count
	}
	return next, next[i].SignCount, nil
}
