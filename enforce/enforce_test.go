package enforce_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"assent/enforce"
)

// server answers with one snapshot of so many people, every second of them
// restricted, and a stream that says nothing new.
func server(t testing.TB, people int) *httptest.Server {
	t.Helper()
	rule := func(allowed bool, stage string) map[string]any {
		return map[string]any{"messages.send": map[string]any{"value": allowed, "allowed": allowed, "reason": "stage", "on_deny": "reject",
			"campaign": "terms", "stage": stage, "accept_url": "https://terms.example.org/t/terms", "next_stage": "suspended"}}
	}
	var list []map[string]any
	for i := range people {
		list = append(list, map[string]any{"person": fmt.Sprint("u", 2*i+1), "rules": "k", "revision": 7, "next_at": map[string]string{"terms": "2021-06-20T00:00:00Z"}})
	}
	page, err := json.Marshal(map[string]any{"mark": "7-1", "revision": 7, "defaults": rule(true, ""), "rules": map[string]any{"k": rule(false, "limited")}, "people": list, "next": ""})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer secret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if strings.HasSuffix(r.URL.Path, "/stream") {
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprint(w, "id: 7-1\nevent: mark\ndata: {\"revision\":7}\n\n")
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
			return
		}
		_, _ = w.Write(page)
	}))
	t.Cleanup(s.Close)
	return s
}

// loaded is a client that has read the snapshot.
func loaded(t testing.TB, people int) *enforce.Client {
	t.Helper()
	return running(t, server(t, people))
}

// running is a client of a server that has read the snapshot.
func running(t testing.TB, s *httptest.Server) *enforce.Client {
	t.Helper()
	return runningBy(t, enforce.Options{URL: s.URL + "/", Key: "secret"})
}

func runningBy(t testing.TB, o enforce.Options) *enforce.Client {
	t.Helper()
	c, err := enforce.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	<-c.Ready()
	return c
}

func TestARefusalSaysWhatAndWhereToAccept(t *testing.T) {
	t.Parallel()
	c := loaded(t, 2)
	send := c.Require("messages.send", func(r *http.Request) string { return r.Header.Get("X-Person") })(
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	ask := func(person string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.Header.Set("X-Person", person)
		w := httptest.NewRecorder()
		send.ServeHTTP(w, r)
		return w
	}
	for _, person := range []string{"u2", "stranger", ""} {
		if w := ask(person); w.Code != http.StatusNoContent {
			t.Fatalf("%q: %d %s", person, w.Code, w.Body)
		}
	}
	w := ask("u1")
	var body map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatal(err)
	}
	if w.Code != http.StatusForbidden || w.Header().Get("Content-Type") != "application/problem+json" ||
		w.Header().Get("Link") != `<https://terms.example.org/t/terms>; rel="terms-of-service"` || body["capability"] != "messages.send" ||
		body["stage"] != "limited" || body["accept_url"] != "https://terms.example.org/t/terms" || body["status"] != 403.0 ||
		fmt.Sprint(body["next"]) != "map[at:2021-06-20T00:00:00Z stage:suspended]" || body["type"] != "urn:assent:problem:restricted" {
		t.Fatalf("%d %v %s", w.Code, w.Header(), w.Body)
	}
}

func TestAClientLetsEverybodyThroughAfterTheSilenceThatItWasGiven(t *testing.T) {
	t.Parallel()
	s := server(t, 2)
	var ahead atomic.Int64
	c := runningBy(t, enforce.Options{URL: s.URL, Key: "secret", AllowAfter: time.Hour, Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }})
	for deadline := time.Now().Add(time.Minute); !c.Status().Connected; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it never followed")
		}
	}
	if c.Decide("u1", "messages.send").Allowed {
		t.Error("u1 may write")
	}
	ahead.Store(int64(2 * time.Hour))
	if !c.Decide("u1", "messages.send").Allowed {
		t.Error("u1 may not write, though Assent has been silent for two hours")
	}
}

func TestAClientNeedsAnAddressAndAKey(t *testing.T) {
	t.Parallel()
	for _, o := range []enforce.Options{{}, {URL: "terms.example.org", Key: "k"}, {URL: "ftp://terms.example.org", Key: "k"}, {URL: "https://terms.example.org"}} {
		if _, err := enforce.New(o); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	const people = 100_000
	c := loaded(b, people)
	ids := make([]string, 2*people)
	for i := range ids {
		ids[i] = fmt.Sprint("u", i)
	}
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if d := c.Decide(ids[i%len(ids)], "messages.send"); d.Allowed == (i%2 == 1) {
				b.Error(d)
				return
			}
		}
	})
}

// A proxy may send the pages of a snapshot to different servers. What a later
// page does not know yet must not be lost: here that somebody has accepted.
func TestASnapshotGoesAsFarAsTheServerThatIsBehind(t *testing.T) {
	t.Parallel()
	var asked atomic.Value
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/stream"):
			asked.Store(r.Header.Get("Last-Event-ID"))
			w.Header().Set("Content-Type", "text/event-stream")
			if asked.Load() == "9-15" {
				fmt.Fprint(w, "event: person\ndata: {\"person\":\"ana\",\"rules\":\"default\",\"revision\":10}\n\n")
			}
			fmt.Fprint(w, "id: 12-20\nevent: mark\ndata: {\"revision\":12}\n\n")
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		case r.URL.Query().Get("after") == "":
			fmt.Fprint(w, `{"mark":"12-15","revision":12,"defaults":{},"rules":{},"people":[],"next":"a"}`)
		default:
			fmt.Fprint(w, `{"mark":"9-16","revision":9,"defaults":{},"rules":{"k":{"messages.send":{"allowed":false}}},"people":[{"person":"ana","rules":"k","revision":8}],"next":""}`)
		}
	}))
	t.Cleanup(s.Close)
	c := running(t, s)
	for end := time.Now().Add(10 * time.Second); !c.Status().Connected && time.Now().Before(end); time.Sleep(time.Millisecond) {
	}
	if d := c.Decide("ana", "messages.send"); !d.Allowed {
		t.Errorf("went on from %v, and ana stays restricted: %+v", asked.Load(), d)
	}
}

// While a client is away the database may be put back to an older state and go on
// from there, past what the client had seen.
func TestAClientThatWasAwayForLongReadsEverythingAgain(t *testing.T) {
	t.Parallel()
	var ahead, snapshots, streams atomic.Int64
	cut := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/stream") {
			snapshots.Add(1)
			fmt.Fprint(w, `{"mark":"12-15","revision":12,"defaults":{},"rules":{},"people":[],"next":""}`)
			return
		}
		streams.Add(1)
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "id: 12-20\nevent: mark\ndata: {\"revision\":12}\n\n")
		_ = http.NewResponseController(w).Flush()
		select {
		case <-cut:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(s.Close)
	c := runningBy(t, enforce.Options{URL: s.URL, Key: "secret", Wait: time.Millisecond, Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }})
	for round, want := range []int64{1, 1, 2} { // a moment away, and then long
		if round == 2 {
			ahead.Store(int64(11 * time.Minute))
		}
		if round > 0 {
			cut <- struct{}{}
		}
		for end := time.Now().Add(10 * time.Second); streams.Load() <= int64(round) || !c.Status().Connected; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("it does not follow")
			}
		}
		if got := snapshots.Load(); got != want {
			t.Errorf("round %d: it has read everything %d times, want %d", round, got, want)
		}
	}
}
