// Package noise is the handshake of the hybrid transport, Noise_KNpsk0_P256_AESGCM_SHA256
// and Noise_NKpsk0_P256_AESGCM_SHA256, and nothing else of Noise.
package noise
