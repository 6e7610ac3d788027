package hybrid_test

import (
	"bytes"
	"crypto/ecdh"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/hybrid/internal/noise"
	"github.com/hitherauth/hither/internal/cbor"
)

func checkTransport(inputs struct {
	WriteKey hexBytes `json:"write_key"`
	Seq      uint32   `json:"seq"`
	Revision int      `json:"revision"`
	Message  hexBytes `json:"message"`
}, expected struct {
	Padded     hexBytes `json:"padded"`
	Ciphertext hexBytes `json:"ciphertext"`
},
) error {
	if inputs.Seq != 0 || inputs.Revision != 1 {
		return fmt.Errorf("sequence number %d of revision %d", inputs.Seq, inputs.Revision)
	}
	key := (*[noise.KeySize]byte)(inputs.WriteKey)
	record, err := hybrid.SealRecord(noise.NewCipherState(key), inputs.Message)
	if err != nil {
		return err
	}
	padded, err := noise.NewCipherState(key).Open(nil, record)
	if err != nil {
		return err
	}
	message, err := hybrid.OpenRecord(noise.NewCipherState(key), bytes.Clone(expected.Ciphertext))
	return errors.Join(err,
		sameBytes("ciphertext", record, expected.Ciphertext),
		sameBytes("padded", padded, expected.Padded),
		sameBytes("message", message, inputs.Message))
}

func checkPostHandshake(inputs struct {
	CBOR hexBytes `json:"cbor"`
}, expected struct {
	Versions   []string `json:"versions"`
	Extensions []string `json:"extensions"`
	AAGUID     hexBytes `json:"aaguid"`
	Transports []string `json:"transports"`
	Features   []string `json:"features"`
},
) error {
	p, err := hybrid.ParsePostHandshake(inputs.CBOR)
	if err != nil {
		return err
	}
	v, err := cbor.Decode(p.Info)
	if err != nil {
		return err
	}
	info, _ := v.(map[any]any)
	aaguid, _ := info[int64(3)].([]byte)
	again, err := p.Append(nil)
	return errors.Join(err,
		same("versions", fmt.Sprint(info[int64(1)]), fmt.Sprint(expected.Versions)),
		same("extensions", fmt.Sprint(info[int64(2)]), fmt.Sprint(expected.Extensions)),
		sameBytes("aaguid", aaguid, expected.AAGUID),
		same("transports", fmt.Sprint(info[int64(9)]), fmt.Sprint(expected.Transports)),
		same("features", fmt.Sprint(p.Features), fmt.Sprint(expected.Features)),
		sameBytes("cbor", again, inputs.CBOR))
}

func checkFrame(inputs struct {
	Bytes hexBytes `json:"bytes"`
}, expected struct {
	Type    byte     `json:"type"`
	Payload hexBytes `json:"payload"`
	Error   bool     `json:"error"`
},
) error {
	kind, payload, err := hybrid.ParseFrame(inputs.Bytes)
	if err != nil || expected.Error {
		return errors.Join(same("error", err != nil, expected.Error), same("type on the wire", inputs.Bytes[0], expected.Type))
	}
	return errors.Join(
		same("type", kind, expected.Type),
		sameBytes("payload", payload, expected.Payload),
		sameBytes("bytes", hybrid.AppendFrame(nil, kind, payload), inputs.Bytes))
}

// checkHandshake goes from the QR secret to the first two records of the client
// platform and the first of the phone.
func checkHandshake(inputs struct {
	AdvertPlaintext    hexBytes `json:"advert_plaintext"`
	EIDSalt            hexBytes `json:"eid_salt"`
	InitiatorEphemeral hexBytes `json:"initiator_ephemeral"`
	Plain0             hexBytes `json:"plain0"`
	Plain1             hexBytes `json:"plain1"`
	QR                 bool     `json:"qr"`
	ResponderEphemeral hexBytes `json:"responder_ephemeral"`
	Secret             hexBytes `json:"secret"`
	StaticPrivate      hexBytes `json:"static_private"`
}, expected struct {
	Cipher0        hexBytes `json:"cipher0"`
	Cipher1        hexBytes `json:"cipher1"`
	ClientReadKey  hexBytes `json:"client_read_key"`
	ClientWriteKey hexBytes `json:"client_write_key"`
	HandshakeHash  hexBytes `json:"handshake_hash"`
	Message1       hexBytes `json:"message1"`
	Message2       hexBytes `json:"message2"`
	PSK            hexBytes `json:"psk"`
	ServiceData    hexBytes `json:"service_data"`
},
) error {
	if !inputs.QR || len(inputs.EIDSalt) > 0 {
		return errors.New("not of a QR code")
	}
	static, err1 := ecdh.P256().NewPrivateKey(inputs.StaticPrivate)
	initiator, err2 := ecdh.P256().NewPrivateKey(inputs.InitiatorEphemeral)
	responder, err3 := ecdh.P256().NewPrivateKey(inputs.ResponderEphemeral)
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	secret, eid := hybrid.QRSecretFromBytes([16]byte(inputs.Secret)), hybrid.EID(inputs.AdvertPlaintext)
	advert := secret.EIDKey().Seal(eid)
	psk := (*[noise.KeySize]byte)(secret.PSK(eid).Reveal())
	initiation, message1, err := noise.InitiateKN(static, psk, initiator)
	if err != nil {
		return err
	}
	phone, message2, err := noise.RespondKN(static.PublicKey(), psk, responder, message1[:])
	if err != nil {
		return err
	}
	client, err := initiation.Finish(message2[:])
	if err != nil {
		return err
	}
	record0, err0 := hybrid.SealRecord(client.Send, inputs.Plain0)
	record1, err1 := hybrid.SealRecord(client.Send, inputs.Plain1)
	answer, err2 := hybrid.SealRecord(phone.Send, inputs.Plain1)
	return errors.Join(err0, err1, err2,
		sameBytes("service_data", advert[:], expected.ServiceData),
		sameBytes("psk", psk[:], expected.PSK),
		sameBytes("message1", message1[:], expected.Message1),
		sameBytes("message2", message2[:], expected.Message2),
		same("one hash", client.Hash, phone.Hash),
		same("handshake_hash", hex.EncodeToString(client.Hash[:]), hex.EncodeToString(expected.HandshakeHash)),
		sameBytes("cipher0", record0, expected.Cipher0),
		sameBytes("cipher1", record1, expected.Cipher1),
		opens("client_write_key", expected.ClientWriteKey, record0, inputs.Plain0),
		opens("client_read_key", expected.ClientReadKey, answer, inputs.Plain1))
}

// opens compares a key that is not told with one that is: it must open a record.
func opens(name string, key, record, want []byte) error {
	got, err := hybrid.OpenRecord(noise.NewCipherState((*[noise.KeySize]byte)(key)), bytes.Clone(record))
	return errors.Join(err, sameBytes(name, got, want))
}
