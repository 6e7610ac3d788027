package control

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"github.com/hitherauth/hither/authenticator"
	"github.com/hitherauth/hither/testbed"
)

const (
	maxPhones = 64 // at once
	maxFaults = 32 // of a phone
)

// phone is a phone that was asked for here.
type phone struct {
	*testbed.Phone

	mu     sync.Mutex
	scans  []*testbed.Scan         // the newest last
	search context.CancelCauseFunc // ends the search for a QR code that goes on; nil: none does
}

func (s *Server) newPhone(_ *call, in newPhoneRequest) (phoneAnswer, error) {
	backups := map[string]authenticator.Backup{
		"": authenticator.BackedUp, "backed_up": authenticator.BackedUp, "backup_eligible": authenticator.BackupEligible, "device_bound": authenticator.DeviceBound,
	}
	backup, ok := backups[in.Backup]
	switch {
	case !ok:
		return phoneAnswer{}, refuse(codeValueInvalid, "backup is device_bound, backup_eligible or backed_up")
	case len(in.Name) > 64 || strings.ContainsFunc(in.Name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return phoneAnswer{}, refuse(codeValueInvalid, "name has at most 64 bytes, all of which can be printed")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.phones) >= maxPhones {
		return phoneAnswer{}, refuse(codeTooMany, "there are "+strconv.Itoa(maxPhones)+" phones: remove one first")
	}
	if err := s.running.Err(); err != nil {
		return phoneAnswer{}, err
	}
	made, err := s.bed.NewPhone(testbed.PhoneConfig{Name: in.Name, Backup: backup, Counting: in.Counting})
	if err != nil {
		return phoneAnswer{}, err
	}
	p := &phone{Phone: made}
	s.phones = append(s.phones, p)
	return p.json(), nil
}

// phone is the one that a request is about.
func (s *Server) phone(c *call) (*phone, error) {
	id := c.path("phone")
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.phones {
		if p.ID() == id {
			return p, nil
		}
	}
	return nil, refuse(codeNotFound, "there is no such phone")
}

func (s *Server) phoneAnswers() []phoneAnswer {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]phoneAnswer, len(s.phones))
	for i, p := range s.phones {
		out[i] = p.json()
	}
	return out
}

func (s *Server) readPhones(*call, empty) (phonesAnswer, error) {
	return phonesAnswer{Phones: s.phoneAnswers()}, nil
}

func (s *Server) readPhone(c *call, _ empty) (phoneAnswer, error) {
	p, err := s.phone(c)
	if err != nil {
		return phoneAnswer{}, err
	}
	return p.json(), nil
}

func (s *Server) removePhone(c *call, _ empty) (empty, error) {
	p, err := s.phone(c)
	if err != nil {
		return empty{}, err
	}
	s.mu.Lock()
	s.phones = slices.DeleteFunc(s.phones, func(q *phone) bool { return p == q })
	s.mu.Unlock()
	return empty{}, p.Close()
}

// forgetPhones ends all phones.
func (s *Server) forgetPhones() {
	s.mu.Lock()
	phones := s.phones
	s.phones = nil
	s.mu.Unlock()
	for _, p := range phones {
		_ = p.Close() // returns nil
	}
}

// changePhone changes all or nothing.
func (s *Server) changePhone(c *call, in changePhoneRequest) (phoneAnswer, error) {
	p, err := s.phone(c)
	if err != nil {
		return phoneAnswer{}, err
	}
	manner := p.Manner()
	if in.Answer != nil {
		if err := manner.UnmarshalText([]byte(*in.Answer)); err != nil {
			return phoneAnswer{}, refuse(codeValueInvalid, "answer is agree, decline or ask")
		}
	}
	if in.Faults != nil {
		if len(*in.Faults) > maxFaults {
			return phoneAnswer{}, refuse(codeValueInvalid, "there are at most "+strconv.Itoa(maxFaults)+" faults")
		}
		faults := make([]testbed.Fault, len(*in.Faults))
		for i, text := range *in.Faults {
			if faults[i], err = testbed.ParseFault(string(text)); err != nil {
				return phoneAnswer{}, refuse(codeValueInvalid, err.Error())
			}
		}
		if err := p.SetFaults(faults...); err != nil {
			return phoneAnswer{}, refuse(codeValueInvalid, err.Error())
		}
	}
	if err := p.SetManner(manner); err != nil {
		return phoneAnswer{}, err
	}
	return p.json(), nil
}

func (s *Server) forgetPasskey(c *call, _ empty) (empty, error) {
	p, err := s.phone(c)
	if err != nil {
		return empty{}, err
	}
	id, err := base64.RawURLEncoding.Strict().DecodeString(c.path("id"))
	if err != nil || errors.Is(p.Forget(id), authenticator.ErrNoCredential) {
		return empty{}, refuse(codeNotFound, "there is no such passkey on the phone")
	}
	return empty{}, nil
}

func (p *phone) json() phoneAnswer {
	out := phoneAnswer{ID: p.ID(), Name: p.Name(), Answer: string(p.Manner()), Faults: []fault{}, Passkeys: []passkeyAnswer{}}
	for _, f := range p.Faults() {
		out.Faults = append(out.Faults, fault(f))
	}
	for _, k := range p.Passkeys() {
		out.Passkeys = append(out.Passkeys, passkeyAnswer{
			ID: base64.RawURLEncoding.EncodeToString(k.ID), RPID: k.RPID, UserName: k.UserName, UserDisplayName: k.DisplayName, CreatedAt: k.Created.UTC(),
		})
	}
	return out
}
