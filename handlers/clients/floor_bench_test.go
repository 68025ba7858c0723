package clients_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"assent/gate"
	"assent/handlers/clients"
	"assent/handlers/web"
	"assent/terms"
)

// restricted is a source of positions in memory: many people, all limited.
type restricted struct {
	source
	people int
	at     time.Time
}

func (s restricted) Rows(_ context.Context, rows []gate.Row, campaign string, after int64, limit int) ([]gate.Row, error) {
	for ref := after + 1; ref <= int64(s.people) && len(rows) < limit; ref++ {
		e := terms.Enroll(terms.Plan{Campaign: campaign, Number: 1}, fmt.Sprintf("u%d", ref), "BR", terms.Personal, s.at.AddDate(-2, 0, 0), s.at)
		e.Status = terms.Pending
		e.Stage, e.Entered, e.FirstNotice, e.Noticed = 3, s.at.Add(-time.Duration(ref%10_000)*time.Second), s.at.AddDate(0, -2, 0), s.at
		rows = append(rows, gate.Row{Ref: ref, Locale: "en", Enrollment: e})
	}
	return rows, nil
}

// crowded is the handlers as the server has them, with people all limited.
func crowded(b *testing.B, people int) http.Handler {
	b.Helper()
	w := newWorld(b)
	w.campaign()
	w.now.Store(date(2021, 7, 20).UnixMicro())
	catalogue := settings(b).Catalogue
	g := gate.New(restricted{source{w.store, catalogue}, people, w.Now()}, gate.Options{Catalogue: catalogue, PublicURL: publicURL, Now: w.Now})
	notices := gate.NewNotices(gate.NoticeLimits{Readers: 100, PerPerson: 4, PerSecond: 1000})
	g.Watch(notices.Applied)
	w.must(g.Load(b.Context()))
	if e, _ := g.Entry("u1"); !strings.Contains(string(e.AppendFlags(nil, w.Now(), nil)), `"variant":"limited"`) {
		b.Fatal("nobody is limited")
	}
	api, err := clients.New(clients.Options{
		Tracker: w.tracker, Gate: g, Messaging: w.messaging(), Notices: notices, Origins: []string{"*"}, Tokens: w.signer, Now: w.Now, Clock: time.Now,
		Check: func(context.Context) error { return nil }, PublicURL: publicURL, MessagingTTL: day, Metrics: prometheus.NewRegistry(),
	})
	w.must(err)
	engine, err := web.Engine(web.Options{Log: slog.New(slog.DiscardHandler), Now: time.Now, Routine: []string{"/ofrep/", "/access/"}, Measure: api.Measure})
	w.must(err)
	api.Mount(engine)
	return engine
}

// asker is one connection that asks and reads as fast as it can.
type asker struct {
	conn net.Conn
	in   *bufio.Reader
	out  []byte
}

