package battery_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"assent/internal/testenv"
	"assent/models"
	"assent/terms"
	"assent/tracker"
)

// program is the binary under test.
var program string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "assent-battery-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }() // the system clears what is left of a temporary directory
	program = filepath.Join(dir, "assent")
	build := exec.CommandContext(context.Background(), "go", "build", "-o", program, "assent")
	if output, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the program: %v\n%s", err, output)
		return 1
	}
	return m.Run()
}

// site is one database that several servers share, and the test looks into.
type site struct {
	*clockwork
	settings []string
	servers  []*server
	due      []string // whom the next sweep of all restricts
}

// server is one run of the program.
type server struct {
	*exec.Cmd
	log   testenv.Log
	ended chan struct{}
}

// newSite makes a database in which people are due to lose something now, by
// living through the months before with a clock of its own. Besides those there
// are three tenths as many whom no notice reached, a tenth who are held and a tenth
// who are exempt.
func newSite(t *testing.T, url string, people int, settings ...string) *site {
	t.Helper()
	real := time.Now().UTC().Truncate(5 * time.Minute)
	w := &wall{}
	set := func(at time.Time) { w.off = time.Until(at) }
	s := &site{clockwork: newClockwork(t, url, 5*time.Minute, w.now, models.Options{})}
	t.Cleanup(s.stop)
	p := ladder(real.Add(-96 * day)) // 60 days to the deadline, 35 to the stage that takes something, one ago
	p.Stages[3].Spread, p.Regions = 0, nil
	set(p.AnnounceAt.Add(-time.Hour))
	var list []script
	var notices []tracker.ReportedNotice
	for i := range people + people/2 {
		one := script{id: fmt.Sprintf("p-%05d", i), country: "BR", created: p.AnnounceAt.Add(-400 * day)}
		switch {
		case i < people:
			s.due = append(s.due, one.id)
		case i < people+people/10:
			one.country = "IN"
		}
		if i < people+people/5 {
			notices = append(notices, tracker.ReportedNotice{Person: one.id, Campaign: campaign, Channel: tracker.InApp, Presented: true})
		}
		list = append(list, one)
	}
	s.add(list, func(script) bool { return true })
	s.publish(p)
	for _, after := range []time.Duration{time.Hour, 60 * day, 88*day + time.Hour, 94*day + 2*time.Hour} { // told, reminded, persistent, warned
		set(p.AnnounceAt.Add(after + 10*time.Minute))
		_, err := s.Sweep(t.Context(), w.now())
		must(t, err)
		for i := 0; i < len(notices); i += tracker.MaxBatch {
			must(t, s.NoticeMany(t.Context(), notices[i:min(i+tracker.MaxBatch, len(notices))]))
		}
	}
	_, err := s.PlaceHold(t.Context(), terms.Hold{Campaign: campaign, Scope: terms.Scope{Region: "IN"}, Reason: "asked for", Clock: terms.ClockStop, Effect: terms.Freeze}, "mei")
	must(t, err)
	for i := people + people/10; i < people+people/5; i++ {
		_, err := s.Exempt(t.Context(), tracker.Exemption{Person: list[i].id, Campaign: campaign, Reason: "a court"}, "mei")
		must(t, err)
	}
	set(time.Now())
	w.off = 0
	dir := t.TempDir()
	secrets := filepath.Join(dir, "secrets")
	must(t, os.Mkdir(secrets, 0o700))
	must(t, os.WriteFile(filepath.Join(secrets, "ledger.key"), []byte(s.key+"\n"), 0o600)) // the log has begun
	s.settings = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + dir, "ASSENT_SERVER_LISTEN=127.0.0.1:0", "ASSENT_DATABASE_URL=" + url,
		"ASSENT_SECRETS_DIRECTORY=" + secrets, "ASSENT_LEDGER_ORIGIN=" + origin, "ASSENT_SCHEDULER_TICK=@every 1s",
		"ASSENT_SCHEDULER_CHUNK_ROWS=20", "ASSENT_SCHEDULER_CHUNK_HOLD=10ms", "ASSENT_SCHEDULER_DUTY=0.1", "ASSENT_SCHEDULER_LEASE_TTL=2s",
	}, settings...)
	return s
}

// serve starts a server and returns when it answers.
func (s *site) serve() *server {
	s.t.Helper()
	v := s.serveBy([]string{program})
	s.eventually("a server answers", 30*time.Second, func() bool {
		select {
		case <-v.ended:
			s.t.Fatalf("a server ended:\n%s", &v.log)
		default:
		}
		return strings.Contains(v.log.String(), "msg=serving")
	})
	return v
}

