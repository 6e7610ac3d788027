package tunnel

import "crypto/x509"

// ID names a tunnel. Both ends derive it from the QR secret; with a linked phone
// the tunnel service chooses it.
type ID [16]byte

// RoutingID is how a tunnel service finds the tunnel again. It is chosen by the
// service; in ours the first byte names the node.
type RoutingID [3]byte

// ContactID is how a tunnel service reaches a phone that has linked with a client
// platform: opaque bytes, chosen by the service.
type ContactID []byte

// Service is a tunnel service.
type Service struct {
	// URL is where it is, without a path: "wss://cable.example:8443".
	// "ws://" is for a loopback address alone.
	URL string
	// RootCAs are whom to trust for it; nil means the system's.
	RootCAs *x509.CertPool
}
