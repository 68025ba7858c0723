package people_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"assent/internal/testenv"
)

// connections is how many people ask at once.
const connections = 64

// BenchmarkTheChoicePageBesideAFileOfItsSize serves both to 64 connections, in turns within one run, so that the machine
// is the same for both. It reports the rate of the page as a share of the file's, and how long the slowest of a hundred
// people waited.
func BenchmarkTheChoicePageBesideAFileOfItsSize(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { besideAFile(open(b, ana()), b) })
	b.Run("postgres", func(b *testing.B) { besideAFile(openOn(b, testenv.Postgres(b), ana()), b) })
}

func besideAFile(w *world, b *testing.B) {
	signedIn := w.signedIn("ana")
	page := signedIn.get(choicePage + "?lang=en")
	root := b.TempDir()
	w.try(os.WriteFile(filepath.Join(root, "page.html"), []byte(page.body), 0o600))
	file := httptest.NewServer(http.FileServer(http.Dir(root)))
	b.Cleanup(file.Close)
	client := &http.Client{Jar: signedIn.client.Jar, Transport: &http.Transport{MaxIdleConnsPerHost: connections}}
	const each = 20 // requests of each connection in a turn
	var pages, files turns
	for b.Loop() {
		pages.crowd(b, client, w.url+choicePage+"?lang=en", each)
		files.crowd(b, client, file.URL+"/page.html", each)
	}
	slices.Sort(pages.waits)
	b.ReportMetric(pages.rate(), "pages/s")
	b.ReportMetric(pages.rate()/files.rate(), "of-file-rate")
	b.ReportMetric(float64(pages.waits[len(pages.waits)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(pages.share(), "cpu-µs/page")
	b.ReportMetric(files.share(), "cpu-µs/file")
}

// turns is what it took to serve one of the two so far, to how many.
type turns struct {
	took, cpu time.Duration
	waits     []time.Duration
}

func (t *turns) rate() float64 { return float64(len(t.waits)) / t.took.Seconds() }

// share is the processor time of one answer, that of who asked for it included: what is left when others have the
// machine too.
func (t *turns) share() float64 { return float64(t.cpu.Microseconds()) / float64(len(t.waits)) }

// crowd is one more turn.
func (t *turns) crowd(b *testing.B, client *http.Client, address string, each int) {
	before := cpu(b)
	took, waits := crowd(b, client, address, each)
	t.took, t.cpu, t.waits = t.took+took, t.cpu+cpu(b)-before, append(t.waits, waits...)
}

// cpu is the processor time this process has had.
func cpu(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// crowd has every connection ask so many times, and answers how long all of it took, and each request.
func crowd(b *testing.B, client *http.Client, address string, each int) (time.Duration, []time.Duration) {
	waits := make([]time.Duration, connections*each)
	began := time.Now()
	var all sync.WaitGroup
	for i := range connections {
		all.Go(func() {
			for j := range each {
				start := time.Now()
				request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, address, nil)
				if err != nil {
					b.Error(err)
					return
				}
				request.Header.Set("Accept", "text/html")
				answer, err := client.Do(request)
				if err != nil {
					b.Error(err)
					return
				}
				if _, err := io.Copy(io.Discard, answer.Body); err != nil || answer.StatusCode != http.StatusOK {
					b.Errorf("%s answered %d (%v)", address, answer.StatusCode, err)
				}
				_ = answer.Body.Close() // it was read to its end
				waits[i*each+j] = time.Since(start)
			}
		})
	}
	all.Wait()
	return time.Since(began), waits
}
