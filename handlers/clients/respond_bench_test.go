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

	gormpostgres "gorm.io/driver/postgres"
	gormsqlite "gorm.io/driver/sqlite"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

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
// with three other ways to do a part of it, on the same engine and machine:
//
//   - floor: a bare handler (net/http, no key, no checks, an empty reply) that
//     inserts the rows of an acceptance, bytes as the server wrote them, but for their
//     numbers, into responses, response_details, log_entries, person_keys and changes;
//     what came in while the last transaction was committed shares the next, as here.
//     SQLite gets prepared statements, PostgreSQL one statement a table and batch.
//     It reads nothing, and leaves out the person's position, counts, tiles and head.
//   - gorm: the same handler with a transaction per request, rows created through gorm.
//   - unlogged: the server without appending to the log, tiles, head and signature;
//     the record is stored all the same.
func BenchmarkAccept(b *testing.B) {
	for name, url := range map[string]func() string{
		"sqlite":   func() string { return "sqlite:" + filepath.Join(b.TempDir(), "assent.db") },
		"postgres": func() string { return testenv.Postgres(b) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				server, unlogged := newAcceptance(b, url(), func(*tracker.Deps) {}), newAcceptance(b, url(), withoutLog)
				rows := server.template()
				bare := newAcceptance(b, url(), func(*tracker.Deps) {})
				simple := newAcceptance(b, url(), func(*tracker.Deps) {})
				ways := map[string]*load{
					"server": server.load(server.plain), "unlogged": unlogged.load(unlogged.plain),
					"floor": bare.load(bare.floor(rows)), "gorm": simple.load(simple.gorm(rows)),
				}
				for range turns {
					for _, way := range slices.Sorted(maps.Keys(ways)) {
						ways[way].run(stretch)
					}
				}
				for way, l := range ways {
					b.ReportMetric(l.rate(), way+"/s")
				}
				b.ReportMetric(ways["server"].rate()/ways["floor"].rate(), "of-floor")
				b.ReportMetric(ways["server"].rate()/ways["gorm"].rate(), "of-gorm")
				b.ReportMetric(1-ways["server"].rate()/ways["unlogged"].rate(), "log-cost")
				b.ReportMetric(ways["server"].percentile(0.99), "p99-ms")
				b.ReportMetric(ways["server"].percentile(0.5), "p50-ms")
				b.ReportMetric(ways["floor"].percentile(0.99), "floor-p99-ms")
				b.ReportMetric(0, "ns/op")
			}
		})
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
	a := &acceptance{world: newWorldOn(b, url, change), url: url}
	var err error
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		a.raw, err = sql.Open("sqlite3", "file:"+path+"?_txlock=immediate&_busy_timeout=5000&_journal_mode=WAL&_synchronous=FULL&_cache_size=-65536&_secure_delete=on")
	} else {
		a.raw, err = sql.Open("pgx", url)
	}
	a.must(err)
	a.raw.SetMaxOpenConns(1)
	b.Cleanup(func() { a.must(a.raw.Close()) })
	if a.lite() {
		_, err = a.raw.Exec("PRAGMA wal_autocheckpoint = 20000")
		a.must(err)
	}
	plain, err := web.Engine(web.Options{Log: slog.New(slog.DiscardHandler), Now: time.Now, Measure: a.api.Measure()})
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
	spent  time.Duration
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
	began := time.Now()
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
	answer, err := io.ReadAll(got.Body)
	if err == nil && got.StatusCode != http.StatusCreated {
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

// stored is a row as the server stored it.
type stored struct {
	table   string
	columns []string
	types   []string
	values  []any
}

// template has somebody accept, and returns what that stored.
func (a *acceptance) template() []stored {
	a.Helper()
	a.person("template", "BR")
	receipt := a.choose("template", "accepted", "choice-0").is(201).at("receipt_id")
	var rows []stored
	var leaf, ref int64
	a.must(a.raw.QueryRow(fmt.Sprintf("SELECT leaf_index, ref FROM responses WHERE receipt_id = '%s'", receipt)).Scan(&leaf, &ref))
	for _, where := range []string{"responses WHERE leaf_index", "response_details WHERE leaf_index", "log_entries WHERE leaf_index", "person_keys WHERE ref", "changes WHERE kind = 'responded' AND ref"} {
		key := ref
		if strings.HasSuffix(where, "leaf_index") {
			key = leaf
		}
		found, err := a.raw.Query(fmt.Sprintf("SELECT * FROM %s = %d", where, key))
		a.must(err)
		row := stored{table: strings.Fields(where)[0]}
		row.columns, err = found.Columns()
		a.must(err)
		types, err := found.ColumnTypes()
		a.must(err)
		into := make([]any, len(types))
		row.values = make([]any, len(types))
		for i, one := range types {
			row.types, into[i] = append(row.types, strings.ToLower(one.DatabaseTypeName())), &row.values[i]
		}
		if !found.Next() {
			a.Fatalf("nothing in %s: %v", where, found.Err())
		}
		a.must(found.Scan(into...))
		a.must(found.Close())
		rows = append(rows, row)
	}
	// From here on the numbers are the benchmark's own.
	return rows
}

// first is beyond every number the server has given.
const first = 10_000_000

// numbered is a row's values for the nth choice.
func (s stored) numbered(n int64) []any {
	values := slices.Clone(s.values)
	for i, name := range s.columns {
		switch name {
		case "leaf_index", "ref", "revision":
			values[i] = first + n
		case "receipt_id":
			values[i] = fmt.Sprintf("rcp_%026d", n)
		case "idempotency_key":
			values[i] = fmt.Sprintf("choice-%d", n)
		}
	}
	return values
}

// floor group-commits plain inserts.
func (a *acceptance) floor(rows []stored) http.Handler {
	a.Helper()
	insert := a.prepared(rows)
	if !a.lite() {
		insert = a.unnested(rows)
	}
	asked := make(chan chan error, acceptors)
	a.Cleanup(func() { close(asked) })
	go func() {
		var next int64
		for first := range asked {
			batch := []chan error{first}
			for len(asked) > 0 {
				batch = append(batch, <-asked)
			}
			err := insert(next, len(batch))
			next += int64(len(batch))
			for _, one := range batch {
				one <- err
			}
		}
	}()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err != nil {
			return
		}
		mine := make(chan error, 1)
		asked <- mine
		if err := <-mine; err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusCreated)
	})
}