func call(b *testing.B, server *httptest.Server) *asker {
	b.Helper()
	conn, err := new(net.Dialer).DialContext(b.Context(), "tcp", server.Listener.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	return &asker{conn: conn, in: bufio.NewReaderSize(conn, 16<<10)}
}

// ask sends one request and returns the length of the answer's body.
func (c *asker) ask(path, person string) (int, error) {
	c.out = append(append(c.out[:0], "POST "...), path...)
	c.out = append(c.out, " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+bootstrap+"\r\nContent-Type: application/json\r\nContent-Length: "...)
	c.out = strconv.AppendInt(c.out, int64(len(`{"context":{"targetingKey":""}}`)+len(person)), 10)
	c.out = append(append(append(c.out, "\r\n\r\n{\"context\":{\"targetingKey\":\""...), person...), `"}}`...)
	if _, err := c.conn.Write(c.out); err != nil {
		return 0, err
	}
	length := -1
	for line := 0; ; line++ {
		text, err := c.in.ReadSlice('\n')
		switch {
		case err != nil:
			return 0, err
		case line == 0 && !strings.Contains(string(text), " 200 "):
			return 0, fmt.Errorf("answered %s", text)
		case len(text) <= 2:
			return c.in.Discard(length)
		}
		if name, value, _ := strings.Cut(strings.TrimSpace(string(text)), ": "); name == "Content-Length" {
			if length, err = strconv.Atoi(value); err != nil {
				return 0, err
			}
		}
	}
}

// record is an answer as a handler gives it.
func record(handler http.Handler, path, person string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(`{"context":{"targetingKey":"`+person+`"}}`))
	r.Header.Set("Authorization", "Bearer "+bootstrap)
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w
}

// effort is what a stretch of asking took.
type effort struct {
	requests int
	wall     time.Duration
	cpu      time.Duration // of this process: the caller's part is the same for whoever answers
}

func (s *effort) add(o effort) {
	s.requests, s.wall, s.cpu = s.requests+o.requests, s.wall+o.wall, s.cpu+o.cpu
}

func (s effort) rate() float64   { return float64(s.requests) / s.wall.Seconds() }
func (s effort) each() float64   { return float64(s.cpu.Nanoseconds()) / float64(s.requests) }
func (s effort) micros() float64 { return s.each() / 1e3 }

// processor is how much processor time this process has had.
func processor(b testing.TB) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// press asks from all connections for a while.
func press(b *testing.B, callers []*asker, path string, people int) effort {
	b.Helper()
	var all sync.WaitGroup
	before := processor(b)
	counts := make([]int, len(callers))
	begun := time.Now()
	for i, c := range callers {
		all.Go(func() {
			for time.Since(begun) < 300*time.Millisecond {
				if _, err := c.ask(path, "u"+strconv.Itoa(1+rand.IntN(people))); err != nil {
					b.Error(err)
					return
				}
				counts[i]++
			}
		})
	}
	all.Wait()
	sum := 0
	for _, n := range counts {
		sum += n
	}
	return effort{sum, time.Since(begun), processor(b) - before}
}

// BenchmarkFlagsAgainstABareHandler holds answers over HTTP, with a key, for a
// random one of 100,000 limited people, against a bare gin handler that sends
// the same bytes, which are one of these answers with its headers: of_bare is
// the share of its throughput, in turns within one run. The caller shares the processors with both. of_bare_by_cpu is
// the same by processor time, which other work on the machine disturbs less.
func BenchmarkFlagsAgainstABareHandler(b *testing.B) {
	const people = 100_000
	ours := httptest.NewServer(crowded(b, people))
	b.Cleanup(ours.Close)
	for name, path := range map[string]string{"all": bulk, "one": bulk + "/messages.send"} {
		b.Run(name, func(b *testing.B) {
			answer := record(ours.Config.Handler, path, "u77777")
			if answer.Code != http.StatusOK {
				b.Fatal(answer.Code, answer.Body)
			}
			plain := gin.New()
			plain.POST("/*path", func(c *gin.Context) {
				maps.Copy(c.Writer.Header(), answer.Header())
				c.Status(http.StatusOK)
				_, _ = c.Writer.Write(answer.Body.Bytes())
			})
			bare := httptest.NewServer(plain)
			b.Cleanup(bare.Close)
			var mine, floor []*asker
			for range 16 {
				mine, floor = append(mine, call(b, ours)), append(floor, call(b, bare))
			}
			press(b, mine, path, people)
			var we, they effort
			for b.Loop() {
				they.add(press(b, floor, path, people))
				we.add(press(b, mine, path, people))
			}
			b.ReportMetric(we.rate()/they.rate(), "of_bare")
			b.ReportMetric(they.each()/we.each(), "of_bare_by_cpu")
			b.ReportMetric(we.micros(), "cpu_µs/req")
			b.ReportMetric(they.micros(), "bare_cpu_µs/req")
			b.ReportMetric(we.rate(), "req/s")
			b.ReportMetric(float64(answer.Body.Len()), "bytes")
		})
	}
}
