// Package noise is the handshake of the hybrid transport and the encryption that
// follows it: Noise_KNpsk0_P256_AESGCM_SHA256, when a phone has scanned the QR code
// of a client platform, and Noise_NKpsk0_P256_AESGCM_SHA256, when it has linked with
// one, and nothing else of Noise. See CTAP 2.2 §11.5 and the Noise Protocol
// Framework, revision 34.
//
// The client platform is the initiator, the phone the responder. Each sends one
// message of 81 bytes, the last step of which proves that its sender has all keys:
//
//	KNpsk0           NKpsk0
//	  -> s             <- s
//	  ...              ...
//	  -> psk, e        -> psk, e, es
//	  <- e, ee, se     <- e, ee
//
// P256 as a DH function of Noise is the hybrid transport's own: public keys are 65
// uncompressed bytes, shared secrets the 32 bytes of the X coordinate. It is written
// by hand on the standard library; decision 27 says why.
//
// The package does no I/O, reads no clock and writes no log.
package noise