// serveBy starts a server by a command, with more settings.
func (s *site) serveBy(command []string, more ...string) *server {
	s.t.Helper()
	command = append(slices.Clone(command), "serve")
	v := &server{Cmd: exec.CommandContext(context.Background(), command[0], command[1:]...), ended: make(chan struct{})}
	v.Env, v.Dir, v.Stderr = append(slices.Clone(s.settings), more...), s.t.TempDir(), &v.log
	v.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	must(s.t, v.Start())
	go func() { _ = v.Wait(); close(v.ended) }()
	s.t.Cleanup(func() {
		_ = v.Process.Kill() // it may be gone already
		<-v.ended
	})
	s.servers = append(s.servers, v)
	return v
}

func (v *server) signal(sig syscall.Signal) { _ = v.Process.Signal(sig) } // which a dead one does not hear

// eventually waits for something.
func (s *site) eventually(what string, patience time.Duration, so func() bool) {
	s.t.Helper()
	if !s.within(patience, so) {
		for i, v := range s.servers {
			s.t.Logf("server %d:\n%s", i, tail(v.log.String()))
		}
		s.t.Fatalf("not within %s: %s", patience, what)
	}
}

func (s *site) within(patience time.Duration, so func() bool) bool {
	for deadline := time.Now().Add(patience); !so(); {
		if time.Now().After(deadline) {
			return false
		}
		time.Sleep(50 * time.Millisecond)
	}
	return true
}

func tail(log string) string {
	return log[:min(len(log), 1500)] + "…" + log[max(0, len(log)-500):]
}

// restricted is how many people were newly restricted, by the rollup.
func (s *site) restricted() int {
	s.t.Helper()
	o, err := s.Overview(s.t.Context(), campaign)
	must(s.t, err)
	return int(o.Totals.Restricted)
}

// settled checks that whoever was due was moved once, and nobody else.
func (s *site) settled() {
	s.t.Helper()
	rows, moves := s.positions(), s.transitions()
	entered := 0
	for person, e := range rows {
		n := 0
		for _, one := range moves[person] {
			if one.To == 3 {
				n++
			}
		}
		due := person < fmt.Sprintf("p-%05d", len(s.due))
		if want := map[bool]int{true: 1, false: 0}[due]; n != want || due && e.Stage != 3 || !due && e.Stage == 3 {
			s.t.Fatalf("%s was moved there %d times, want %d, and is at stage %d: %+v", person, n, want, e.Stage, moves[person])
		}
		entered += n
	}
	if entered != len(s.due) || s.restricted() != len(s.due) {
		s.t.Fatalf("%d transitions and %d restricted of %d who were due", entered, s.restricted(), len(s.due))
	}
	for i, v := range s.servers {
		if log := v.log.String(); strings.Contains(log, "panic") || strings.Contains(log, "DATA RACE") {
			s.t.Errorf("server %d:\n%s", i, log)
		}
	}
}

// free lets every run through the breaker.
func free() []string { return []string{"ASSENT_BREAKER_SHARE=1", "ASSENT_BREAKER_FLOOR=1000000"} }

// databases make an empty one each, and say how many servers share it.
func databases(t *testing.T) map[string]func() (string, int) {
	return map[string]func() (string, int){
		"sqlite":   func() (string, int) { return "sqlite:" + filepath.Join(t.TempDir(), "assent.db"), 2 },
		"postgres": func() (string, int) { return testenv.Postgres(t), 5 },
	}
}

// TestServersThatAreKilledAndStoppedAtRandomMoveEachPersonOnce lets several
// servers share a database with the lease and without it, while they are killed,
// stopped for longer than the lease lasts, and woken. ASSENT_BATTERY_ROUNDS says
// how often, ASSENT_BATTERY_PEOPLE for how many.
func TestServersThatAreKilledAndStoppedAtRandomMoveEachPersonOnce(t *testing.T) {
	people := size(t, "ASSENT_BATTERY_PEOPLE", 1000)
	for name, database := range databases(t) {
		for _, lease := range []string{"true", "false"} {
			t.Run(name+" with lease "+lease, func(t *testing.T) {
				for round := range size(t, "ASSENT_BATTERY_ROUNDS", 1) {
					url, servers := database()
					s := newSite(t, url, people, append(free(), "ASSENT_SCHEDULER_LEASE="+lease)...)
					s.chaos(servers, lease == "true", rand.New(rand.NewPCG(uint64(round), uint64(people))))
					s.settled()
				}
			})
		}
	}
}

