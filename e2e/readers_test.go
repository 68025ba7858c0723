package e2e_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// waitingReader is a client that waits for a notice that its answers changed.
type waitingReader struct {
	person, tag string
	told        atomic.Int64 // when first, in Unix nanoseconds
}

// TestASweepTellsThoseWhoListenAndHoldsNoAcceptanceUp moves a whole company on
// while some of it listens and others accept: ASSENT_READERS listen, of ten times
// as many people.
func TestASweepTellsThoseWhoListenAndHoldsNoAcceptanceUp(t *testing.T) {
	t.Parallel()
	count := 150
	if n, err := strconv.Atoi(os.Getenv("ASSENT_READERS")); err == nil {
		count = n
	}
	dir := t.TempDir()
	s := newSite(t, "ASSENT_DEMO_CLOCK="+beginning, "ASSENT_DATABASE_URL=sqlite:"+dir+"/assent.db", "ASSENT_SECRETS_DIRECTORY="+dir+"/secrets").start("demo", "--empty").campaign()
	s.crowd(10 * count)
	before := s.resident()
	readers := make([]*waitingReader, count)
	s.each(readers, func(i int) { readers[i] = s.waits(fmt.Sprint("p-", 10*i)) })
	t.Logf("%d readers: %d KiB of memory each", count, (s.resident()-before)/count)

	var turn atomic.Int64 // of those who accept; nobody of them listens
	alone := s.accepting(int64(9*count-9), &turn, func() { time.Sleep(2 * time.Second) })
	begun := time.Now()
	busy := s.accepting(int64(9*count-9), &turn, func() { s.goesTo("2021-07-05T00:00:00Z") })
	swept := time.Since(begun)
	var told []time.Duration
	s.each(readers, func(i int) {
		r := readers[i]
		changed := s.flagsTag(r.person) != r.tag
		for limit := time.Now().Add(patience); changed && r.told.Load() == 0 && time.Now().Before(limit); {
			time.Sleep(20 * time.Millisecond)
		}
		if heard := r.told.Load() != 0; heard != changed {
			t.Errorf("%s has other answers: %t, and was told: %t", r.person, changed, heard)
		}
	})
	for _, r := range readers {
		if at := r.told.Load(); at != 0 {
			told = append(told, time.Unix(0, at).Sub(begun))
		}
	}
	if len(told) < count/10 {
		t.Fatalf("only %d of %d were told", len(told), count)
	}
	t.Logf("%d people moved in %v, %d readers told within %v; %d KiB of memory a reader", 10*count, swept, len(told), slices.Max(told), (s.resident()-before)/count)
	t.Logf("acceptances: p50 %v, p99 %v alone; p50 %v, p99 %v of %d meanwhile", middleOf(alone, 50), middleOf(alone, 99), middleOf(busy, 50), middleOf(busy, 99), len(busy))
	if len(busy) < 10 {
		t.Errorf("only %d acceptances went through meanwhile", len(busy))
	}
}

// crowd is people whom nobody has reached so far, brought to the day before the
// first of them are limited.
func (s *site) crowd(people int) {
	s.Helper()
	var are, have strings.Builder
	for i := range people {
		fmt.Fprintf(&are, `{"id":"p-%d","region":"BR","locale":"en","created_at":"2020-01-04T00:00:00Z"}`+"\n", i)
		fmt.Fprintf(&have, `{"person":"p-%d","channel":"in_app","presented":true}`+"\n", i)
	}
	s.long("/api/v1/people", are.String(), ndjson)
	for _, at := range []string{"2021-01-06T00:05:00Z", "2021-05-15T01:00:00Z", "2021-06-12T01:00:00Z"} {
		s.goesTo(at)
		s.long("/api/v1/campaigns/"+campaign+"/notices", have.String(), ndjson)
	}
	s.goesTo("2021-06-18T23:00:00Z")
	s.send("POST", "/api/v1/campaigns/"+campaign+"/breaker", object("people", people, "for", "20d", "reason", "everybody is to be limited")).is(200)
}

