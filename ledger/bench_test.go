package ledger_test

import (
	"fmt"
	"testing"

	"assent/ledger"
)

// long is a log of a million records, without the oracle.
func long(b *testing.B) *book {
	b.Helper()
	log := newBook()
	for log.head.Size < 1_000_000 {
		update, err := ledger.Append(b.Context(), log, log.head, numbered(int(log.head.Size), 4000))
		if err != nil {
			b.Fatal(err)
		}
		log.keep(update.Tiles)
		log.head = update.Head
	}
	return log
}

func BenchmarkAppend(b *testing.B) {
	log := long(b)
	for _, n := range []int{1, 16, 64, 256, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			records := numbered(1_000_000, n)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ledger.Append(b.Context(), log, log.head, records); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/record")
		})
	}
}

func BenchmarkProve(b *testing.B) {
	log := long(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ledger.Prove(b.Context(), log, log.head, 123_456); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCanonical(b *testing.B) {
	r := golden()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Canonical(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSign(b *testing.B) {
	s := signer(b)
	for b.Loop() {
		if _, err := ledger.SignCheckpoint(ledger.Empty(), s); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	_, _, _, receipt := goldenLog(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ledger.Verify(receipt, vkey); err != nil {
			b.Fatal(err)
		}
	}
}
