package demo_test

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"assent/config"
	"assent/demo"
	"assent/internal/testenv"
	"assent/ledger"
	"assent/models"
	"assent/terms"
	"assent/tracker"

	"golang.org/x/mod/sumdb/note"
)

// stage is a set demo on a real database, with real time standing still.
type stage struct {
	*testing.T
	*demo.Story
	clock   *demo.Clock
	tracker *tracker.Tracker
	store   *models.Store
	told    uint64 // the newest revision the followers were told of
	next    func() // happens once, when followers are told next
}

func sqliteStage(t *testing.T, people int) *stage {
	t.Helper()
	s := openStage(t, "sqlite:"+filepath.Join(t.TempDir(), "demo.db"), demo.Start())
	s.seed(people)
	return s
}

func openStage(t *testing.T, url string, at time.Time) *stage {
	t.Helper()
	store, err := models.Open(t.Context(), url, models.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	still := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	s := &stage{T: t, store: store, clock: demo.NewClock(at, func() time.Time { return still })}
	deps := s.deps()
	s.Story, s.tracker = demo.New(deps, s.clock), tracker.New(deps)
	return s
}

func (s *stage) deps() tracker.Deps {
	s.Helper()
	base, err := os.ReadFile("../config.yaml")
	if err != nil {
		s.Fatal(err)
	}
	settings, err := config.Load(base, "", nil)
	if err != nil {
		s.Fatal(err)
	}
	private, _, err := ledger.NewKey(rand.Reader, "harbor.example/log")
	if err != nil {
		s.Fatal(err)
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		s.Fatal(err)
	}
	return tracker.Deps{
		Store: s.store, Catalogue: settings.Catalogue, Now: s.clock.Now, Random: rand.Reader, Signer: signer,
		Committed: s.tell,
		Changed: func(ctx context.Context, changes []tracker.Change) error {
			return s.tell(ctx, changes[len(changes)-1].Revision)
		},
		Pace: tracker.Pace{
			Tick: time.Hour, Rows: 200, MaxRows: 1000, Hold: 20 * time.Millisecond, Duty: 0.3,
			Stopwatch: func() func() time.Duration {
				began := time.Now()
				return func() time.Duration { return time.Since(began) }
			},
			Rest: func(context.Context, time.Duration) { s.Error("a sweep of the demo rested") },
		},
	}
}

// tell is what followers are told, which nobody can take back any more.
func (s *stage) tell(ctx context.Context, revision uint64) error {
	if newest, err := s.tracker.Revision(ctx); err != nil || newest < revision {
		s.Errorf("followers are told of %d, and the newest that is there is %d: %v", revision, newest, err)
	}
	s.told = max(s.told, revision)
	if next := s.next; next != nil {
		s.next = nil
		next()
	}
	return nil
}

func (s *stage) seed(people int) {
	s.Helper()
	if err := s.Seed(s.Context(), demo.PlanFile(), people, nil); err != nil {
		s.Fatal(err)
	}
}

func (s *stage) advance(to time.Time) demo.Passed {
	s.Helper()
	passed, err := s.Advance(s.Context(), to, "test")
	if err != nil {
		s.Fatal(err)
	}
	return passed
}

func (s *stage) overview() tracker.Overview {
	s.Helper()
	o, err := s.tracker.Overview(s.Context(), demo.Campaign)
	if err != nil {
		s.Fatal(err)
	}
	return o
}

func (s *stage) position(person string) terms.Position {
	s.Helper()
	standing, err := s.tracker.Standing(s.Context(), person)
	if err != nil {
		s.Fatal(err)
	}
	return standing.Standing.Positions[0]
}

func date(month time.Month, day int) time.Time {
	return time.Date(2021, month, day, 0, 0, 0, 0, time.UTC)
}

func TestTheStorySeedsOnce(t *testing.T) {
	t.Parallel()
	s := sqliteStage(t, 300)
	s.seed(300)
	o := s.overview()
	if o.Plans != 1 || o.Totals.InScope+o.Totals.Exempt != 302 || o.Totals.Pending != o.Totals.InScope {
		t.Errorf("%d plans, %+v", o.Plans, o.Totals)
	}
	for _, document := range []string{"terms-of-service", "privacy-policy"} {
		list, err := s.tracker.Versions(t.Context(), document)
		if err != nil || len(list) != 2 {
			t.Fatalf("%d versions of %s, %v", len(list), document, err)
		}
		if list[0].Published != demo.Start() || list[1].Published != list[1].EffectiveAt {
			t.Errorf("%s was published %v and %v", document, list[0].Published, list[1].Published)
		}
	}
}

func TestTheStoryGoesAsTheCampaignOf2021Did(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "demo.db") },
		"postgres": func(t *testing.T) string { return testenv.Postgres(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openStage(t, url(t), demo.Start())
			s.seed(400)
			s.story()
		})
	}
}

