package hybrid

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hitherauth/hither/tunnel"
)

// maxPhoneLinks is how many client platforms a phone lets remember it. The one that
// has not been seen for the longest time makes room for a new one.
const maxPhoneLinks = 64

// PhoneLink is what a phone remembers of a client platform. It never learns who
// that is.
type PhoneLink struct {
	ID   LinkID
	Used time.Time // when it was made, or last woke this phone; to the second
	// secret is shared with the client platform.
	secret LinkSecret
}

// PhoneLinks are the client platforms that remember a phone, and what they know it
// by: its long-term key and its contact id, in a store. Everything in it that is
// secret is random. It is safe for concurrent use, as far as the store is.
type PhoneLinks struct{ store LinkStore }

// NewPhoneLinks keeps links in store. It must be another one than that of [Links].
func NewPhoneLinks(store LinkStore) *PhoneLinks { return &PhoneLinks{store: store} }

// All returns the links, the one that was used last first. A document that is not
// exactly as this package writes it is an error, and is not changed by anything.
func (p *PhoneLinks) All(ctx context.Context) ([]PhoneLink, error) {
	d, err := p.read(ctx)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(d.links, func(a, b PhoneLink) int { return b.Used.Compare(a.Used) })
	return d.links, nil
}

// Remove ends a link: the client platform that has it cannot use this phone without
// a QR code any more. It need not be there.
func (p *PhoneLinks) Remove(ctx context.Context, id LinkID) error {
	return p.update(ctx, func(d *phoneDocument) error {
		d.links = slices.DeleteFunc(d.links, func(l PhoneLink) bool { return l.ID == id })
		return nil
	})
}

// add makes a link, and returns it with the phone's long-term key.
func (p *PhoneLinks) add(ctx context.Context, r *road) (link PhoneLink, key *ecdh.PrivateKey, err error) {
	var id LinkID
	var secret [32]byte
	if err := errors.Join(fill(r.rand, id[:]), fill(r.rand, secret[:])); err != nil {
		return PhoneLink{}, nil, err
	}
	link = PhoneLink{ID: id, Used: r.now(), secret: LinkSecretFromBytes(secret)}
	clear(secret[:])
	err = p.update(ctx, func(d *phoneDocument) error {
		if len(d.links) == maxPhoneLinks {
			oldest := 0
			for i, l := range d.links {
				if l.Used.Before(d.links[oldest].Used) {
					oldest = i
				}
			}
			d.links = slices.Delete(d.links, oldest, oldest+1)
		}
		d.links = append(d.links, link)
		key = d.key
		return nil
	})
	if err != nil {
		return PhoneLink{}, nil, err
	}
	return link, key, nil
}

// use returns the secret of a link and the phone's long-term key, and notes the time.
func (p *PhoneLinks) use(ctx context.Context, r *road, id LinkID) (secret LinkSecret, key *ecdh.PrivateKey, err error) {
	err = p.update(ctx, func(d *phoneDocument) error {
		i := slices.IndexFunc(d.links, func(l PhoneLink) bool { return l.ID == id })
		if i < 0 {
			return ErrUnknownLink
		}
		d.links[i].Used = r.now()
		secret, key = d.links[i].secret, d.key
		return nil
	})
	return secret, key, err
}

// contactID is how the tunnel service wakes this phone. If it is not known yet, the
// tunnel service is asked.
func (p *PhoneLinks) contactID(ctx context.Context, r *road, domain Domain) (tunnel.ContactID, error) {
	d, err := p.read(ctx)
	if err != nil {
		return nil, err
	}
	if d.contact != nil && d.domain == domain {
		return d.contact, nil
	}
	contact, err := p.listen(ctx, r, domain)
	if err != nil {
		return nil, err
	}
	id := contact.ID()
	return id, contact.Close()
}

// listen registers this phone with the tunnel service. If that gives it another
// contact id than it had, nobody can reach it by the old links any more, and they
// are forgotten.
func (p *PhoneLinks) listen(ctx context.Context, r *road, domain Domain) (*tunnel.Contact, error) {
	service, err := r.service(domain)
	if err != nil {
		return nil, err
	}
	var secret tunnel.ContactSecret
	var had tunnel.ContactID
	err = p.update(ctx, func(d *phoneDocument) (err error) {
		if d.contact != nil && d.domain != domain {
			// Two services that compare notes shall not find one phone.
			d.secret, err = tunnel.NewContactSecret(rand.Reader)
			d.contact, d.links = nil, nil
		}
		secret, had = d.secret, d.contact
		return err
	})
	if err != nil {
		return nil, err
	}
	dialling, explain, stop := limited(ctx, r.limits.Dial, ErrSilent)
	defer stop()
	contact, err := r.dialer.Listen(dialling, service, secret, had)
	if errors.Is(err, tunnel.ErrGone) {
		contact, err = r.dialer.Listen(dialling, service, secret, nil)
	}
	if err != nil {
		return nil, explain(err)
	}
	if bytes.Equal(contact.ID(), had) {
		return contact, nil
	}
	err = p.update(ctx, func(d *phoneDocument) error {
		d.contact, d.domain, d.links = contact.ID(), domain, nil
		return nil
	})
	if err != nil {
		_ = contact.Close()
		return nil, err
	}
	return contact, nil
}

