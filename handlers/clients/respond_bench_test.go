package clients_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"assent/handlers/web"
	"assent/internal/testenv"
	"assent/terms"
	"assent/tracker"
)

const (
	acceptors = 64              // clients at the same time, each with one request under way
	stretch   = 2 * time.Second // that one way is measured before the next has its turn
	turns     = 3
)

// BenchmarkAccept measures durable acceptances over HTTP by 64 clients, in turns
// with other ways to write the same rows, on the same engine and machine:
//
//   - floor: a bare handler (net/http, no key, no checks, no proof) that decodes
//     the body as the server does, answers with the receipt's id alone, and inserts the
//     rows of a choice into responses, response_details, log_entries, person_keys and
//     changes, bytes as the server wrote them but for their numbers, and moves the
//     person's position; what came in while the last transaction was committed shares
//     the next, as here. SQLite gets prepared statements, PostgreSQL one statement a
//     table and batch. It reads nothing, and leaves out what a batch writes once
//     however large it is: counts, tiles, head and revision.
//   - gorm: the same handler with a transaction per request, rows created through
//     gorm. Places in the log have no gaps, so it reads the log's head in its
//     transaction and moves it on, as everybody must who keeps one log.
//   - gorm-unordered: that without the head, with numbers that are given out before.
//   - unlogged: the server without appending to the log, tiles, head and signature;
//     the record is stored all the same. What of-unlogged lacks of 1 the log costs.
//
// Everybody's commits are synced: PostgreSQL is one of its own, with fsync on.
// cpu-us is the processor time of this process a request, clients and SQLite
// included, PostgreSQL not.
func BenchmarkAccept(b *testing.B) {
	for name, url := range map[string]func(testing.TB) string{
		"sqlite":   func(b testing.TB) string { return "sqlite:" + filepath.Join(b.TempDir(), "assent.db") },
		"postgres": syncing(b),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				compared(b, func() string { return url(b) })
			}
		})
	}
}

// compared has each way its turns, and reports them.
func compared(b *testing.B, url func() string) {
	b.Helper()
	world := func() *acceptance { return newAcceptance(b, url(), func(*tracker.Deps) {}) }
	server, unlogged, bare, ordered, unordered := world(), newAcceptance(b, url(), withoutLog), world(), world(), world()
	rows := server.template()
	ways := map[string]*load{
		"server": server.load(server.plain), "unlogged": unlogged.load(unlogged.plain), "floor": bare.load(bare.floor(rows)),
		"gorm": ordered.load(ordered.gorm(rows, true)), "gorm-unordered": unordered.load(unordered.gorm(rows, false)),
	}
	for range turns {
		for _, way := range slices.Sorted(maps.Keys(ways)) {
			ways[way].run(stretch)
		}
	}
	for way, l := range ways {
		b.ReportMetric(l.rate(), way+"/s")
		b.ReportMetric(float64(l.processor.Microseconds())/float64(len(l.took)), way+"-cpu-us")
		if way != "server" {
			b.ReportMetric(ways["server"].rate()/l.rate(), "of-"+way)
		}
	}
	b.ReportMetric(ways["server"].percentile(0.99), "p99-ms")
	b.ReportMetric(ways["server"].percentile(0.5), "p50-ms")
	b.ReportMetric(ways["floor"].percentile(0.99), "floor-p99-ms")
	b.ReportMetric(0, "ns/op")
}

// syncing starts a PostgreSQL that keeps what it acknowledges, when it is first
// asked for a database.
func syncing(b *testing.B) func(testing.TB) string {
	start := sync.OnceValues(func() (*testenv.Cluster, error) {
		cluster, err := testenv.Start("fsync=on", "full_page_writes=on")
		if err == nil {
			b.Cleanup(func() {
				if err := cluster.Stop(); err != nil {
					b.Error(err)
				}
			})
		}
		return cluster, err
	})
	return func(b testing.TB) string {
		cluster, err := start()
		if err != nil {
			b.Fatal(err)
		}
		return cluster.Database(b)
	}
}

// acceptance is a world with people who are going to accept.
type acceptance struct {
	*world
	url   string
	raw   *sql.DB
	plain http.Handler // the engine without what tests hold answers against
}

