package hybrid

import (
	"bytes"
	"cmp"
	"context"
	"crypto/ecdh"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/hitherauth/hither/tunnel"
)

// maxLinks is how many phones a client platform remembers.
const maxLinks = 256

// Links are the phones that a client platform remembers, in a store. It is safe
// for concurrent use, as far as the store is.
type Links struct{ store LinkStore }

// NewLinks keeps links in store.
func NewLinks(store LinkStore) *Links { return &Links{store: store} }

// All returns the links in the order of their names. A document that is not
// exactly as this package writes it is an error, and is not changed by anything.
func (l *Links) All(ctx context.Context) ([]Link, error) {
	document, err := l.store.Read(ctx)
	if err != nil {
		return nil, err
	}
	return parseLinks(document)
}

// Put stores a link, in place of one with the same key of the phone. It says
// whether there was one. The eldest is not forgotten for a new one: with 256 links
// it is an error.
func (l *Links) Put(ctx context.Context, link Link) (replaced bool, err error) {
	if err := link.validate(); err != nil {
		return false, err
	}
	err = l.store.Update(ctx, func(document []byte) ([]byte, error) {
		links, err := parseLinks(document)
		if err != nil {
			return nil, err
		}
		before := len(links)
		links = without(links, link.PhoneKey)
		replaced = len(links) < before
		if len(links) == maxLinks {
			return nil, fmt.Errorf("hybrid: there are %d links: remove one", maxLinks)
		}
		return appendLinks(append(links, link))
	})
	return replaced && err == nil, err
}

// Remove forgets the link with this key of the phone, if there is one.
func (l *Links) Remove(ctx context.Context, phoneKey *ecdh.PublicKey) error {
	return l.store.Update(ctx, func(document []byte) ([]byte, error) {
		links, err := parseLinks(document)
		if err != nil {
			return nil, err
		}
		return appendLinks(without(links, phoneKey))
	})
}

// removeSame forgets link, unless the phone has made a newer one since.
func (l *Links) removeSame(ctx context.Context, link Link) error {
	return l.store.Update(ctx, func(document []byte) ([]byte, error) {
		links, err := parseLinks(document)
		if err != nil {
			return nil, err
		}
		return appendLinks(slices.DeleteFunc(links, func(other Link) bool {
			return other.PhoneKey.Equal(link.PhoneKey) && other.ID == link.ID && bytes.Equal(other.ContactID, link.ContactID)
		}))
	})
}

func without(links []Link, phoneKey *ecdh.PublicKey) []Link {
	return slices.DeleteFunc(links, func(l Link) bool { return l.PhoneKey.Equal(phoneKey) })
}

// maxPhoneName is how long the name of a phone may be, in bytes.
const maxPhoneName = 256

func (l Link) validate() error {
	switch {
	case len(l.ContactID) == 0 || len(l.ContactID) > tunnel.MaxContactID:
		return fmt.Errorf("hybrid: a contact id has 1 to %d bytes, not %d", tunnel.MaxContactID, len(l.ContactID))
	case l.PhoneKey == nil || l.PhoneKey.Curve() != ecdh.P256():
		return errors.New("hybrid: the key of a phone is on P-256")
	case len(l.Name) > maxPhoneName:
		return fmt.Errorf("hybrid: the name of a phone has at most %d bytes, not %d", maxPhoneName, len(l.Name))
	}
	if _, err := l.Domain.Host(); err != nil {
		return err
	}
	return nil
}

// linksDocument is the document of a client platform, version 1. Bytes are base64url
// without padding.
type linksDocument struct {
	Version int          `json:"version"`
	Links   []linkRecord `json:"links"`
}

type linkRecord struct {
	ContactID string `json:"contact_id"`
	ID        string `json:"id"`
	Secret    string `json:"secret"`
	PhoneKey  string `json:"phone_key"` // 65 bytes
	Name      string `json:"name"`
	Domain    uint16 `json:"domain"`
}

func appendLinks(links []Link) ([]byte, error) {
	d := linksDocument{Version: documentVersion, Links: []linkRecord{}}
	slices.SortStableFunc(links, func(a, b Link) int { return cmp.Compare(a.Name, b.Name) })
	for _, l := range links {
		secret := l.Secret.Bytes()
		d.Links = append(d.Links, linkRecord{
			ContactID: base64.RawURLEncoding.EncodeToString(l.ContactID),
			ID:        base64.RawURLEncoding.EncodeToString(l.ID[:]),
			Secret:    base64.RawURLEncoding.EncodeToString(secret[:]),
			PhoneKey:  base64.RawURLEncoding.EncodeToString(l.PhoneKey.Bytes()),
			Name:      l.Name,
			Domain:    uint16(l.Domain),
		})
		clear(secret[:])
	}
	return appendDocument(d)
}

func parseLinks(document []byte) ([]Link, error) {
	if document == nil {
		return nil, nil
	}
	var d linksDocument
	if err := parseDocument(document, &d); err != nil {
		return nil, err
	}
	if d.Version != documentVersion || len(d.Links) > maxLinks {
		return nil, fmt.Errorf("hybrid: the document of links has version %d and %d links", d.Version, len(d.Links))
	}
	var links []Link
	for i, r := range d.Links {
		l, err := r.link()
		if err != nil {
			return nil, fmt.Errorf("hybrid: link %d of the document: %w", i+1, err)
		}
		if slices.ContainsFunc(links, func(other Link) bool { return other.PhoneKey.Equal(l.PhoneKey) }) {
			return nil, fmt.Errorf("hybrid: link %d of the document has the key of another", i+1)
		}
		links = append(links, l)
	}
	return links, nil
}

func (r linkRecord) link() (Link, error) {
	var f fields
	contactID := f.bytes("contact_id", r.ContactID, 0)
	id := f.bytes("id", r.ID, len(LinkID{}))
	secret := f.bytes("secret", r.Secret, 32)
	point := f.bytes("phone_key", r.PhoneKey, 65)
	if f.err != nil {
		return Link{}, f.err
	}
	key, err := ecdh.P256().NewPublicKey(point)
	if err != nil {
		return Link{}, errors.New("phone_key is no point of P-256")
	}
	l := Link{
		ContactID: tunnel.ContactID(contactID), ID: LinkID(id), Secret: LinkSecretFromBytes([32]byte(secret)),
		PhoneKey: key, Name: r.Name, Domain: Domain(r.Domain),
	}
	clear(secret)
	if err := l.validate(); err != nil {
		return Link{}, err
	}
	return l, nil
}
