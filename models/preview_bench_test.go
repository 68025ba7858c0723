package models_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"assent/tracker"
)

// BenchmarkPreview looks at a million due people, and says by how much the heap
// was larger for it.
func BenchmarkPreview(b *testing.B) {
	for name, fresh := range engines {
		b.Run(name, func(b *testing.B) {
			c := newCrowd(b, fresh(b), pace())
			c.fill(million, ticks)
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			for b.Loop() {
				p, err := c.Preview(context.Background(), "c", noon.Add(time.Hour), tracker.PreviewOptions{})
				if err != nil || p.Examined != million {
					b.Fatalf("examined %d, %v", p.Examined, err)
				}
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/preview")
			b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/1e6, "MB-kept")
		})
	}
}