func newAcceptance(b *testing.B, url string, change func(*tracker.Deps)) *acceptance {
	b.Helper()
	began := time.Now()
	a := &acceptance{url: url, world: newWorldOn(b, url, func(d *tracker.Deps) {
		d.Now = func() time.Time { return date(2021, 1, 4).Add(time.Since(began)) }
		change(d)
	})}
	var err error
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		a.raw, err = sql.Open("sqlite3", "file:"+path+"?_txlock=immediate&_busy_timeout=5000&_journal_mode=WAL&_synchronous=FULL&_cache_size=-65536&_secure_delete=on")
	} else {
		a.raw, err = sql.Open("pgx", url+"&enable_seqscan=off&jit=off") // as the server has it
	}
	a.must(err)
	a.raw.SetMaxOpenConns(1)
	b.Cleanup(func() { a.must(a.raw.Close()) })
	if a.lite() {
		_, err = a.raw.Exec("PRAGMA wal_autocheckpoint = 20000")
		a.must(err)
	}
	plain, err := web.Engine(web.Options{Log: slog.New(slog.DiscardHandler), Now: time.Now, Measure: a.api.Measure})
	a.must(err)
	a.api.Mount(plain)
	a.plain = plain
	a.campaign()
	for i := 0; i < people; i += tracker.MaxBatch {
		list := make([]tracker.Person, tracker.MaxBatch)
		for j := range list {
			list[j] = tracker.Person{ID: fmt.Sprintf("person-%d", i+j), Country: "BR", Locale: "en", Type: terms.Personal, Created: date(2020, 1, 1)}
		}
		a.must(a.tracker.AddPeople(context.Background(), list))
	}
	if !a.lite() {
		_, err = a.raw.Exec("VACUUM ANALYZE")
		a.must(err)
	}
	return a
}

// people is as many as can be asked before it begins anew with their refusal.
const people = 20_000

func (a *acceptance) lite() bool { return strings.HasPrefix(a.url, "sqlite:") }

// load is clients of one server.
type load struct {
	*acceptance
	client *http.Client
	base   string
	next   atomic.Int64
	took   []time.Duration

	spent, processor time.Duration
}

func (a *acceptance) load(handler http.Handler) *load {
	server := httptest.NewServer(handler)
	l := &load{acceptance: a, base: server.URL, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: acceptors}}}
	a.Cleanup(func() { l.client.CloseIdleConnections(); server.Close() })
	return l
}

// run has every client send one choice after the other.
func (l *load) run(d time.Duration) {
	l.Helper()
	var all sync.WaitGroup
	var mu sync.Mutex
	began, before := time.Now(), processor(l)
	for range acceptors {
		all.Go(func() {
			var took []time.Duration
			for time.Since(began) < d {
				sent := time.Now()
				if err := l.send(l.next.Add(1) - 1); err != nil {
					l.Error(err)
					return
				}
				took = append(took, time.Since(sent))
			}
			mu.Lock()
			defer mu.Unlock()
			l.took = append(l.took, took...)
		})
	}
	all.Wait()
	l.spent += time.Since(began)
	l.processor += processor(l) - before
}

// send sends the nth choice: an acceptance by everybody, then a refusal, and so on.
func (l *load) send(n int64) error {
	action := []string{"accepted", "declined"}[n/people%2]
	body := object("campaign", "new-terms-2021", "action", action, "documents", documents(), "presented_at", "2021-01-07T00:00:00Z")
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, fmt.Sprintf("%s/api/v1/people/person-%d/responses", l.base, n%people), strings.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-API-Key", bootstrap)
	r.Header.Set("Idempotency-Key", fmt.Sprintf("choice-%d", n))
	got, err := l.client.Do(r)
	if err != nil {
		return err
	}
	if got.StatusCode == http.StatusCreated {
		_, err = io.Copy(io.Discard, got.Body)
	} else if answer, unread := io.ReadAll(got.Body); unread != nil {
		err = unread
	} else {
		err = fmt.Errorf("status %d: %s", got.StatusCode, answer)
	}
	_ = got.Body.Close() // it was read
	return err
}

func (l *load) rate() float64 { return float64(len(l.took)) / l.spent.Seconds() }

// percentile is of the whole request, in milliseconds.
func (l *load) percentile(p float64) float64 {
	slices.Sort(l.took)
	return float64(l.took[min(int(p*float64(len(l.took))), len(l.took)-1)]) / float64(time.Millisecond)
}

// withoutLog takes the log away from a tracker.
func withoutLog(d *tracker.Deps) {
	d.Store, d.Signer = &unlogged{Store: d.Store}, idle{d.Signer.Name(), d.Signer.KeyHash()}
}

// unlogged is a store that keeps no log, and records beside their details.
type unlogged struct {
	tracker.Store
	size int64 // only the writer uses it
}

func (u *unlogged) Update(ctx context.Context, fn func(tracker.Tx) error) error {
	return u.Store.Update(ctx, func(tx tracker.Tx) error { return fn(unloggedTx{tx, u}) })
}

type unloggedTx struct {
	tracker.Tx
	store *unlogged
}

func (unloggedTx) Head(context.Context) (tracker.LogHead, error) { return tracker.LogHead{}, nil }

func (unloggedTx) SaveLog(context.Context, tracker.LogHead, tracker.LogHead, [][]byte, []tracker.Tile) error {
	return nil
}

func (t unloggedTx) AddResponses(ctx context.Context, list []tracker.Response) error {
	for i := range list {
		list[i].LeafIndex = t.store.size
		list[i].Details = bytes.Join([][]byte{list[i].Details, list[i].Record}, nil)
		t.store.size++
	}
	return t.Tx.AddResponses(ctx, list)
}

// idle signs nothing.
type idle struct {
	name string
	hash uint32
}

func (s idle) Name() string                { return s.name }
func (s idle) KeyHash() uint32             { return s.hash }
func (s idle) Sign([]byte) ([]byte, error) { return make([]byte, 64), nil }
