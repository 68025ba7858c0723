package models_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"assent/ledger"
	"assent/terms"
	"assent/tracker"
)

const (
	million   = 1_000_000
	tick      = 5 * time.Minute
	ticks     = 5     // for which people are due
	answerers = 4_000 // people who are not due, and accept meanwhile
	chunk     = 1_000 // rows, as the default settings have it
)

// crowd is a campaign on a real database, with the clock at its deadline, when
// everybody but the answerers is due to enter the second stage.
type crowd struct {
	*tracker.Tracker
	b     testing.TB
	raw   *sql.DB
	texts []terms.DocumentText
	store *timed
	now   time.Time
}

// timed measures how long moves hold the writer, and counts them.
type timed struct {
	tracker.Store
	mu    sync.Mutex
	holds []time.Duration
	saved []int // moves in each
}

func (s *timed) Update(ctx context.Context, fn func(tracker.Tx) error) error {
	var began time.Time
	saved := 0
	err := s.Store.Update(ctx, func(tx tracker.Tx) error {
		began = time.Now()
		return fn(counting{tx, &saved})
	})
	if saved > 0 {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.holds, s.saved = append(s.holds, time.Since(began)), append(s.saved, saved)
	}
	return err
}

type counting struct {
	tracker.Tx
	saved *int
}

func (c counting) Save(ctx context.Context, moves []tracker.Move, at time.Time) ([]uint64, error) {
	*c.saved += len(moves)
	return c.Tx.Save(ctx, moves, at)
}

func newCrowd(b testing.TB, url string, pace tracker.Pace) *crowd {
	b.Helper()
	store := &timed{Store: open(b, url)}
	private, _, err := ledger.NewKey(rand.Reader, "example.org/log")
	if err != nil {
		b.Fatal(err)
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		b.Fatal(err)
	}
	c := &crowd{b: b, raw: raw(b, url), store: store, now: noon.AddDate(0, -5, 0)}
	c.Tracker = tracker.New(tracker.Deps{
		Store: store, Now: func() time.Time { return c.now }, Random: rand.Reader, Signer: signer, Pace: pace,
		Committed: func(context.Context, uint64) error { return nil },
	})
	c.announce()
	c.now = noon
	return c
}

// announce publishes the text and activates the plan.
func (c *crowd) announce() {
	c.b.Helper()
	ctx := context.Background()
	ref := terms.DocumentRef{Document: "terms", Version: "1"}
	err := func() error {
		v := tracker.Version{DocumentRef: ref, Title: terms.Texts{"en": "Terms"}, Material: true, Texts: []tracker.Text{{Locale: "en", Markdown: "Be kind.\n"}}}
		if _, err := c.PutVersion(ctx, v); err != nil {
			return err
		}
		v, err := c.Publish(ctx, ref, "bench")
		if err != nil {
			return err
		}
		c.texts = []terms.DocumentText{{Document: ref.Document, Version: ref.Version, Locale: "en", SHA256: v.Texts[0].SHA256}}
		plan, err := c.AddPlan(ctx, terms.Plan{
			Campaign: "c", Title: terms.Texts{"en": "New terms"}, Documents: []terms.DocumentRef{ref},
			AnnounceAt: noon.AddDate(0, -4, 0), Deadline: noon, NoticePeriod: 30 * 24 * time.Hour,
			Audience: terms.Audience{AccountTypes: []terms.AccountType{terms.Personal}},
			Stages:   []terms.Stage{{Key: "announced", FromAnnounce: true}, {Key: "reminded"}, {Key: "later", After: 28 * 24 * time.Hour}},
		}, []byte("bench"), "bench")
		if err != nil {
			return err
		}
		_, err = c.Activate(ctx, "c", plan.Number, "bench", nil)
		return err
	}()
	if err != nil {
		c.b.Fatal(err)
	}
}

// lite says which engine a database beside the store is on.
func lite(db *sql.DB) bool { return strings.Contains(fmt.Sprintf("%T", db.Driver()), "sqlite3") }

