package authenticator

import (
	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/internal/cbor"
)

// extensionCredProtect is the identifier of credProtect, CTAP 2.2 §12.1.
const extensionCredProtect = "credProtect"

// readProtection reads the input of credProtect. What is not asked for is
// ProtectionNone.
func readProtection(inputs ctap2.Extensions) (p Protection, asked bool, err error) {
	input, asked := inputs[extensionCredProtect]
	if !asked {
		return ProtectionNone, false, nil
	}
	v, err := cbor.Decode(input)
	if err != nil {
		return 0, true, ctap2.StatusInvalidCBOR
	}
	n, ok := v.(int64)
	if !ok {
		return 0, true, ctap2.StatusCBORUnexpectedType
	}
	if n < int64(ProtectionNone) || n > int64(ProtectionRequired) {
		return 0, true, ctap2.StatusInvalidOption
	}
	return Protection(n), true, nil
}

// readPRF reads the input of prf; nil when there is none.
func readPRF(inputs ctap2.Extensions) (*ctap2.PRFInput, error) {
	input, asked := inputs[ctap2.ExtensionPRF]
	if !asked {
		return nil, nil //nolint:nilnil // no input is no error
	}
	p, err := ctap2.ParsePRFInput(input)
	if err != nil {
		return nil, malformed(err)
	}
	return &p, nil
}

// evaluatePRF computes the unsigned output of prf for a credential. Made: it is a
// new one. Without an input, and without salts for an assertion, there is no
// output.
func evaluatePRF(p *ctap2.PRFInput, c Credential, verified, made bool) (ctap2.Extensions, error) {
	if p == nil {
		return nil, nil //nolint:nilnil // no input, no output
	}
	var output ctap2.PRFOutput
	if made {
		output.Enabled = new(true)
	}
	if salts, ok := p.Salts(c.ID); ok {
		secret := c.PRF.of(verified)
		output.Results = &ctap2.PRFResults{First: ctap2.NewPRFSecret(secret.evaluate(salts.First))}
		if salts.Second != nil {
			output.Results.Second = new(ctap2.NewPRFSecret(secret.evaluate(*salts.Second)))
		}
	} else if !made {
		return nil, nil //nolint:nilnil // nothing was asked of this credential
	}
	encoded, err := output.Append(nil)
	if err != nil {
		return nil, err
	}
	return ctap2.Extensions{ctap2.ExtensionPRF: encoded}, nil
}
