package e2e_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"assent/enforce"
	"assent/internal/testenv"
)

const (
	minds  = 8                      // people who change theirs, each on their own
	change = 128                    // how often each of them does
	pause  = 500 * time.Millisecond // at most, before the next: two of the rounds in which a server looks, so that no phase is favoured
	look   = time.Millisecond       // between two questions of those who have to ask
	sight  = 200 * time.Microsecond // between two looks into the memory of this process
	shared = "business.data_sharing"
)

// BenchmarkAnAcceptanceIsKnown measures how long it takes until an acceptance or
// a withdrawal, once its reply says that it is on the disk, is known: to the next
// who asks the server that took it (same, a round trip), to a web client that
// listens (reader), in the memory of a server of yours that follows (enforce);
// and, where two servers share a database, to whoever asks the second (other),
// listens to it or follows it. Whoever knows before the reply is read knows after
// 0. reply is how long the choice took, and whole is that and same. sync is what a write
// of 8 KiB to the same disk takes meanwhile, which no reply can be sooner than. The
// PostgreSQL is one of its own, which syncs.
func BenchmarkAnAcceptanceIsKnown(b *testing.B) {
	for name, database := range map[string]func(*testing.B) string{
		"sqlite":   func(b *testing.B) string { b.Helper(); return "sqlite:" + b.TempDir() + "/assent.db" },
		"postgres": synced,
	} {
		for servers := 1; servers <= 2; servers++ {
			b.Run(fmt.Sprintf("%s/servers=%d", name, servers), func(b *testing.B) {
				settings := []string{"ASSENT_DATABASE_URL=" + database(b), "ASSENT_SECRETS_DIRECTORY=" + b.TempDir()}
				k := &knowing{took: map[string][]time.Duration{}}
				for i := range servers {
					s := newSite(b, settings...).start("serve")
					if i == 0 {
						s.campaign()
					}
					k.servers, k.points = append(k.servers, s), append(k.points, k.follows(s))
				}
				for i := range minds {
					person := fmt.Sprint("bia", i)
					k.servers[0].person(person, "BR", "pt-BR")
					last := k.servers[servers-1]
					last.eventually("the last server knows "+person, func() bool { return strings.Contains(last.answers(person), campaign) })
				}
				for round := 0; b.Loop(); round++ {
					k.rounds(b, round)
				}
				k.report(b)
			})
		}
	}
}

// which server it is, in the names of what is measured.
var which = []string{"", "other-"}

// synced is a database of a PostgreSQL that keeps what it acknowledges.
func synced(b *testing.B) string {
	b.Helper()
	cluster, err := testenv.Start("fsync=on", "full_page_writes=on")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := cluster.Stop(); err != nil {
			b.Error(err)
		}
	})
	return cluster.Database(b)
}

// knowing is one server or two, those who want to know what they know, and how long that took.
type knowing struct {
	servers []*site // the first takes the choices
	points  []*enforce.Client

	mu   sync.Mutex
	took map[string][]time.Duration
}

// patient keeps a connection open for everybody who asks.
var patient = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 4 * minds}}

// follows has a server of ours follow one of Assent's.
func (k *knowing) follows(s *site) *enforce.Client {
	s.Helper()
	c, err := enforce.New(enforce.Options{URL: s.url, Key: key})
	if err != nil {
		s.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := c.Run(ctx); !errors.Is(err, context.Canceled) {
			s.Error(err)
		}
	}()
	s.Cleanup(func() { stop(); <-ended })
	s.eventually("the changes are followed", func() bool { return c.Status().Connected })
	return c
}

// rounds has everybody change their mind for a while.
func (k *knowing) rounds(b *testing.B, round int) {
	b.Helper()
	var all sync.WaitGroup
	for i := range minds {
		all.Go(func() {
			if err := k.changes(fmt.Sprint("bia", i), round); err != nil {
				k.servers[0].Error(err)
			}
		})
	}
	ended := make(chan struct{})
	go func() { defer close(ended); all.Wait() }()
	file, err := os.Create(b.TempDir() + "/sync")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = file.Close() }() // nobody needs it
	for page := make([]byte, 8<<10); ; {
		select {
		case <-ended:
			return
		case <-time.After(pause / 5):
		}
		begun := time.Now()
		if _, err := file.Write(page); err != nil {
			b.Error(err)
		}
		if err := file.Sync(); err != nil {
			b.Error(err)
		}
		k.mu.Lock()
		k.took["sync"] = append(k.took["sync"], time.Since(begun))
		k.mu.Unlock()
	}
}

// changes has one person change theirs.
func (k *knowing) changes(person string, round int) error {
	told := map[string]<-chan time.Time{}
	for i, s := range k.servers {
		notices, hangUp, err := s.listens(person)
		if err != nil {
			return err
		}
		defer hangUp()
		told[which[i]+"reader"] = notices
	}
	for n := range change {
		time.Sleep(rand.N(pause))
		if err := k.once(person, n%2 == 0, fmt.Sprint(round, "-", n), told); err != nil {
			return fmt.Errorf("%s, change %d: %w", person, n, err)
		}
	}
	return nil
}

