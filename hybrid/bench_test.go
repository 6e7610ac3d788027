package hybrid_test

import (
	"testing"

	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/hybrid/internal/noise"
)

func BenchmarkAdvertOpen(b *testing.B) {
	mine, other := hybrid.QRSecretFromBytes([16]byte{1}).EIDKey(), hybrid.QRSecretFromBytes([16]byte{2}).EIDKey()
	advert := mine.Seal(hybrid.EID{1: 1})
	for _, row := range []struct {
		name string
		key  hybrid.EIDKey
	}{{"foreign", other}, {"own", mine}} {
		b.Run(row.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				row.key.Open(advert[:])
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "adverts/s")
		})
	}
}

func BenchmarkQRCode(b *testing.B) {
	q, err := hybrid.ParseQRCode(qrText(goodMap()))
	if err != nil {
		b.Fatal(err)
	}
	text := q.Text()
	b.Run("text", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			q.Text()
		}
	})
	b.Run("parse", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := hybrid.ParseQRCode(text); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkKeySchedule is what a client platform derives for a QR code, and then
// for an advert.
func BenchmarkKeySchedule(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		secret := hybrid.QRSecretFromBytes([16]byte{1})
		secret.EIDKey()
		secret.TunnelID()
		secret.PSK(hybrid.EID{})
	}
}

func BenchmarkRecord(b *testing.B) {
	for _, row := range []struct {
		name string
		size int
	}{{"64_B", 64}, {"1_KiB", 1 << 10}, {"64_KiB", 64 << 10}} {
		plaintext := make([]byte, row.size)
		b.Run("seal_"+row.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(row.size))
			state := direction()
			for n := 0; b.Loop(); n++ {
				if n%noise.MaxSequence == 0 {
					state = direction() // a direction has no more records
				}
				if _, err := hybrid.SealRecord(state, plaintext); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("seal_and_open_"+row.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(row.size))
			send, receive := direction(), direction()
			for n := 0; b.Loop(); n++ {
				if n%noise.MaxSequence == 0 {
					send, receive = direction(), direction()
				}
				record, err := hybrid.SealRecord(send, plaintext)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := hybrid.OpenRecord(receive, record); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
