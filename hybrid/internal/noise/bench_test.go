package noise_test

import (
	"testing"

	"github.com/hitherauth/hither/hybrid/internal/noise"
)

// BenchmarkHandshake is both ends of one, with new ephemeral keys.
func BenchmarkHandshake(b *testing.B) {
	for _, pattern := range patterns() {
		k := newKeys(pattern)
		k.initiator, k.responder = nil, nil
		b.Run(pattern, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				shakeHands(b, k, implementations()[0], implementations()[0])
			}
		})
	}
}

// BenchmarkRespondRefused is what a stranger's message costs the responder.
func BenchmarkRespondRefused(b *testing.B) {
	for _, pattern := range patterns() {
		k := newKeys(pattern)
		other := k
		other.psk = [noise.KeySize]byte{}
		message, _, err := initiateOurs(other)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(pattern, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := respondOurs(k, message); err == nil {
					b.Fatal("accepted")
				}
			}
		})
	}
}
