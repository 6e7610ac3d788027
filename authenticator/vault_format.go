package authenticator

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hitherauth/hither/internal/cbor"
	"github.com/hitherauth/hither/webauthn"
)

// What is inside a vault's age file is a sequence of canonical CBOR items: a
// head, then the credentials, the oldest first.
//
//	head       {1: "hither vault", 2: version, 3: number of credentials}
//	credential {1: id, 2: RP ID, 3: relying party's name,
//	            4: user handle, 5: user name, 6: display name,
//	            7: algorithm, 8: private key (32 bytes),
//	            9: prf secret, user verified, 10: prf secret, not verified (32 bytes each),
//	            11: discoverable, 12: protection (1-3), 13: backup eligible,
//	            14: signature counter, 15: creation, Unix seconds}
//
// All keys are there, and no others. Nothing follows the last credential. There
// is one byte string for one list of credentials.
const (
	vaultMagic   = "hither vault"
	vaultVersion = int64(1)
	// maxVaultText bounds a vault before it is encrypted: the greatest number of
	// credentials, each at its longest, needs 1.4 MiB.
	maxVaultText = 2 << 20

	headMembers       = 3
	credentialMembers = 15
)

// Keys of the maps.
const (
	headMagic, headVersion, headCount = int64(1), int64(2), int64(3)

	keyID, keyRPID, keyRPName                   = int64(1), int64(2), int64(3)
	keyUserID, keyUserName, keyUserDisplay      = int64(4), int64(5), int64(6)
	keyAlgorithm, keyPrivate                    = int64(7), int64(8)
	keyPRFVerified, keyPRFUnverified            = int64(9), int64(10)
	keyDiscoverable, keyProtection, keyEligible = int64(11), int64(12), int64(13)
	keySignCount, keyCreated                    = int64(14), int64(15)
	maxSignCount                                = 1<<32 - 1
)

// appendVault writes a list of credentials that a store has accepted.
func appendVault(b []byte, credentials list) ([]byte, error) {
	items := []map[any]any{{headMagic: vaultMagic, headVersion: vaultVersion, headCount: int64(len(credentials))}}
	for _, c := range credentials {
		items = append(items, map[any]any{
			keyID: []byte(c.ID), keyRPID: c.RP.ID, keyRPName: c.RP.Name,
			keyUserID: []byte(c.User.ID), keyUserName: c.User.Name, keyUserDisplay: c.User.DisplayName,
			keyAlgorithm: int64(c.Key.Algorithm()), keyPrivate: c.Key.Bytes(),
			keyPRFVerified: c.PRF.Verified.Bytes(), keyPRFUnverified: c.PRF.Unverified.Bytes(),
			keyDiscoverable: c.Discoverable, keyProtection: int64(c.Protection), keyEligible: c.BackupEligible,
			keySignCount: int64(c.SignCount), keyCreated: c.Created.Unix(),
		})
	}
	for _, item := range items {
		encoded, err := cbor.Encode(item)
		if err != nil {
			return nil, fmt.Errorf("authenticator: vault: %w", err)
		}
		b = append(b, encoded...)
	}
	return b, nil
}

// parseVault reads what appendVault wrote, and nothing else. No error says
// anything of what was read but names of members.
func parseVault(b []byte) (list, error) {
	if len(b) > maxVaultText {
		return nil, fmt.Errorf("%d bytes, more than the limit of %d", len(b), maxVaultText)
	}
	count, rest, err := parseHead(b)
	if err != nil {
		return nil, err
	}
	var credentials list
	for n := range count {
		var c Credential
		if c, rest, err = parseCredential(rest); err != nil {
			return nil, fmt.Errorf("credential %d: %w", n, err)
		}
		if err := c.check(); err != nil {
			return nil, fmt.Errorf("credential %d: %w", n, err)
		}
		if credentials.index(c.ID) >= 0 || slices.ContainsFunc(credentials, c.replaces) {
			return nil, fmt.Errorf("credential %d has the id or the account of another", n)
		}
		credentials = append(credentials, c)
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("%d bytes follow the last credential", len(rest))
	}
	return credentials, nil
}

