package webauthn

import "slices"

// Transport is how a client may reach an authenticator, an
// AuthenticatorTransport in the specification.
type Transport string

// The transports of [WebAuthn L3 §5.8.4].
//
// [WebAuthn L3 §5.8.4]: https://www.w3.org/TR/webauthn-3/#enum-transport
const (
	TransportBLE       Transport = "ble"
	TransportHybrid    Transport = "hybrid"
	TransportInternal  Transport = "internal"
	TransportNFC       Transport = "nfc"
	TransportSmartCard Transport = "smart-card"
	TransportUSB       Transport = "usb"
)

// known reports whether t is one of the constants.
func (t Transport) known() bool {
	switch t {
	case TransportBLE, TransportHybrid, TransportInternal, TransportNFC, TransportSmartCard, TransportUSB:
		return true
	default:
		return false
	}
}

// appendTransport adds t to list unless it is unknown or there already, so the
// list is never longer than the constants are many.
func appendTransport(list []Transport, t Transport) []Transport {
	if !t.known() || slices.Contains(list, t) {
		return list
	}
	return append(list, t)
}
