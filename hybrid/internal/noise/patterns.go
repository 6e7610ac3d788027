package noise

import (
	"crypto/ecdh"
	"errors"
)

// Initiation is the initiator's end between its message and the responder's.
type Initiation struct {
	state  *handshake       // nil when it is over
	static *ecdh.PrivateKey // of KNpsk0; nil: NKpsk0
}

// InitiateKN begins KNpsk0 as a client platform. static is the key whose public
// half is in the QR code. ephemeral is for recorded transcripts alone: it must be
// nil, which makes a new one, or be used once.
func InitiateKN(static *ecdh.PrivateKey, psk *[KeySize]byte, ephemeral *ecdh.PrivateKey) (*Initiation, Message, error) {
	// -> s
	// ...
	// -> psk
	s, err := begin(patternKN(), static.PublicKey(), psk, ephemeral)
	if err != nil {
		return nil, Message{}, err
	}
	var m Message
	// -> e
	s.writeE(&m)
	// -> payload
	s.writePayload(&m)
	return &Initiation{state: s, static: static}, m, nil
}

// InitiateNK begins NKpsk0 as a client platform. remote is the key of the phone, as
// it was when they linked. ephemeral is as for [InitiateKN].
func InitiateNK(remote *ecdh.PublicKey, psk *[KeySize]byte, ephemeral *ecdh.PrivateKey) (*Initiation, Message, error) {
	// <- s
	// ...
	// -> psk
	s, err := begin(patternNK(), remote, psk, ephemeral)
	if err != nil {
		return nil, Message{}, err
	}
	var m Message
	// -> e
	s.writeE(&m)
	// -> es
	if err := s.mixDH("es", s.e, remote); err != nil {
		s.wipe()
		return nil, Message{}, err
	}
	// -> payload
	s.writePayload(&m)
	return &Initiation{state: s}, m, nil
}

// Finish reads the responder's message. It can be called once: after an error the
// handshake is over.
func (i *Initiation) Finish(message []byte) (*Session, error) {
	s := i.state
	if s == nil {
		return nil, errors.New("noise: the handshake is over")
	}
	i.state = nil
	defer s.wipe()
	// <- e
	if err := s.readE(message); err != nil {
		return nil, err
	}
	// <- ee
	if err := s.mixDH("ee", s.e, s.re); err != nil {
		return nil, err
	}
	if i.static != nil {
		// <- se, of KNpsk0
		if err := s.mixDH("se", i.static, s.re); err != nil {
			return nil, err
		}
	}
	// <- payload
	if err := s.readPayload(message); err != nil {
		return nil, err
	}
	send, receive, hash := s.split()
	return &Session{Send: send, Receive: receive, Hash: hash}, nil
}

// RespondKN reads the initiator's message and answers it, as a phone that has
// scanned a QR code. remote is the key in the code. ephemeral is as for
// [InitiateKN].
func RespondKN(remote *ecdh.PublicKey, psk *[KeySize]byte, ephemeral *ecdh.PrivateKey, message []byte) (*Session, Message, error) {
	// -> s
	// ...
	// -> psk
	s, err := begin(patternKN(), remote, psk, ephemeral)
	if err != nil {
		return nil, Message{}, err
	}
	defer s.wipe()
	// -> e
	if err := s.readE(message); err != nil {
		return nil, Message{}, err
	}
	// -> payload
	if err := s.readPayload(message); err != nil {
		return nil, Message{}, err
	}
	var m Message
	// <- e
	s.writeE(&m)
	// <- ee
	if err := s.mixDH("ee", s.e, s.re); err != nil {
		return nil, Message{}, err
	}
	// <- se
	if err := s.mixDH("se", s.e, remote); err != nil {
		return nil, Message{}, err
	}
	// <- payload
	s.writePayload(&m)
	receive, send, hash := s.split()
	return &Session{Send: send, Receive: receive, Hash: hash}, m, nil
}

// RespondNK reads the initiator's message and answers it, as a phone that has
// linked. static is the phone's key of that time. ephemeral is as for [InitiateKN].
func RespondNK(static *ecdh.PrivateKey, psk *[KeySize]byte, ephemeral *ecdh.PrivateKey, message []byte) (*Session, Message, error) {
	// <- s
	// ...
	// -> psk
	s, err := begin(patternNK(), static.PublicKey(), psk, ephemeral)
	if err != nil {
		return nil, Message{}, err
	}
	defer s.wipe()
	// -> e
	if err := s.readE(message); err != nil {
		return nil, Message{}, err
	}
	// -> es
	if err := s.mixDH("es", static, s.re); err != nil {
		return nil, Message{}, err
	}
	// -> payload
	if err := s.readPayload(message); err != nil {
		return nil, Message{}, err
	}
	var m Message
	// <- e
	s.writeE(&m)
	// <- ee
	if err := s.mixDH("ee", s.e, s.re); err != nil {
		return nil, Message{}, err
	}
	// <- payload
	s.writePayload(&m)
	receive, send, hash := s.split()
	return &Session{Send: send, Receive: receive, Hash: hash}, m, nil
}
