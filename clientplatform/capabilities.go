package clientplatform

import (
	"context"
	"math"
	"slices"
	"strings"

	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/webauthn"
)

// capabilities are what getInfo says, as far as a client acts on it.
type capabilities struct {
	discoverable     bool // rk: it stores discoverable credentials
	userVerification bool // uv: it verifies its user, and is set up to
	prf              bool
	formats          bool // it knows of a preference for attestation formats
	maxList          int  // credentials in a list
	maxID            int  // bytes of a credential id
	algorithms       []webauthn.CredentialParameter
	transports       []webauthn.Transport
}

// ask asks an authenticator what it can do.
func ask(ctx context.Context, a ctap2.Authenticator) (capabilities, error) {
	info, err := a.GetInfo(ctx)
	if err != nil {
		return capabilities{}, refused(ctx, err)
	}
	if !slices.ContainsFunc(info.Versions, func(v string) bool { return strings.HasPrefix(v, "FIDO_2_") }) {
		return capabilities{}, failf(NotAllowedError, "the authenticator does not speak CTAP2")
	}
	c := capabilities{
		discoverable:     info.Options["rk"],
		userVerification: info.Options["uv"],
		prf:              slices.Contains(info.Extensions, ctap2.ExtensionPRF),
		formats:          len(info.AttestationFormats) > 0,
		maxList:          limit(info.MaxCredentialCountInList),
		maxID:            limit(info.MaxCredentialIDLength),
		algorithms:       info.Algorithms,
	}
	for _, t := range info.Transports {
		if t == "cable" { // older Android
			t = string(webauthn.TransportHybrid)
		}
		c.transports = append(c.transports, webauthn.Transport(t))
	}
	return c, nil
}

// limit is n, or none when it is absent.
func limit(n uint64) int {
	if n == 0 || n > math.MaxInt32 {
		return math.MaxInt32
	}
	return int(n)
}

// wantsVerification is the effective user verification requirement, §5.1.3 and
// §5.1.4. With prf it is asked for where it can be had: the function for a
// verified user is the one that relying parties mean (§10.1.4).
func (c capabilities) wantsVerification(u webauthn.UserVerification, prf bool) bool {
	switch u {
	case webauthn.UserVerificationRequired:
		return true
	case webauthn.UserVerificationDiscouraged:
		return prf && c.userVerification
	default: // preferred, absent or not known
		return c.userVerification
	}
}

// options are those of a request, nil for none: the absent ones have the default
// that is wanted, and some authenticators refuse what they do not know.
func options(rk, uv bool) ctap2.Options {
	var o ctap2.Options
	for name, on := range map[string]bool{"rk": rk, "uv": uv} {
		if on && o == nil {
			o = ctap2.Options{}
		}
		if on {
			o[name] = true
		}
	}
	return o
}