// fill enrolls people by one statement a table, after a history of their own:
// every nth of them due at the deadline, every nth one tick later, and so on for
// a few ticks; the others, and the answerers behind them, a year later.
func (c *crowd) fill(people, nth int) {
	c.b.Helper()
	numbers, no := "WITH n(i) AS (SELECT generate_series(1, %d)) ", "FALSE"
	if lite(c.raw) {
		numbers, no = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) ", "0"
	}
	with := fmt.Sprintf(numbers, people+answerers)
	country := "CASE i % 4 WHEN 0 THEN 'BR' WHEN 1 THEN 'IN' WHEN 2 THEN 'US' ELSE 'MX' END"
	run(c.b, c.raw, "INSERT INTO people (id, country, locale, type, created) "+with+"SELECT 'person-' || i, "+country+", 'en', 'personal', 1 FROM n ORDER BY i")
	run(c.b, c.raw, "INSERT INTO enrollments (campaign, ref, person, seq, plan, country, locale, created, joined, status, effect, stage, entered, told, "+
		"noticed, warned, first_notice, not_before, snoozed_until, snoozes, answered, next_at) "+with+
		fmt.Sprintf("SELECT 'c', i, 'person-' || i, 1 + i %% 5, 1, %[1]s, 'en', 1, %[2]d, 'pending', '', 0, %[2]d, %[2]d, %[2]d + i, 0, %[2]d + i, 0, 0, 0, %[3]s, "+
			"CASE WHEN i <= %[4]d AND i %% %[5]d < %[6]d THEN %[7]d + (i %% %[5]d) * %[8]d ELSE %[9]d END FROM n",
			country, noon.AddDate(0, -4, 0).UnixMicro(), no, people, nth, ticks, noon.UnixMicro(), tick.Microseconds(), noon.AddDate(1, 0, 0).UnixMicro()))
	run(c.b, c.raw, "INSERT INTO counts (campaign, country, status, stage, people) SELECT campaign, country, status, stage, count(*) FROM enrollments GROUP BY 1, 2, 3, 4")
	run(c.b, c.raw, fmt.Sprintf("UPDATE campaigns SET enrolled_to = %d", people+answerers))
	if lite(c.raw) {
		run(c.b, c.raw, "PRAGMA wal_checkpoint(TRUNCATE)")
		return
	}
	run(c.b, c.raw, "VACUUM ANALYZE people")
	run(c.b, c.raw, "VACUUM ANALYZE enrollments")
	run(c.b, c.raw, "CHECKPOINT")
}

// sweep has to move as many as are due.
func (c *crowd) sweep(due int) time.Duration {
	c.b.Helper()
	began := time.Now()
	run, err := c.Sweep(context.Background(), c.now)
	if err != nil || run.Moved != due {
		c.b.Fatalf("moved %d of %d: %+v, %v", run.Moved, due, run, err)
	}
	return time.Since(began)
}

// pace is that of the default settings, without the rests.
func pace() tracker.Pace {
	return tracker.Pace{
		Tick: tick, Rows: 200, MaxRows: chunk, Hold: 5 * time.Millisecond, Duty: 1,
		Stopwatch: func() func() time.Duration {
			began := time.Now()
			return func() time.Duration { return time.Since(began) }
		},
		Rest: func(context.Context, time.Duration) {},
	}
}

// floor updates the people who are due by one bare statement a chunk, on a
// connection of the writer's settings.
type floor struct {
	b    testing.TB
	conn *sql.Conn
	sql  string
	took time.Duration
	rows int64
}

// newFloor finds the chunk by the index of what is due, or where known by the
// keys it is known to have.
func newFloor(b testing.TB, url string, known bool) *floor {
	b.Helper()
	db := raw(b, url)
	conn, err := db.Conn(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	f := &floor{b: b, conn: conn}
	if lite(db) {
		f.exec("PRAGMA synchronous = FULL")
		f.exec("PRAGMA wal_autocheckpoint = 20000")
		f.exec("PRAGMA cache_size = -65536")
		f.exec("PRAGMA secure_delete = ON")
	}
	which := fmt.Sprintf("ref IN (SELECT ref FROM enrollments WHERE campaign = 'c' AND next_at <> 0 AND next_at <= %d ORDER BY next_at, ref LIMIT %%[2]d)", noon.UnixMicro())
	if known {
		which = "ref > %[1]d AND ref <= %[1]d + %[2]d"
	}
	f.sql = fmt.Sprintf("UPDATE enrollments SET stage = 1, entered = %[1]d, told = %[1]d, noticed = 0, warned = 0, next_at = %[2]d, seq = seq + 1 WHERE campaign = 'c' AND ",
		noon.UnixMicro(), noon.AddDate(0, 0, 28).UnixMicro()) + which
	return f
}

func (f *floor) exec(statement string) int64 {
	f.b.Helper()
	result, err := f.conn.ExecContext(context.Background(), statement)
	if err != nil {
		f.b.Fatalf("%s: %v", statement, err)
	}
	rows, err := result.RowsAffected()
	if err != nil {
		f.b.Fatal(err)
	}
	return rows
}

func (f *floor) chunk(rows int64) {
	f.b.Helper()
	began := time.Now()
	f.exec("BEGIN")
	if n := f.exec(fmt.Sprintf(f.sql, f.rows, rows)); n != rows {
		f.b.Fatalf("%d rows, want %d", n, rows)
	}
	f.exec("COMMIT")
	f.took, f.rows = f.took+time.Since(began), f.rows+rows
}

// BenchmarkSweep sweeps a million people who are all due, against the floor: a
// bare UPDATE of the same rows in a database of its own, in chunks of as many
// rows, between the chunks of the sweep.
func BenchmarkSweep(b *testing.B) {
	for name, fresh := range engines {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				sweepAgainstFloors(b, fresh)
				b.StartTimer()
			}
		})
	}
}