// prepared inserts row by row.
func (a *acceptance) prepared(rows []stored) func(int64, int) error {
	return func(from int64, size int) error {
		tx, err := a.raw.Begin()
		if err != nil {
			return err
		}
		for _, row := range rows {
			statement, err := tx.Prepare("INSERT INTO " + row.table + " (" + strings.Join(row.columns, ", ") + ") VALUES (" + strings.TrimSuffix(strings.Repeat("?, ", len(row.columns)), ", ") + ")")
			if err != nil {
				return err
			}
			for n := from; n < from+int64(size); n++ {
				if _, err := statement.Exec(row.numbered(n)...); err != nil {
					return err
				}
			}
			if err := statement.Close(); err != nil {
				return err
			}
		}
		return tx.Commit()
	}
}

// unnested inserts the rows of a table by one statement, one array a column.
func (a *acceptance) unnested(rows []stored) func(int64, int) error {
	return func(from int64, size int) error {
		tx, err := a.raw.Begin()
		if err != nil {
			return err
		}
		for _, row := range rows {
			params, args := make([]string, len(row.columns)), make([]any, len(row.columns))
			lists := make([][]any, len(row.columns))
			for n := from; n < from+int64(size); n++ {
				for i, value := range row.numbered(n) {
					lists[i] = append(lists[i], value)
				}
			}
			for i, list := range lists {
				params[i], args[i] = fmt.Sprintf("$%d::%s[]", i+1, row.types[i]), arrayOf(list)
			}
			_, err := tx.Exec("INSERT INTO "+row.table+" ("+strings.Join(row.columns, ", ")+") SELECT * FROM unnest("+strings.Join(params, ", ")+")", args...)
			if err != nil {
				return err
			}
		}
		return tx.Commit()
	}
}

func arrayOf(list []any) any {
	switch list[0].(type) {
	case int64:
		return typed[int64](list)
	case bool:
		return typed[bool](list)
	case []byte:
		return typed[[]byte](list)
	default:
		return typed[string](list)
	}
}

func typed[T any](list []any) []T {
	out := make([]T, len(list))
	for i, one := range list {
		out[i] = one.(T)
	}
	return out
}

// gorm creates the rows in a transaction per request.
func (a *acceptance) gorm(rows []stored) http.Handler {
	a.Helper()
	dialector := gormsqlite.New(gormsqlite.Config{Conn: a.raw})
	if !a.lite() {
		a.raw.SetMaxOpenConns(16)
		a.raw.SetMaxIdleConns(16)
		dialector = gormpostgres.New(gormpostgres.Config{Conn: a.raw})
	}
	db, err := gorm.Open(dialector, &gorm.Config{Logger: logger.Discard})
	a.must(err)
	var next atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err != nil {
			return
		}
		n := next.Add(1)
		err := db.WithContext(r.Context()).Transaction(func(tx *gorm.DB) error {
			for _, row := range rows {
				values := map[string]any{}
				for i, value := range row.numbered(n) {
					values[row.columns[i]] = value
				}
				if err := tx.Table(row.table).Create(values).Error; err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusCreated)
	})
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
