package testbed

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hitherauth/hither/ctap2"
)

// Fault is one thing that goes wrong with a phone. It is a text, so it can be
// compared, and written into a test as it is: SetFaults(testbed.NoAdvert) and
// SetFaults("no_advert") are the same. [AnswersStatus] and [SlowUser] make those
// that have a parameter.
type Fault string

// On the air. The phone waits for a browser that does not come.
const (
	// NoAdvert: the phone is out of reach.
	NoAdvert Fault = "no_advert"
	// WrongKey: it advertises 20 random bytes, as a phone does that has read
	// another QR code.
	WrongKey Fault = "wrong_key"
	// AdvertSuffix: a byte follows the 20 of the advert, as CTAP 2.3 allows.
	AdvertSuffix Fault = "advert_suffix"
)

// At the tunnel service. The browser has heard the advert and is turned away; the
// phone waits.
const (
	Tunnel404 Fault = "tunnel_404"
	Tunnel410 Fault = "tunnel_410"
	Tunnel503 Fault = "tunnel_503"
)

// On the way. The phone hangs up and is not heard of again.
const (
	// DropConnection: when the browser has come to the tunnel, and has no answer to
	// its handshake.
	DropConnection Fault = "drop_connection"
	// DropHandshake: right after the answer to the handshake.
	DropHandshake Fault = "drop_handshake"
	// DropRequest: when it has the browser's request.
	DropRequest Fault = "drop_request"
)

// With the person.
const (
	// Declines: the person says no, whatever [Manner] the phone has.
	Declines Fault = "declines"
	// WrongPIN: the phone answers CTAP2_ERR_PIN_INVALID, and asks nobody.
	WrongPIN Fault = "wrong_pin"
)

// In what is signed. The answer is good but for this and signed with the
// credential's own key, so that only a relying party that looks will notice.
const (
	// UVCleared: it says that the person was not verified.
	UVCleared Fault = "uv_cleared"
	// BEFlipped: a credential that may be backed up says that it may not, and the
	// reverse. What is not eligible does not say that it is backed up either.
	BEFlipped Fault = "be_flipped"
	// CounterBack: the signature counter is what it was when the credential was made.
	// The phone must be one that counts.
	CounterBack Fault = "counter_back"
)

const (
	statusPrefix = "ctap_0x"
	slowPrefix   = "slow_user_"
	tunnelPrefix = "tunnel_"
)

// AnswersStatus is the fault that the phone answers a request to create or to sign
// in with a status code other than [ctap2.StatusOK], and asks nobody. Its text is
// such as "ctap_0x27".
func AnswersStatus(s ctap2.StatusCode) Fault {
	return Fault(fmt.Sprintf("%s%02x", statusPrefix, byte(s)))
}

// longestDelay is how slow a person can be: no transaction lasts that long.
const longestDelay = time.Hour

// SlowUser is the fault that the person takes their time, longer than 0 and an hour
// at most, before they do what they do. Its text is such as "slow_user_3s".
func SlowUser(d time.Duration) Fault { return Fault(slowPrefix + d.String()) }

// Faults are all faults, in the order in which they strike, with an example of each
// kind that has a parameter.
func Faults() []Fault {
	return []Fault{
		NoAdvert, WrongKey, AdvertSuffix,
		Tunnel404, Tunnel410, Tunnel503,
		DropConnection, DropHandshake, DropRequest,
		AnswersStatus(ctap2.StatusOperationDenied), WrongPIN, SlowUser(3 * time.Second), Declines,
		UVCleared, BEFlipped, CounterBack,
	}
}

// ParseFault reads the text of a fault. The duration of "slow_user_" may be written
// in any way that [time.ParseDuration] reads; the result has it in one.
func ParseFault(text string) (Fault, error) {
	f := Fault(text)
	if d, ok := f.delay(); ok {
		return SlowUser(d), nil
	}
	if _, ok := f.status(); ok || slices.Contains(Faults(), f) {
		return f, nil
	}
	if len(text) > 64 {
		text = text[:64] + "…"
	}
	return "", fmt.Errorf("testbed: %q is no fault", text)
}

// status is what a phone with this fault answers.
func (f Fault) status() (ctap2.StatusCode, bool) {
	if f == WrongPIN {
		return ctap2.StatusPINInvalid, true
	}
	var s byte
	if _, err := fmt.Sscanf(string(f), statusPrefix+"%02x", &s); err != nil || AnswersStatus(ctap2.StatusCode(s)) != f {
		return 0, false
	}
	return ctap2.StatusCode(s), s != byte(ctap2.StatusOK)
}

// delay is how long the person of a phone with this fault waits.
func (f Fault) delay() (time.Duration, bool) {
	text, ok := strings.CutPrefix(string(f), slowPrefix)
	if !ok {
		return 0, false
	}
	d, err := time.ParseDuration(text)
	return d, err == nil && d > 0 && d <= longestDelay
}

// String returns the text.
func (f Fault) String() string { return string(f) }

// MarshalText returns the text, if it is that of a fault.
func (f Fault) MarshalText() ([]byte, error) {
	f, err := ParseFault(string(f))
	return []byte(f), err
}

// UnmarshalText is [ParseFault].
func (f *Fault) UnmarshalText(text []byte) (err error) {
	*f, err = ParseFault(string(text))
	return err
}
