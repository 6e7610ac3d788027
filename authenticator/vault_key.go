package authenticator

import (
	"errors"
	"fmt"

	"filippo.io/age"

	"github.com/hitherauth/hither/internal/secret"
)

// Bounds of the work factor of a passphrase: the logarithm of scrypt's N.
const (
	minWorkFactor     = 10
	maxWorkFactor     = 20 // about 4 s and 1 GiB
	defaultWorkFactor = 18
)

// VaultKey opens and seals a [Vault]. It does not print.
type VaultKey struct{ hidden[ageKey] }

type ageKey struct {
	identity  age.Identity
	recipient age.Recipient
}

// PassphraseKey makes a key of a passphrase by scrypt. The work factor is the
// logarithm of N, 10 to 20; zero means 18, about a second and 256 MiB for each
// reading and each writing of the vault.
func PassphraseKey(passphrase string, workFactor int) (VaultKey, error) {
	if workFactor == 0 {
		workFactor = defaultWorkFactor
	}
	if workFactor < minWorkFactor || workFactor > maxWorkFactor {
		return VaultKey{}, fmt.Errorf("authenticator: work factor %d instead of %d to %d", workFactor, minWorkFactor, maxWorkFactor)
	}
	identity, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return VaultKey{}, fmt.Errorf("authenticator: passphrase: %w", err)
	}
	recipient, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return VaultKey{}, fmt.Errorf("authenticator: passphrase: %w", err)
	}
	identity.SetMaxWorkFactor(maxWorkFactor)
	recipient.SetWorkFactor(workFactor)
	return VaultKey{secret.Hide(ageKey{identity: identity, recipient: recipient})}, nil
}

// IdentityKey makes a key of a native age identity, an *age.X25519Identity or
// *age.HybridIdentity. Whoever knows its recipient and can write where the vault
// is can put another in its place, so the recipient is not to be told around.
func IdentityKey(identity age.Identity) (VaultKey, error) {
	switch i := identity.(type) {
	case *age.X25519Identity:
		if i != nil {
			return VaultKey{secret.Hide(ageKey{identity: i, recipient: i.Recipient()})}, nil
		}
	case *age.HybridIdentity:
		if i != nil {
			return VaultKey{secret.Hide(ageKey{identity: i, recipient: i.Recipient()})}, nil
		}
	}
	return VaultKey{}, errors.New("authenticator: a vault's identity is an X25519 or hybrid identity of age")
}
