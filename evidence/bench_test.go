package evidence_test

import (
	"os"
	"path/filepath"
	"runtime/metrics"
	"testing"
	"time"

	"assent/evidence"
	"assent/ledger"
)

// million is the size of the log that is verified.
const million = 1_000_000

// onDisk lays a log of so many records out in a directory, a bundle at a time.
func onDisk(b *testing.B, records int) (*house, string) {
	b.Helper()
	h, dir := newHouse(b, 1), b.TempDir()
	write := func(path string, data []byte) {
		path = filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	var tree ledger.Tree
	for at := 0; at < records; at += 256 {
		list := choices(b, at, min(256, records-at))
		bundle, err := ledger.Bundle(list)
		if err != nil {
			b.Fatal(err)
		}
		write(ledger.Tile{Level: ledger.Entries, Index: int64(at / 256), Width: len(list)}.Path(), bundle)
		leaves := make([]ledger.Hash, len(list))
		for i, r := range list {
			leaves[i] = ledger.Leaf(r)
		}
		for _, full := range tree.AddLeaves(leaves...) {
			write(full.Path(), full.Data)
		}
	}
	for _, last := range tree.Unfinished() {
		write(last.Path(), last.Data)
	}
	h.head = tree.Head()
	write("checkpoint", []byte(h.checkpoint().Text))
	return h, dir
}

// BenchmarkVerifyLog verifies a million records, each parsed, checked, hashed and
// compared. Wanted: less than a minute, and memory that does not grow with it.
func BenchmarkVerifyLog(b *testing.B) {
	h, dir := onDisk(b, million)
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	most := uint64(0)
	for b.Loop() {
		began := time.Now()
		report, err := evidence.VerifyLog(b.Context(), os.DirFS(dir), h.known(), evidence.LogOptions{Progress: func(int64) {
			metrics.Read(sample)
			most = max(most, sample[0].Value.Uint64())
		}})
		if err != nil || report.Checkpoint.Head.Size != million {
			b.Fatal(report, err)
		}
		b.ReportMetric(million/time.Since(began).Seconds(), "records/s")
	}
	b.ReportMetric(float64(most)/(1<<20), "peak-heap-MB")
}

// BenchmarkTamperedRecord is what it costs to name one bad record in a log of
// ten thousand.
func BenchmarkTamperedRecord(b *testing.B) {
	h := newHouse(b, 1).add(choices(b, 0, 10_000)...)
	files := h.laidOut()
	files["tile/entries/020"].Data[700] ^= 1
	for b.Loop() {
		if _, err := evidence.VerifyLog(b.Context(), files, h.known(), evidence.LogOptions{}); err == nil {
			b.Fatal("unnoticed")
		}
	}
}
