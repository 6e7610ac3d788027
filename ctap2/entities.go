package ctap2

import "github.com/hitherauth/hither/webauthn"

// Limits on what an entity holds, in bytes.
const (
	maxRPID         = 253 // a domain, RFC 1035
	maxUserID       = 64  // WebAuthn L3 §5.4.3
	maxCredentialID = 1023
)

// relyingParty reads a PublicKeyCredentialRpEntity. It may have no name.
func (r reader) relyingParty(key int64) webauthn.RelyingPartyEntity {
	rp, _ := r.child(key, "rp", required)
	return webauthn.RelyingPartyEntity{
		ID:   rp.text("id", "id", required, 1, maxRPID),
		Name: rp.text("name", "name", optional, 0, unlimited),
	}
}

// writeRelyingParty writes the name even when it is empty, as the user's.
func writeRelyingParty(rp webauthn.RelyingPartyEntity) map[any]any {
	return map[any]any{"id": rp.ID, "name": rp.Name}
}

// user reads a PublicKeyCredentialUserEntity. It may have no names.
func (r reader) user() webauthn.UserEntity {
	return webauthn.UserEntity{
		ID:          r.bytes("id", "id", required, 1, maxUserID),
		Name:        r.text("name", "name", optional, 0, unlimited),
		DisplayName: r.text("displayName", "displayName", optional, 0, unlimited),
	}
}

// writeUser writes the names even when they are empty: an iPhone makes no passkey
// for a user without a display name, and sends empty names with an assertion.
func writeUser(u webauthn.UserEntity) map[any]any {
	return map[any]any{"id": []byte(u.ID), "name": u.Name, "displayName": u.DisplayName}
}

// parameter reads a PublicKeyCredentialParameters.
func (r reader) parameter() webauthn.CredentialParameter {
	algorithm, _ := get[int64](r, "alg", "alg", required)
	return webauthn.CredentialParameter{
		Algorithm: webauthn.Algorithm(algorithm),
		Type:      r.text("type", "type", required, 0, unlimited),
	}
}

func writeParameter(p webauthn.CredentialParameter) map[any]any {
	return map[any]any{"alg": int64(p.Algorithm), "type": p.Type}
}

// descriptor reads a PublicKeyCredentialDescriptor.
func (r reader) descriptor() webauthn.CredentialDescriptor {
	d := webauthn.CredentialDescriptor{
		ID:   r.bytes("id", "id", required, 1, maxCredentialID),
		Type: r.text("type", "type", required, 0, unlimited),
	}
	for _, t := range r.texts("transports", "transports") {
		d.Transports = append(d.Transports, webauthn.Transport(t))
	}
	return d
}

// writeDescriptor writes the transports if there are any.
func writeDescriptor(d webauthn.CredentialDescriptor) map[any]any {
	members := map[any]any{"id": []byte(d.ID), "type": d.Type}
	if len(d.Transports) > 0 {
		members["transports"] = textList(d.Transports)
	}
	return members
}