// goesTo is clock for as many people as take their time.
func (s *site) goesTo(to string) { s.long("/demo/clock", object("to", to), "application/json") }

// long sends what takes long.
func (s *site) long(path, body, kind string) {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), http.MethodPost, s.url+path, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Content-Type", kind)
	answer, err := http.DefaultClient.Do(r)
	if err != nil || answer.StatusCode != http.StatusOK {
		s.Fatalf("%s: %v %v", path, answer, err)
	}
	_ = answer.Body.Close()
}

// each does something for each of the readers, some at a time.
func (s *site) each(readers []*waitingReader, do func(i int)) {
	var all sync.WaitGroup
	next := atomic.Int64{}
	for range 8 {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(readers) && !s.Failed(); i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	all.Wait()
}

func (s *site) flagsTag(person string) string {
	a, err := s.try("POST", "/ofrep/v1/evaluate/flags", object("context", map[string]string{"targetingKey": person}))
	if err != nil || a.status != http.StatusOK {
		s.Errorf("%v %s", err, a.body)
	}
	return a.header.Get("ETag")
}

// waits has somebody's client listen, as the first answer invites it to.
func (s *site) waits(person string) *waitingReader {
	a, err := s.try("POST", "/ofrep/v1/evaluate/flags", object("context", map[string]string{"targetingKey": person}))
	if err != nil || a.status != http.StatusOK {
		s.Errorf("%v %s", err, a.body)
		return &waitingReader{}
	}
	r := &waitingReader{person: person, tag: a.header.Get("ETag")}
	path, _ := a.at("eventStreams/0/endpoint/requestUri").(string)
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		s.Error(err)
		return r
	}
	s.Cleanup(func() { _ = conn.Close() })
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n", path); err != nil {
		s.Error(err)
	}
	ready := make(chan struct{})
	go func() {
		opened := sync.OnceFunc(func() { close(ready) })
		defer opened()
		in := bufio.NewReaderSize(conn, 512)
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			switch {
			case strings.HasPrefix(line, "retry: "):
				opened()
			case strings.HasPrefix(line, "data: "):
				r.told.CompareAndSwap(0, time.Now().UnixNano())
			}
		}
	}()
	<-ready
	return r
}

// accepting has four people at a time accept, and no more than most in all, while
// something goes on. It returns how long each took, in order.
func (s *site) accepting(most int64, turn *atomic.Int64, meanwhile func()) []time.Duration {
	s.Helper()
	var mu sync.Mutex
	var took []time.Duration
	var all sync.WaitGroup
	ended := make(chan struct{})
	for range 4 {
		all.Go(func() {
			for {
				select {
				case <-ended:
					return
				default:
				}
				time.Sleep(10 * time.Millisecond)
				n := turn.Add(1)
				if n > most { // all have accepted
					<-ended
					return
				}
				begun := time.Now()
				a, err := s.tryRespond(fmt.Sprint("p-", 10*(n/9)+n%9+1), "accepted", "en", fmt.Sprint("meanwhile-", n))
				if err != nil || a.status != http.StatusCreated {
					s.Errorf("%v %s", err, a.body)
					return
				}
				mu.Lock()
				took = append(took, time.Since(begun))
				mu.Unlock()
			}
		})
	}
	meanwhile()
	close(ended)
	all.Wait()
	slices.Sort(took)
	return took
}

func middleOf(took []time.Duration, percent int) time.Duration {
	if len(took) == 0 {
		return 0
	}
	return took[min(len(took)*percent/100, len(took)-1)].Round(10 * time.Microsecond)
}

// resident is the memory of the server in KiB.
func (s *site) resident() int {
	s.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.server.Process.Pid))
	if err != nil {
		s.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(data), "VmRSS:")
	size, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		s.Fatal(err)
	}
	return size
}
