// Package hybrid is the hybrid transport of CTAP 2.2: it turns a QR code, a radio
// and a tunnel service into a remote authenticator, and the reverse.
package hybrid
