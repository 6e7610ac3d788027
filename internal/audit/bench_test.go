package audit_test

import "testing"

// BenchmarkSeal is what 20,000 rows cost the sealer, in one step with its commit;
// BenchmarkVerify, what they cost to verify.
func BenchmarkSeal(b *testing.B) {
	h := newHouse(b)
	h.record(1)
	h.multiply(20_000)
	for b.Loop() {
		b.StopTimer()
		h.tamper("DELETE FROM checkpoint", "UPDATE sealer SET size = 0, holder = NULL")
		h.sealer = h.newSealer()
		b.StartTimer()
		h.seal()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/20_000, "ns/row")
}

func BenchmarkVerify(b *testing.B) {
	h := newHouse(b)
	h.record(1)
	h.multiply(20_000)
	h.seal()
	for b.Loop() {
		if r := h.verify(); r.Rows != 20_000 || len(r.Problems) > 0 {
			b.Fatalf("got %+v", r)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/20_000, "ns/row")
}