// once makes one change, and waits until all know.
func (k *knowing) once(person string, on bool, idempotency string, told map[string]<-chan time.Time) error {
	ctx, cancel := context.WithTimeout(k.servers[0].Context(), patience)
	defer cancel()
	var mu sync.Mutex
	var all sync.WaitGroup
	known, failed := map[string]time.Time{}, error(nil)
	watch := func(name string, wait func(context.Context) (time.Time, error)) {
		all.Go(func() {
			at, err := wait(ctx)
			mu.Lock()
			defer mu.Unlock()
			known[name] = at
			if err != nil {
				failed = errors.Join(failed, fmt.Errorf("%s: %w", name, err))
			}
		})
	}
	for name, notices := range told {
		if len(notices) != 0 {
			cancel()
			all.Wait()
			return fmt.Errorf("%s was told of nothing", name)
		}
		watch(name, func(ctx context.Context) (time.Time, error) {
			select {
			case at := <-notices:
				return at, nil
			case <-ctx.Done():
				return time.Time{}, ctx.Err()
			}
		})
	}
	for i, point := range k.points {
		watch(which[i]+"enforce", func(ctx context.Context) (time.Time, error) {
			return until(ctx, sight, func() (bool, error) { return point.Granted(person, shared) == on, nil })
		})
	}
	for _, s := range k.servers[1:] {
		watch("other", func(ctx context.Context) (time.Time, error) {
			return until(ctx, look, func() (bool, error) { return s.shares(ctx, person, on) })
		})
	}
	action := map[bool]string{true: "accepted", false: "withdrawn"}[on]
	sent := time.Now()
	err := k.servers[0].posts(ctx, "/api/v1/people/"+person+"/responses", object("campaign", campaign, "action", action, "documents", documents("pt-BR"), "presented_at", sent.UTC().Format(time.RFC3339)), idempotencyKey, idempotency+person)
	replied := time.Now()
	if err != nil {
		cancel()
		all.Wait()
		return err
	}
	same, err := k.servers[0].shares(ctx, person, on)
	again := time.Now()
	all.Wait()
	if failed = errors.Join(failed, err); failed == nil && !same {
		failed = errors.New("the server that took it does not know after its reply")
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.took["reply"] = append(k.took["reply"], replied.Sub(sent))
	k.took["same"] = append(k.took["same"], again.Sub(replied))
	k.took["whole"] = append(k.took["whole"], again.Sub(sent))
	for name, at := range known {
		k.took[name] = append(k.took[name], max(0, at.Sub(replied)))
	}
	return failed
}

// until looks again and again, and returns when something was first seen to hold.
func until(ctx context.Context, every time.Duration, holds func() (bool, error)) (time.Time, error) {
	for {
		ok, err := holds()
		if ok || err != nil {
			return time.Now(), err
		}
		select {
		case <-time.After(every):
		case <-ctx.Done():
			return time.Now(), ctx.Err()
		}
	}
}

// asks sends a request whose answer is to be read.
func (s *site) asks(ctx context.Context, method, path, body string, headers ...string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, s.url+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return patient.Do(r)
}

func (s *site) posts(ctx context.Context, path, body string, headers ...string) error {
	answer, err := s.asks(ctx, http.MethodPost, path, body, headers...)
	if err != nil {
		return err
	}
	said, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close() // it was read
	if answer.StatusCode != http.StatusCreated {
		return fmt.Errorf("%s: %s", answer.Status, said)
	}
	return err
}

// shares reports whether the flag of a person is as wanted.
func (s *site) shares(ctx context.Context, person string, on bool) (bool, error) {
	answer, err := s.asks(ctx, http.MethodPost, "/ofrep/v1/evaluate/flags/"+shared, `{"context":{"targetingKey":"`+person+`"}}`)
	if err != nil {
		return false, err
	}
	said, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close() // it was read
	if err != nil || answer.StatusCode != http.StatusOK {
		return false, fmt.Errorf("%s: %s %w", answer.Status, said, err)
	}
	return strings.Contains(string(said), fmt.Sprintf(`"value":%t`, on)), nil
}

// listens is a web client of a person's: when it is told is received, once it is sure to be.
func (s *site) listens(person string) (<-chan time.Time, func(), error) {
	first, err := s.try("POST", "/ofrep/v1/evaluate/flags", object("context", map[string]string{"targetingKey": person}))
	if err != nil {
		return nil, nil, err
	}
	ctx, hangUp := context.WithCancel(s.Context())
	answer, err := s.asks(ctx, http.MethodGet, first.text("eventStreams/0/endpoint/requestUri"), "", "Accept", "text/event-stream")
	if err != nil || answer.StatusCode != http.StatusOK {
		hangUp()
		return nil, nil, fmt.Errorf("listen for %s: %v, %w", person, answer, err)
	}
	in, told, ready := bufio.NewScanner(answer.Body), make(chan time.Time, 16), make(chan struct{})
	go func() {
		defer func() { _ = answer.Body.Close() }() // the other side has ended it, or hangUp
		opened := sync.OnceFunc(func() { close(ready) })
		for in.Scan() {
			switch line := in.Text(); {
			case strings.HasPrefix(line, "data: "):
				told <- time.Now()
			case strings.HasPrefix(line, "retry: "):
				opened()
			}
		}
	}()
	select {
	case <-ready:
		return told, hangUp, nil
	case <-time.After(patience):
		hangUp()
		return nil, nil, fmt.Errorf("%s cannot listen", person)
	}
}

// report is half of the times, and all but a hundredth of them.
func (k *knowing) report(b *testing.B) {
	b.Helper()
	for name, took := range k.took {
		slices.Sort(took)
		for unit, share := range map[string]float64{"p50": 0.5, "p99": 0.99, "max": 1} {
			at := took[min(int(share*float64(len(took))), len(took)-1)]
			b.ReportMetric(float64(at)/float64(time.Millisecond), name+"-"+unit+"-ms")
		}
	}
	b.ReportMetric(0, "ns/op")
}