func parseHead(b []byte) (count int64, rest []byte, err error) {
	m, rest, err := parseMap(b)
	if err != nil {
		return 0, nil, fmt.Errorf("head: %w", err)
	}
	if m.text(headMagic) != vaultMagic {
		return 0, nil, errors.New("head: not a vault")
	}
	// The version comes before everything that depends on it.
	if version := m.integer(headVersion); m.err == nil && version != vaultVersion {
		return 0, nil, fmt.Errorf("%w: version %d, and this program reads version %d", errVaultVersion, version, vaultVersion)
	}
	count = m.integer(headCount)
	if err := m.finish(headMembers); err != nil {
		return 0, nil, fmt.Errorf("head: %w", err)
	}
	if count < 0 || count > MaxCredentials {
		return 0, nil, fmt.Errorf("head: %d credentials instead of 0 to %d", count, MaxCredentials)
	}
	return count, rest, nil
}

func parseCredential(b []byte) (Credential, []byte, error) {
	m, rest, err := parseMap(b)
	if err != nil {
		return Credential{}, nil, err
	}
	c := Credential{
		ID: m.bytes(keyID),
		RP: webauthn.RelyingPartyEntity{ID: m.text(keyRPID), Name: m.text(keyRPName)},
		User: webauthn.UserEntity{
			ID: m.bytes(keyUserID), Name: m.text(keyUserName), DisplayName: m.text(keyUserDisplay),
		},
		Discoverable:   m.boolean(keyDiscoverable),
		Protection:     Protection(m.bounded(keyProtection, int64(ProtectionRequired))), //nolint:gosec // G115: bounded
		BackupEligible: m.boolean(keyEligible),
		SignCount:      uint32(m.bounded(keySignCount, maxSignCount)), //nolint:gosec // G115: bounded
		Created:        time.Unix(m.integer(keyCreated), 0).UTC(),
	}
	algorithm, private := webauthn.Algorithm(m.integer(keyAlgorithm)), m.bytes(keyPrivate)
	verified, unverified := m.bytes(keyPRFVerified), m.bytes(keyPRFUnverified)
	if err := m.finish(credentialMembers); err != nil {
		return Credential{}, nil, err
	}
	if c.Key, err = ParsePrivateKey(algorithm, private); err != nil {
		return Credential{}, nil, err
	}
	if c.PRF.Verified, err = PRFSecretFromBytes(verified); err != nil {
		return Credential{}, nil, err
	}
	if c.PRF.Unverified, err = PRFSecretFromBytes(unverified); err != nil {
		return Credential{}, nil, err
	}
	return c, rest, nil
}

// vaultMap reads the members of a map and remembers the first that is wrong.
type vaultMap struct {
	members map[any]any
	err     error
}

func parseMap(b []byte) (*vaultMap, []byte, error) {
	v, rest, err := cbor.DecodeFirst(b)
	if err != nil {
		return nil, nil, err
	}
	members, ok := v.(map[any]any)
	if !ok {
		return nil, nil, fmt.Errorf("%s instead of a map", cbor.Describe(v))
	}
	return &vaultMap{members: members}, rest, nil
}

// member returns a member of one type; with an error, its zero value.
func member[T any](m *vaultMap, key int64) T {
	value, ok := m.members[key].(T)
	if !ok && m.err == nil {
		m.err = fmt.Errorf("member %d is missing or of another type", key)
	}
	return value
}

func (m *vaultMap) bytes(key int64) []byte  { return member[[]byte](m, key) }
func (m *vaultMap) text(key int64) string   { return member[string](m, key) }
func (m *vaultMap) boolean(key int64) bool  { return member[bool](m, key) }
func (m *vaultMap) integer(key int64) int64 { return member[int64](m, key) }

// bounded returns an integer of 0 to greatest.
func (m *vaultMap) bounded(key, greatest int64) int64 {
	n := m.integer(key)
	if n < 0 || n > greatest {
		if m.err == nil {
			m.err = fmt.Errorf("member %d is out of range", key)
		}
		return 0
	}
	return n
}

// finish says what was wrong, or that there are other members too.
func (m *vaultMap) finish(members int) error {
	if m.err == nil && len(m.members) != members {
		return fmt.Errorf("%d members instead of %d", len(m.members), members)
	}
	return m.err
}
