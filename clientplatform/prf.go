package clientplatform

import (
	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/webauthn"
)

// creationPRF turns the input of the extension prf at registration into the
// authenticator's, §10.1.4.
func creationPRF(in *webauthn.PRFInputs) (ctap2.PRFInput, error) {
	if in == nil {
		return ctap2.PRFInput{}, nil
	}
	if in.EvalByCredential != nil {
		return ctap2.PRFInput{}, failf(NotSupportedError, "prf.evalByCredential is for authentication")
	}
	return ctap2.PRFInput{Eval: salts(in.Eval)}, nil
}

// requestPRF does so at authentication. allowed is the allow list as it came.
func requestPRF(in *webauthn.PRFInputs, allowed []webauthn.CredentialDescriptor) (ctap2.PRFInput, error) {
	if in == nil {
		return ctap2.PRFInput{}, nil
	}
	if len(in.EvalByCredential) > 0 && len(allowed) == 0 {
		return ctap2.PRFInput{}, failf(NotSupportedError, "prf.evalByCredential without allowCredentials")
	}
	out := ctap2.PRFInput{Eval: salts(in.Eval)}
	for text, values := range in.EvalByCredential {
		id, err := webauthn.ParseBase64URL(text)
		if err != nil || len(id) == 0 || !contains(allowed, id) {
			return ctap2.PRFInput{}, failf(SyntaxError, "prf.evalByCredential has an input for no credential of allowCredentials")
		}
		if out.EvalByCredential == nil {
			out.EvalByCredential = map[string]ctap2.PRFSalts{}
		}
		out.EvalByCredential[string(id)] = *salts(&values)
	}
	return out, nil
}

func salts(v *webauthn.PRFValues) *ctap2.PRFSalts {
	if v == nil {
		return nil
	}
	out := ctap2.PRFSalts{First: ctap2.HashPRFInput(v.First)}
	if v.Second != nil {
		out.Second = new(ctap2.HashPRFInput(v.Second))
	}
	return &out
}

// only keeps the inputs for credentials of the list.
func only(in ctap2.PRFInput, list []webauthn.CredentialDescriptor) ctap2.PRFInput {
	out := ctap2.PRFInput{Eval: in.Eval}
	for _, d := range list {
		if salts, ok := in.EvalByCredential[string(d.ID)]; ok {
			if out.EvalByCredential == nil {
				out.EvalByCredential = map[string]ctap2.PRFSalts{}
			}
			out.EvalByCredential[string(d.ID)] = salts
		}
	}
	return out
}

// extensions is the one extension that goes to an authenticator.
func extensions(in ctap2.PRFInput) (ctap2.Extensions, error) {
	b, err := in.Append(nil)
	if err != nil {
		return nil, &Error{Name: NotSupportedError, Err: err}
	}
	return ctap2.Extensions{ctap2.ExtensionPRF: b}, nil
}

// prfOutput reads what came back for a credential: nothing, or as many results as
// there were inputs.
func prfOutput(out ctap2.Extensions, in ctap2.PRFInput, id []byte) (ctap2.PRFOutput, error) {
	b, ok := out[ctap2.ExtensionPRF]
	if !ok {
		return ctap2.PRFOutput{}, nil
	}
	answer, err := ctap2.ParsePRFOutput(b)
	if err != nil {
		return ctap2.PRFOutput{}, failf(UnknownError, "the authenticator's output of prf: %w", err)
	}
	if answer.Results == nil {
		return answer, nil
	}
	if asked, ok := in.Salts(id); !ok || (asked.Second == nil) != (answer.Results.Second == nil) {
		return ctap2.PRFOutput{}, failf(UnknownError, "the authenticator's output of prf is not for these inputs")
	}
	return answer, nil
}