// tell goes through the year and checks what everybody would look for.
func (s *stage) story() {
	s.Helper()
	share := func(low, high int64) {
		s.Helper()
		totals := s.overview().Totals
		if got := 100 * totals.Accepted / totals.InScope; got < low || got > high {
			s.Errorf("at %v %d %% have accepted, want %d to %d", s.clock.Now(), got, low, high)
		}
	}
	stands := func(person, stage string) {
		s.Helper()
		if got := s.position(person); got.Stage != stage || got.Status != terms.Pending {
			s.Errorf("at %v %s is %s at %q, want %q", s.clock.Now(), person, got.Status, got.Stage, stage)
		}
	}

	if p := s.advance(date(1, 5)); p.Sweeps+p.Looked+p.Accepted != 0 {
		s.Errorf("before the announcement: %+v", p)
	}
	first := s.advance(date(1, 20))
	if first.Told < 400*95/100 || first.Accepted == 0 || first.Declined == 0 || first.Snoozed == 0 || first.Looked == 0 {
		s.Errorf("the announcement: %+v", first)
	}
	share(28, 48)
	s.advance(date(5, 14))
	share(55, 75)
	stands(demo.Ana, "announced")
	s.advance(date(5, 16))
	stands(demo.Ana, "reminded")
	s.advance(date(6, 18))
	stands(demo.Ana, "persistent")
	if got := s.overview().Totals.Restricted; got != 0 {
		s.Errorf("%d people are restricted before 19 June", got)
	}
	s.advance(date(7, 5))
	stands(demo.Ana, "limited")
	s.advance(date(9, 1))
	stands(demo.Ana, "suspended_delivery")
	stands(demo.Ben, "reminded")
	share(72, 92)
	if s.told == 0 {
		s.Error("nobody was told of the changes")
	}
	s.checkEverybody()
}

// checkEverybody looks at what no story may do.
func (s *stage) checkEverybody() {
	s.Helper()
	last := map[string]int{}
	err := s.store.View(s.Context(), func(r tracker.Reader) error {
		moves, err := r.Transitions(s.Context(), demo.Campaign, "", 1_000_000)
		if err != nil {
			return err
		}
		for i := len(moves) - 1; i >= 0; i-- {
			m := moves[i]
			if m.From != last[m.Person] || m.To > m.From+1 {
				s.Errorf("%s went from %d to %d, and was at %d", m.Person, m.From, m.To, last[m.Person])
			}
			last[m.Person] = m.To
		}
		people, err := r.Positions(s.Context(), demo.Campaign, 0, 10_000)
		for _, e := range people {
			switch e.Country {
			case "DE", "FR", "GB", "IE", "ES":
				if e.Stage > 1 {
					s.Errorf("%s in %s is at stage %d", e.Person, e.Country, e.Stage)
				}
			case "TR", "AR":
				if e.Stage > 0 || e.Effect == terms.Full {
					s.Errorf("%s in %s is at stage %d, effect %q", e.Person, e.Country, e.Stage, e.Effect)
				}
			}
			if e.FirstNotice.IsZero() && e.Stage > 2 {
				s.Errorf("%s is at stage %d and never saw a notice", e.Person, e.Stage)
			}
		}
		return err
	})
	if err != nil {
		s.Fatal(err)
	}
}