// chaos runs servers until nobody is due any more.
func (s *site) chaos(servers int, lease bool, random *rand.Rand) {
	s.t.Helper()
	done := func() bool { return s.restricted() == len(s.due) }
	running := []*server{s.serve()}
	for first := running[0]; lease && !s.zombie(first, &running, servers); first = running[0] {
		if done() {
			s.t.Fatal("it was over before a server could be stopped in the middle of it; have more people")
		}
	}
	for len(running) < servers {
		running = append(running, s.serve())
	}
	kills, stops := 0, 0
	for deadline := time.Now().Add(2 * time.Minute); !done(); {
		if time.Now().After(deadline) {
			s.eventually("everybody who was due is moved", 0, done)
		}
		time.Sleep(time.Duration(100+random.IntN(400)) * time.Millisecond)
		i := random.IntN(len(running))
		switch random.IntN(3) {
		case 0:
			running[i].signal(syscall.SIGKILL)
			<-running[i].ended
			running[i] = s.serve()
			kills++
		case 1:
			v := running[i]
			v.signal(syscall.SIGSTOP)
			time.AfterFunc(time.Duration(500+random.IntN(3000))*time.Millisecond, func() { v.signal(syscall.SIGCONT) })
			stops++
		}
	}
	for _, v := range running {
		v.signal(syscall.SIGCONT)
	}
	time.Sleep(3 * time.Second) // let whoever was stopped try to go on
	s.t.Logf("%d killed, %d stopped", kills, stops)
}

// zombie stops the server that sweeps until another has taken over, and sees it
// refused when it wakes. False where it was stopped in the middle of a write,
// for which the others have to wait.
func (s *site) zombie(first *server, running *[]*server, servers int) bool {
	s.t.Helper()
	s.eventually("it begins", time.Minute, func() bool { return s.restricted() > 0 })
	first.signal(syscall.SIGSTOP)
	defer first.signal(syscall.SIGCONT)
	if len(*running) < servers {
		*running = append(*running, s.serve())
	}
	before := s.restricted()
	if !s.within(8*time.Second, func() bool { return s.restricted() > before }) {
		return false
	}
	first.signal(syscall.SIGCONT)
	s.eventually("the zombie is refused", 30*time.Second, func() bool {
		return strings.Contains(first.log.String(), tracker.ErrLeaseLost.Error())
	})
	return true
}

// TestServersStopBeforeTheFirstRestrictionThatIsTooMuch has the breaker as it is
// configured, a pause, and a preview that says what then happens.
func TestServersStopBeforeTheFirstRestrictionThatIsTooMuch(t *testing.T) {
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			url, servers := database()
			s := newSite(t, url, 1000, "ASSENT_SCHEDULER_LEASE=false", "ASSENT_SCHEDULER_DUTY=1", "ASSENT_SCHEDULER_CHUNK_ROWS=200")
			for range servers {
				s.serve()
			}
			s.eventually("the breaker trips", 30*time.Second, func() bool {
				b, err := s.BreakerOf(t.Context(), campaign)
				must(t, err)
				return !b.TrippedAt.IsZero() && b.Would == int64(len(s.due))
			})
			_, err := s.Pause(t.Context(), "look at this first", "mei")
			must(t, err)
			_, err = s.Expect(t.Context(), tracker.Expectation{Campaign: campaign, People: int64(len(s.due)), Until: time.Now().Add(day), Reason: "the preview"}, "ben")
			must(t, err)
			time.Sleep(4 * time.Second) // ticks of all servers
			if n := s.restricted(); n != 0 {
				t.Fatalf("%d restricted while paused", n)
			}
			foreseen := map[string]bool{}
			_, err = s.Preview(t.Context(), campaign, time.Time{}, tracker.PreviewOptions{Each: func(p tracker.PreviewPerson) error {
				foreseen[p.Person] = p.Action == terms.Enter && p.To == "limited"
				return nil
			}})
			must(t, err)
			must(t, s.Resume(t.Context(), "as foreseen", "mei"))
			s.eventually("everybody who was due is moved", time.Minute, func() bool { return s.restricted() == len(s.due) })
			s.settled()
			for _, person := range s.due {
				if !foreseen[person] {
					t.Fatalf("%s was not foreseen", person)
				}
			}
			if len(foreseen) != len(s.due) {
				t.Fatalf("%d foreseen, and %d moved", len(foreseen), len(s.due))
			}
		})
	}
}
