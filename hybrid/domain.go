package hybrid

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// Domain names a tunnel service in the 16 bits that an advert has for it, CTAP 2.2
// §11.5. Below 256 it is an index into a table of assigned domains; from 256 on
// the name is made of a hash of the number, and whoever owns that name may run
// the service.
type Domain uint16

// AssignedDomains is how many assigned domains this package knows, for
// QRCode.KnownDomains.
const AssignedDomains = 2

const firstHashedDomain Domain = 256

// Host returns the DNS name of the tunnel service. An index that is not assigned
// is an error.
func (d Domain) Host() (string, error) {
	switch {
	case d == 0:
		return "cable.ua5v.com", nil // Google
	case d == 1:
		return "cable.auth.com", nil // Apple
	case d < firstHashedDomain:
		return "", fmt.Errorf("hybrid: no tunnel service is assigned to domain %d", d)
	default:
		return d.hashed(), nil
	}
}

// known says whether the domain has a host, without making its name.
func (d Domain) known() bool { return d < AssignedDomains || d >= firstHashedDomain }

func (d Domain) hashed() string {
	const letters = "abcdefghijklmnopqrstuvwxyz234567"
	b := binary.LittleEndian.AppendUint16([]byte("caBLEv2 tunnel server domain"), uint16(d))
	digest := sha256.Sum256(append(b, 0))
	v := binary.LittleEndian.Uint64(digest[:])
	tld := [4]string{".com", ".org", ".net", ".info"}[v&3]
	name := []byte("cable.")
	// Least significant letter first, and no padding: most labels have 13 letters.
	for v >>= 2; v != 0; v >>= 5 {
		name = append(name, letters[v&31])
	}
	return string(name) + tld
}
