package noise_test

import (
	"crypto/ecdh"
	"errors"
	"io"
	"math/big"

	flynn "github.com/flynn/noise"

	"github.com/hitherauth/hither/hybrid/internal/noise"
)

// keys are what the two ends of a handshake bring.
type keys struct {
	pattern              string           // "KNpsk0" or "NKpsk0"
	static               *ecdh.PrivateKey // the initiator's in KNpsk0, the responder's in NKpsk0
	psk                  [noise.KeySize]byte
	initiator, responder *ecdh.PrivateKey // ephemeral
}

func newKeys(pattern string) keys {
	return keys{pattern: pattern, static: newKey(), psk: [noise.KeySize]byte(newKey().Bytes()), initiator: newKey(), responder: newKey()}
}

// session is what either end has after a handshake.
type session struct {
	seal, open func([]byte) ([]byte, error)
	hash       []byte
}

// implementation is one of three that must agree.
type implementation struct {
	name     string
	initiate func(keys) (message []byte, finish func(message []byte) (session, error), err error)
	respond  func(k keys, message []byte) (answer []byte, s session, err error)
}

func implementations() []implementation {
	return []implementation{
		{"ours", initiateOurs, respondOurs},
		{"naive", initiateNaive, respondNaive},
		{"flynn", initiateFlynn, respondFlynn},
	}
}

func ours(s *noise.Session) session {
	return session{
		seal: func(b []byte) ([]byte, error) { return s.Send.Seal(nil, b) },
		open: func(b []byte) ([]byte, error) { return s.Receive.Open(nil, b) },
		hash: s.Hash[:],
	}
}

func initiateOurs(k keys) ([]byte, func([]byte) (session, error), error) {
	var i *noise.Initiation
	var m noise.Message
	var err error
	if k.pattern == "KNpsk0" {
		i, m, err = noise.InitiateKN(k.static, &k.psk, k.initiator)
	} else {
		i, m, err = noise.InitiateNK(k.static.PublicKey(), &k.psk, k.initiator)
	}
	return m[:], func(answer []byte) (session, error) {
		s, err := i.Finish(answer)
		if err != nil {
			return session{}, err
		}
		return ours(s), nil
	}, err
}

func respondOurs(k keys, message []byte) ([]byte, session, error) {
	var s *noise.Session
	var m noise.Message
	var err error
	if k.pattern == "KNpsk0" {
		s, m, err = noise.RespondKN(k.static.PublicKey(), &k.psk, k.responder, message)
	} else {
		s, m, err = noise.RespondNK(k.static, &k.psk, k.responder, message)
	}
	if err != nil {
		return nil, session{}, err
	}
	return m[:], ours(s), nil
}

func newNaive(k keys, initiator bool) *naive {
	x := &naive{pattern: naivePatterns()[k.pattern], initiator: initiator, psk: k.psk[:]}
	if (k.pattern == "KNpsk0") == initiator {
		x.s = new(big.Int).SetBytes(k.static.Bytes())
	} else {
		x.rs = k.static.PublicKey().Bytes()
	}
	x.start()
	return x
}

func (x *naive) session() session {
	send, receive := x.split()
	return session{send.seal, receive.open, x.h}
}

func initiateNaive(k keys) ([]byte, func([]byte) (session, error), error) {
	x := newNaive(k, true)
	return x.write(0, k.initiator), func(answer []byte) (session, error) {
		if err := x.read(1, answer); err != nil {
			return session{}, err
		}
		return x.session(), nil
	}, nil
}

func respondNaive(k keys, message []byte) ([]byte, session, error) {
	x := newNaive(k, false)
	if err := x.read(0, message); err != nil {
		return nil, session{}, err
	}
	answer := x.write(1, k.responder)
	return answer, x.session(), nil
}

// p256 teaches flynn/noise the hybrid transport's curve. It generates one key only.
type p256 struct{ ephemeral *ecdh.PrivateKey }

func (p p256) GenerateKeypair(io.Reader) (flynn.DHKey, error) { return flynnKey(p.ephemeral), nil }

func (p256) DH(private, public []byte) ([]byte, error) {
	key, err := ecdh.P256().NewPrivateKey(private)
	if err != nil {
		return nil, err
	}
	point, err := ecdh.P256().NewPublicKey(public)
	if err != nil {
		return nil, err
	}
	return key.ECDH(point)
}

func (p256) DHLen() int     { return 65 } // it only cuts public keys by it
func (p256) DHName() string { return "P256" }

func flynnKey(key *ecdh.PrivateKey) flynn.DHKey {
	return flynn.DHKey{Private: key.Bytes(), Public: key.PublicKey().Bytes()}
}

func newFlynn(k keys, initiator bool) (*flynn.HandshakeState, error) {
	ephemeral := k.responder
	if initiator {
		ephemeral = k.initiator
	}
	config := flynn.Config{
		CipherSuite:  flynn.NewCipherSuite(p256{ephemeral}, flynn.CipherAESGCM, flynn.HashSHA256),
		Initiator:    initiator,
		PresharedKey: k.psk[:],
		Pattern:      flynn.HandshakeNK,
		Prologue:     []byte{0},
	}
	if k.pattern == "KNpsk0" {
		config.Pattern, config.Prologue = flynn.HandshakeKN, []byte{1}
	}
	if (k.pattern == "KNpsk0") == initiator {
		config.StaticKeypair = flynnKey(k.static)
	} else {
		config.PeerStatic = k.static.PublicKey().Bytes()
	}
	return flynn.NewHandshakeState(config)
}

func flynnSession(state *flynn.HandshakeState, send, receive *flynn.CipherState) session {
	return session{
		seal: func(b []byte) ([]byte, error) { return send.Encrypt(nil, nil, b) },
		open: func(b []byte) ([]byte, error) { return receive.Decrypt(nil, nil, b) },
		hash: state.ChannelBinding(),
	}
}

var errPayload = errors.New("a payload")

func initiateFlynn(k keys) ([]byte, func([]byte) (session, error), error) {
	state, err := newFlynn(k, true)
	if err != nil {
		return nil, nil, err
	}
	message, _, _, err := state.WriteMessage(nil, nil)
	return message, func(answer []byte) (session, error) {
		payload, send, receive, err := state.ReadMessage(nil, answer)
		if err != nil {
			return session{}, err
		}
		if len(payload) > 0 {
			return session{}, errPayload
		}
		return flynnSession(state, send, receive), nil
	}, err
}

func respondFlynn(k keys, message []byte) ([]byte, session, error) {
	state, err := newFlynn(k, false)
	if err != nil {
		return nil, session{}, err
	}
	payload, _, _, err := state.ReadMessage(nil, message)
	if err != nil {
		return nil, session{}, err
	}
	if len(payload) > 0 {
		return nil, session{}, errPayload
	}
	answer, receive, send, err := state.WriteMessage(nil, nil)
	if err != nil {
		return nil, session{}, err
	}
	return answer, flynnSession(state, send, receive), nil
}
