package people_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"
)

// connections is how many people ask at once.
const connections = 64

// BenchmarkTheChoicePageBesideAFileOfItsSize serves both to 64 connections, in turns within one run, so that the machine
// is the same for both. It reports the rate of the page as a share of the file's, and how long the slowest of a hundred
// people waited.
func BenchmarkTheChoicePageBesideAFileOfItsSize(b *testing.B) {
	w := open(b, ana())
	signedIn := w.signedIn("ana")
	page := signedIn.get(choicePage + "?lang=en")
	file := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(rw, page.body) // whoever hangs up gets less
	}))
	b.Cleanup(file.Close)
	client := &http.Client{Jar: signedIn.client.Jar, Transport: &http.Transport{MaxIdleConnsPerHost: connections}}
	const each = 20 // requests of each connection in a turn
	var pageTook, fileTook time.Duration
	var waits []time.Duration
	for b.Loop() {
		took, waited := crowd(b, client, w.url+choicePage+"?lang=en", each)
		pageTook, waits = pageTook+took, append(waits, waited...)
		took, _ = crowd(b, client, file.URL, each)
		fileTook += took
	}
	slices.Sort(waits)
	b.ReportMetric(float64(len(waits))/pageTook.Seconds(), "pages/s")
	b.ReportMetric(float64(fileTook)/float64(pageTook), "of-file-rate")
	b.ReportMetric(float64(waits[len(waits)*99/100].Microseconds())/1000, "p99-ms")
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