func sweepAgainstFloors(b *testing.B, fresh func(testing.TB) string) {
	b.Helper()
	p := pace()
	var floors []*floor
	for _, known := range []bool{false, true} {
		url := fresh(b)
		newCrowd(b, url, p).fill(million, 1)
		floors = append(floors, newFloor(b, url, known))
	}
	var between time.Duration
	var before, now runtime.MemStats
	heap := uint64(0)
	var c *crowd
	p.Rest = func(context.Context, time.Duration) {
		began := time.Now()
		for _, f := range floors {
			f.chunk(int64(c.store.saved[len(c.store.saved)-1]))
		}
		if len(c.store.holds)%100 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&now)
			heap = max(heap, now.HeapAlloc)
		}
		between += time.Since(began)
	}
	c = newCrowd(b, fresh(b), p)
	c.fill(million, 1)
	runtime.GC()
	runtime.ReadMemStats(&before)
	took := c.sweep(million) - between
	for _, f := range floors {
		for f.rows < million {
			f.chunk(min(chunk, million-f.rows))
		}
	}
	b.ReportMetric(million/took.Seconds(), "people/s")
	b.ReportMetric(million/floors[0].took.Seconds(), "floor/s")
	b.ReportMetric(floors[0].took.Seconds()/took.Seconds(), "ratio")
	b.ReportMetric(floors[1].took.Seconds()/took.Seconds(), "ratio-by-key")
	b.ReportMetric(milliseconds(percentile(c.store.holds, 0.99)), "hold-p99-ms")
	b.ReportMetric(milliseconds(percentile(c.store.holds, 1)), "hold-max-ms")
	b.ReportMetric(float64(million/len(c.store.saved)), "rows/chunk")
	b.ReportMetric(float64(max(heap, before.HeapAlloc)-before.HeapAlloc)/(1<<20), "heap-growth-MB")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkAcceptDuringSweep compares how long an acceptance takes while a sweep
// goes on at the pace of the default settings with what it takes otherwise.
func BenchmarkAcceptDuringSweep(b *testing.B) {
	for name, fresh := range engines {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				p := pace()
				p.Duty, p.Rest = 0.3, func(_ context.Context, d time.Duration) { time.Sleep(d) }
				c := newCrowd(b, fresh(b), p)
				c.fill(due, 1)
				next := due
				quiet := c.accept(&next, func() bool { return next == due+answerers/4 })
				swept := make(chan struct{})
				go func() { defer close(swept); c.sweep(due) }()
				busy := c.accept(&next, func() bool {
					select {
					case <-swept:
						return true
					default:
						return next == due+answerers
					}
				})
				<-swept
				b.ReportMetric(milliseconds(percentile(quiet, 0.99)), "idle-p99-ms")
				b.ReportMetric(milliseconds(percentile(busy, 0.99)), "sweep-p99-ms")
				b.ReportMetric(float64(percentile(busy, 0.99))/float64(percentile(quiet, 0.99)), "ratio")
				b.ReportMetric(0, "ns/op")
				b.StartTimer()
			}
		})
	}
}

// due is how many a sweep moves that is long enough to accept beside it.
const due = 100_000

// accept has one answerer after the other accept, every few milliseconds, and
// returns what each waited.
func (c *crowd) accept(next *int, enough func() bool) []time.Duration {
	var waits []time.Duration
	for !enough() {
		*next++
		person := fmt.Sprintf("person-%d", *next)
		began := time.Now()
		_, _, err := c.Respond(context.Background(), tracker.Choice{
			Person: person, Campaign: "c", Action: terms.Accept, Documents: c.texts, IdempotencyKey: person, Method: ledger.MethodAPI, Actor: "bench",
		})
		if err != nil {
			c.b.Error(err)
			break
		}
		waits = append(waits, time.Since(began))
		time.Sleep(5 * time.Millisecond)
	}
	return waits
}

// BenchmarkSweepAmongMany compares a sweep of a thousand people, spread evenly,
// among ten million with one among ten thousand.
func BenchmarkSweepAmongMany(b *testing.B) {
	const moved = 1_000
	for b.Loop() {
		b.StopTimer()
		var took [2]time.Duration
		for i, people := range []int{10 * moved, 10 * million} {
			c := newCrowd(b, engines["sqlite"](b), pace())
			c.fill(people, people/moved)
			var times []time.Duration
			for range ticks {
				times = append(times, c.sweep(moved))
				c.now = c.now.Add(tick)
			}
			took[i] = percentile(times, 0.5)
		}
		b.ReportMetric(milliseconds(took[0]), "ms-of-10k")
		b.ReportMetric(milliseconds(took[1]), "ms-of-10M")
		b.ReportMetric(float64(took[1])/float64(took[0]), "ratio")
		b.ReportMetric(0, "ns/op")
		b.StartTimer()
	}
}

func percentile(all []time.Duration, p float64) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(int(p*float64(len(sorted))), len(sorted)-1)]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