func TestManySmallStepsTellTheSameStoryAsOneLargeOne(t *testing.T) {
	t.Parallel()
	one, many := sqliteStage(t, 150), sqliteStage(t, 150)
	end := date(7, 10)
	want := one.advance(end)
	got := demo.Passed{From: demo.Start(), To: end}
	for at := demo.Start(); at.Before(end); {
		at = at.Add(53*time.Hour + 17*time.Minute)
		if at.After(end) {
			at = end
		}
		p := many.advance(at)
		got.Sweeps, got.Moved, got.Told = got.Sweeps+p.Sweeps, got.Moved+p.Moved, got.Told+p.Told
		got.Looked, got.Accepted, got.Declined, got.Snoozed = got.Looked+p.Looked, got.Accepted+p.Accepted, got.Declined+p.Declined, got.Snoozed+p.Snoozed
	}
	if got != want {
		t.Errorf("many steps %+v\none step   %+v", got, want)
	}
	if a, b := one.overview().Totals, many.overview().Totals; a != b {
		t.Errorf("one step ends with %+v, many with %+v", a, b)
	}
}

func TestTheClockOnlyMovesForwardAndNotTooFar(t *testing.T) {
	t.Parallel()
	s := sqliteStage(t, 1)
	s.advance(date(1, 10))
	for name, to := range map[string]time.Time{
		"only moves forward":  date(1, 9),
		"at most two years":   date(1, 10).AddDate(3, 0, 0),
		"2021-01-10T00:00:00": demo.Start(),
	} {
		_, err := s.Advance(t.Context(), to, "test")
		if !errors.Is(err, terms.Invalid) || !strings.Contains(err.Error(), name) {
			t.Errorf("to %v: %v, want %q", to, err, name)
		}
	}
	if got := s.clock.Now(); !got.Equal(date(1, 10)) {
		t.Errorf("the clock stands at %v", got)
	}
}

func TestTwoMovesAtOnceAreRefused(t *testing.T) {
	t.Parallel()
	s := sqliteStage(t, 20)
	var second error
	s.next = func() { _, second = s.Advance(t.Context(), date(1, 9), "test") }
	s.advance(date(1, 8))
	if !errors.Is(second, terms.Conflict) {
		t.Errorf("the second move: %v", second)
	}
	s.advance(date(1, 9))
}

func TestPeopleWhoLeaveWhileTheClockMovesDoNotStopIt(t *testing.T) {
	t.Parallel()
	s := sqliteStage(t, 1500)
	s.advance(date(1, 6).Add(-time.Minute))
	gone := 0
	leave := func() {
		for _, p := range demo.Population(1500)[1000:] {
			if err := s.tracker.DeletePerson(t.Context(), p.ID, "test"); err != nil {
				t.Error(err)
			}
			gone++
		}
	}
	s.next = func() { s.next = leave } // first the sweep tells people, then they act
	p := s.advance(date(1, 6).Add(12 * time.Hour))
	totals := s.overview().Totals
	if gone == 0 || p.Accepted == 0 || int64(p.Accepted) < totals.Accepted || totals.InScope+totals.Exempt != int64(1502-gone) {
		t.Errorf("%d left; %+v; %+v", gone, p, totals)
	}
}

func TestAMoveThatEndsHalfwayCanBeTakenUpAgain(t *testing.T) {
	t.Parallel()
	s := sqliteStage(t, 60)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	passed, err := s.Advance(ctx, date(2, 1), "test")
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %+v, %v", passed, err)
	}
	if now := s.clock.Now(); now.After(date(1, 5)) {
		t.Errorf("the clock went on to %v", now)
	}
	if p := s.advance(date(2, 1)); p.Told == 0 || p.Accepted == 0 {
		t.Errorf("taken up again: %+v", p)
	}
}