// phoneDocument is the document of a phone.
type phoneDocument struct {
	secret  tunnel.ContactSecret // proves that the contact id is its own
	key     *ecdh.PrivateKey     // its long-term key
	contact tunnel.ContactID     // nil: it has none yet
	domain  Domain               // of the contact id
	links   []PhoneLink
}

func (p *PhoneLinks) read(ctx context.Context) (phoneDocument, error) {
	document, err := p.store.Read(ctx)
	if err != nil || document == nil {
		return phoneDocument{}, err
	}
	return parsePhoneDocument(document)
}

// update changes the document. Where there is none, one is made of random numbers.
func (p *PhoneLinks) update(ctx context.Context, change func(*phoneDocument) error) error {
	return p.store.Update(ctx, func(document []byte) (_ []byte, err error) {
		var d phoneDocument
		if document == nil {
			d, err = newPhoneDocument()
		} else {
			d, err = parsePhoneDocument(document)
		}
		if err != nil {
			return nil, err
		}
		if err := change(&d); err != nil {
			return nil, err
		}
		return d.append()
	})
}

func newPhoneDocument() (phoneDocument, error) {
	secret, err := tunnel.NewContactSecret(rand.Reader)
	if err != nil {
		return phoneDocument{}, err
	}
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return phoneDocument{}, fmt.Errorf("hybrid: making the phone's key: %w", err)
	}
	return phoneDocument{secret: secret, key: key}, nil
}

// phoneRecord is the document as it is stored, version 1. Bytes are base64url without
// padding.
type phoneRecord struct {
	Version       int               `json:"version"`
	ContactSecret string            `json:"contact_secret"`
	Key           string            `json:"key"`                  // 32 bytes
	ContactID     string            `json:"contact_id,omitempty"` // with Domain
	Domain        uint16            `json:"domain,omitempty"`
	Links         []phoneLinkRecord `json:"links"`
}

type phoneLinkRecord struct {
	ID     string `json:"id"`
	Secret string `json:"secret"`
	Used   int64  `json:"used"` // Unix seconds
}

func (d phoneDocument) append() ([]byte, error) {
	encode := base64.RawURLEncoding.EncodeToString
	r := phoneRecord{
		Version: documentVersion, ContactSecret: encode(d.secret.Bytes()), Key: encode(d.key.Bytes()),
		ContactID: encode(d.contact), Domain: uint16(d.domain), Links: []phoneLinkRecord{},
	}
	for _, l := range d.links {
		secret := l.secret.Bytes()
		r.Links = append(r.Links, phoneLinkRecord{ID: encode(l.ID[:]), Secret: encode(secret[:]), Used: l.Used.Unix()})
		clear(secret[:])
	}
	return appendDocument(r)
}

func parsePhoneDocument(document []byte) (phoneDocument, error) {
	var r phoneRecord
	if err := parseDocument(document, &r); err != nil {
		return phoneDocument{}, err
	}
	if r.Version != documentVersion || len(r.Links) > maxPhoneLinks {
		return phoneDocument{}, fmt.Errorf("hybrid: the document of a phone's links has version %d and %d links", r.Version, len(r.Links))
	}
	var f fields
	secret := f.bytes("contact_secret", r.ContactSecret, tunnel.ContactSecretSize)
	private := f.bytes("key", r.Key, 32)
	contact := f.bytes("contact_id", r.ContactID, 0)
	if f.err != nil {
		return phoneDocument{}, fmt.Errorf("hybrid: %w", f.err)
	}
	d := phoneDocument{domain: Domain(r.Domain)}
	if len(contact) > 0 {
		d.contact = contact
	}
	var err error
	if d.secret, err = tunnel.ContactSecretFromBytes(secret); err != nil {
		return phoneDocument{}, errors.New("hybrid: contact_secret is none")
	}
	if d.key, err = ecdh.P256().NewPrivateKey(private); err != nil {
		return phoneDocument{}, errors.New("hybrid: key is no key of P-256")
	}
	for i, l := range r.Links {
		id := f.bytes("id", l.ID, len(LinkID{}))
		secret := f.bytes("secret", l.Secret, 32)
		if f.err != nil {
			return phoneDocument{}, fmt.Errorf("hybrid: link %d: %w", i+1, f.err)
		}
		d.links = append(d.links, PhoneLink{
			ID: LinkID(id), Used: time.Unix(l.Used, 0), secret: LinkSecretFromBytes([32]byte(secret)),
		})
	}
	return d, nil
}
