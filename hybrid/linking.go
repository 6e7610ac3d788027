package hybrid

import (
	"context"
	"crypto/ecdh"
	"errors"
	"fmt"

	"github.com/hitherauth/hither/tunnel"
)

// Link is what a client platform remembers of a phone, so that the next
// transaction needs no QR code. It holds a secret, which does not print.
type Link struct {
	// ContactID is how the tunnel service of Domain wakes the phone.
	ContactID tunnel.ContactID
	// ID names the link to the phone.
	ID LinkID
	// Secret is shared with the phone.
	Secret LinkSecret
	// PhoneKey is the long-term key of the phone, and what the link is stored under.
	PhoneKey *ecdh.PublicKey
	// Name is what the phone calls itself: a stranger's text, at most 256 bytes.
	Name string
	// Domain is the tunnel service over which the phone linked.
	Domain Domain
}

// linker takes the linking data of one connection.
type linker struct {
	links    *Links
	identity *ecdh.PrivateKey // of the QR code
	hash     [32]byte         // of the handshake
	domain   Domain           // of the tunnel
	stored   bool             // one handshake gives one link
}

var (
	errLinkProof  = errors.New("the phone has not proved that it has its long-term key: nothing is stored")
	errLinkSecond = errors.New("the phone has linked already in this transaction: nothing is stored")
)

// take judges linking data and stores it. Before the proof is found to be right,
// nothing of the store is touched.
func (l *linker) take(ctx context.Context, info *linkingInfo) (LinkReceived, error) {
	if l.stored {
		return LinkReceived{}, errLinkSecond
	}
	if !info.proven(l.identity, l.hash) {
		return LinkReceived{}, errLinkProof
	}
	link := Link{
		ContactID: info.contactID, ID: info.linkID, Secret: info.secret,
		PhoneKey: info.phoneKey, Name: info.name, Domain: l.domain,
	}
	replaced, err := l.links.Put(ctx, link)
	if err != nil {
		return LinkReceived{}, fmt.Errorf("the link is not stored: %w", err)
	}
	l.stored = true
	return LinkReceived{Name: link.Name, Replaced: replaced}, nil
}
