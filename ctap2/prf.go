package ctap2

import (
	"crypto/sha256"

	"github.com/hitherauth/hither/internal/cbor"
)

// ExtensionPRF is the identifier of the pseudo-random function of a credential,
// WebAuthn L3 §10.1.4. Over the hybrid transport its inputs and outputs travel in
// maps with the names of WebAuthn, as Chromium and phones have them; CTAP's
// hmac-secret would need a PIN protocol. The outputs are among the unsigned ones.
const ExtensionPRF = "prf"

// PRFSalt is an input of the function as an authenticator gets it: hashed.
type PRFSalt [32]byte

// HashPRFInput makes a salt of what a relying party gives: SHA-256 of "WebAuthn
// PRF", a zero byte, and the input. No salt that a relying party can make is one of
// those that other programs on a machine use.
func HashPRFInput(input []byte) PRFSalt {
	return sha256.Sum256(append([]byte("WebAuthn PRF\x00"), input...))
}

// PRFSalts are one or two inputs.
type PRFSalts struct {
	First  PRFSalt
	Second *PRFSalt // nil when absent
}

// PRFInput is what a request has under [ExtensionPRF]. With neither field it asks
// at registration whether the credential can do this at all.
type PRFInput struct {
	Eval             *PRFSalts           // nil when absent
	EvalByCredential map[string]PRFSalts // by the bytes of a credential's id; nil and empty are the same
}

// Salts returns the salts for a credential: its own, or else those for any.
func (p PRFInput) Salts(credentialID []byte) (salts PRFSalts, ok bool) {
	if salts, ok = p.EvalByCredential[string(credentialID)]; ok {
		return salts, true
	}
	if p.Eval == nil {
		return PRFSalts{}, false
	}
	return *p.Eval, true
}

// ParsePRFInput reads b, a value of [Extensions]: exactly one canonical CBOR map.
// Members that it does not know are ignored. The error is a [*ParseError].
func ParsePRFInput(b []byte) (PRFInput, error) {
	r := open(b)
	var p PRFInput
	if eval, ok := r.child("eval", "eval", optional); ok {
		p.Eval = new(eval.salts())
	}
	byCredential, _ := r.child("evalByCredential", "evalByCredential", optional)
	for key, v := range byCredential.members {
		id := as[cbor.ByteString](byCredential, "", key)
		byCredential.size("", len(id), 1, maxCredentialID)
		if p.EvalByCredential == nil {
			p.EvalByCredential = make(map[string]PRFSalts, len(byCredential.members))
		}
		p.EvalByCredential[string(id)] = byCredential.within("", as[map[any]any](byCredential, "", v)).salts()
	}
	return done(r, p)
}

func (r reader) salts() (s PRFSalts) {
	first, _ := r.bytes32("first", "first", required)
	s.First = first
	if second, ok := r.bytes32("second", "second", optional); ok {
		s.Second = (*PRFSalt)(&second)
	}
	return s
}

// Append writes the value behind b in the form that [ParsePRFInput] reads. The
// error is a [*ParseError]; with it the result is nil.
func (p PRFInput) Append(b []byte) ([]byte, error) {
	w := writer{members: map[any]any{}}
	if p.Eval != nil {
		w.members["eval"] = p.Eval.members()
	}
	byCredential := make(map[any]any, len(p.EvalByCredential))
	for id, salts := range p.EvalByCredential {
		byCredential[cbor.ByteString(id)] = salts.members()
	}
	w.add("evalByCredential", byCredential, len(byCredential) > 0)
	return appendTo(b, w, ParsePRFInput)
}

func (s PRFSalts) members() map[any]any {
	members := map[any]any{"first": s.First[:]}
	if s.Second != nil {
		members["second"] = s.Second[:]
	}
	return members
}

// PRFResults are the outputs for one or two salts.
type PRFResults struct {
	First  PRFSecret
	Second *PRFSecret // nil when absent
}

// PRFOutput is what a response has under [ExtensionPRF].
type PRFOutput struct {
	Enabled *bool       // whether a new credential can do this; nil in an assertion
	Results *PRFResults // nil when absent
}

// ParsePRFOutput reads b, a value of [Extensions]: exactly one canonical CBOR map.
// Members that it does not know are ignored. The error is a [*ParseError].
func ParsePRFOutput(b []byte) (PRFOutput, error) {
	r := open(b)
	var p PRFOutput
	if enabled, ok := get[bool](r, "enabled", "enabled", optional); ok {
		p.Enabled = &enabled
	}
	if results, ok := r.child("results", "results", optional); ok {
		first, _ := results.bytes32("first", "first", required)
		p.Results = &PRFResults{First: NewPRFSecret(first)}
		if second, ok := results.bytes32("second", "second", optional); ok {
			p.Results.Second = new(NewPRFSecret(second))
		}
	}
	return done(r, p)
}

// Append writes the value behind b in the form that [ParsePRFOutput] reads. The
// error is a [*ParseError]; with it the result is nil.
func (p PRFOutput) Append(b []byte) ([]byte, error) {
	w := writer{members: map[any]any{}}
	if p.Enabled != nil {
		w.members["enabled"] = *p.Enabled
	}
	if p.Results != nil {
		results := map[any]any{"first": p.Results.First.Bytes()}
		if p.Results.Second != nil {
			results["second"] = p.Results.Second.Bytes()
		}
		w.members["results"] = results
	}
	return appendTo(b, w, ParsePRFOutput)
}