func TestAChoiceAVisitorMakesStandsWhateverTheStoryDoes(t *testing.T) {
	t.Parallel()
	s := sqliteStage(t, 40)
	s.advance(date(7, 5))
	if got := s.position(demo.Ana).Stage; got != "limited" {
		t.Fatalf("Ana is at %q", got)
	}
	offer, err := s.tracker.Offer(t.Context(), demo.Ana, demo.Campaign)
	if err != nil {
		t.Fatal(err)
	}
	choice := tracker.Choice{Person: demo.Ana, Campaign: demo.Campaign, Action: terms.Accept, IdempotencyKey: "visitor", Method: ledger.MethodPage, Actor: "person"}
	for _, v := range offer.Versions {
		text, _ := v.TextIn("pt-BR")
		choice.Documents = append(choice.Documents, terms.DocumentText{Document: v.Document, Version: v.Version, Locale: text.Locale, SHA256: text.SHA256})
	}
	if _, created, err := s.tracker.Respond(t.Context(), choice); err != nil || !created {
		t.Fatalf("respond: %v, %v", created, err)
	}
	s.advance(date(10, 1))
	if got := s.position(demo.Ana); got.Stage != "announced" || got.Status != terms.Accepted {
		t.Errorf("Ana is %s at %q", got.Status, got.Stage)
	}
	history, err := s.tracker.History(t.Context(), demo.Ana)
	if err != nil || len(history) != 1 {
		t.Errorf("Ana has made %d choices, %v", len(history), err)
	}
}

func TestUnderAHoldNobodyIsAskedOrMoved(t *testing.T) {
	t.Parallel()
	s := sqliteStage(t, 60)
	s.advance(date(2, 1))
	hold := terms.Hold{Campaign: demo.Campaign, Reason: "An inquiry", Clock: terms.ClockStop, Effect: terms.Freeze}
	if _, err := s.tracker.PlaceHold(t.Context(), hold, "test"); err != nil {
		t.Fatal(err)
	}
	if p := s.advance(date(8, 1)); p.Moved+p.Told+p.Looked+p.Accepted+p.Declined+p.Snoozed != 0 {
		t.Errorf("under a hold: %+v", p)
	}
}

func TestEveryMoveOfTheClockIsInTheAuditLog(t *testing.T) {
	t.Parallel()
	s := sqliteStage(t, 1)
	s.advance(date(1, 5))
	err := s.store.View(t.Context(), func(r tracker.Reader) error {
		acts, err := r.Acts(t.Context(), 1)
		if err == nil && (len(acts) != 1 || acts[0].Action != "demo.clock" || acts[0].Actor != "test" || acts[0].Object != "2021-01-05T00:00:00Z") {
			t.Errorf("got %+v", acts)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheDemoBeginsWhereItsFactsEnd(t *testing.T) {
	t.Parallel()
	url := "sqlite:" + filepath.Join(t.TempDir(), "demo.db")
	s := openStage(t, url, demo.Start())
	begins := func(wanted time.Time) time.Time {
		t.Helper()
		at, err := demo.Begin(t.Context(), s.store, wanted)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	if got := begins(time.Time{}); got != demo.Start() {
		t.Errorf("an empty store begins at %v", got)
	}
	s.seed(5)
	s.advance(date(3, 3))
	if got := begins(time.Time{}); got != date(3, 3) {
		t.Errorf("a used store begins at %v", got)
	}
	if got := begins(date(4, 1)); got != date(4, 1) {
		t.Errorf("wanted later, it begins at %v", got)
	}
	if _, err := demo.Begin(t.Context(), s.store, date(3, 1)); !errors.Is(err, terms.Conflict) {
		t.Errorf("wanted earlier: %v", err)
	}
}

func TestAnOutageIsCaughtUpOneStageAtATime(t *testing.T) {
	t.Parallel()
	url := "sqlite:" + filepath.Join(t.TempDir(), "demo.db")
	s := openStage(t, url, demo.Start())
	s.seed(30)
	s.advance(date(3, 1))
	later := openStage(t, url, date(3, 1).AddDate(1, 0, 0))
	if p := later.advance(later.clock.Now().Add(time.Hour)); p.Moved == 0 {
		t.Fatalf("nothing was caught up: %+v", p)
	}
	if got := later.position(demo.Ana).Stage; got != "reminded" {
		t.Errorf("after a year without a sweep Ana is at %q", got)
	}
}

func TestTheClockRunsOnFromWhereItWasSet(t *testing.T) {
	t.Parallel()
	real := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	c := demo.NewClock(demo.Start(), func() time.Time { return real })
	real = real.Add(90 * time.Second)
	if got := c.Now(); got != demo.Start().Add(90*time.Second) {
		t.Errorf("the clock shows %v", got)
	}
}
