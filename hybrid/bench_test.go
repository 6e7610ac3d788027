package hybrid_test

import (
	"testing"

	"github.com/hitherauth/hither/hybrid"
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
