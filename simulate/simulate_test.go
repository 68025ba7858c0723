package simulate_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"assent/config"
	"assent/models"
	"assent/planfile"
	"assent/scheduler"
	"assent/simulate"
	"assent/terms"
	"assent/tracker"
)

// options simulate 400 people under an example plan.
func options(t *testing.T) (simulate.Options, config.Config) {
	t.Helper()
	read := func(path string) []byte {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	settings, err := config.Load(read("../config.yaml"), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	o := simulate.Options{People: 400, Days: 210, Decline: 0.05, Reach: 0.9, Seed: 7, Source: read("../examples/whatsapp-2021-05.yaml")}
	var errs [4]error
	o.Plan, errs[0] = planfile.Load(o.Source, nil, settings.Catalogue)
	o.Accept, errs[1] = simulate.ParseCurve("whatsapp")
	o.Countries, errs[2] = simulate.ParseMix("BR:50,IN:30,DE:20")
	o.Next, errs[3] = scheduler.Ticks(settings.Scheduler.Tick)
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
	return o, settings
}

func run(t *testing.T, o simulate.Options, settings config.Config) simulate.Result {
	t.Helper()
	store, err := models.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "assent.db"), models.Options{Throwaway: true})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	r, err := simulate.Run(t.Context(), tracker.Deps{
		Store: store, Catalogue: settings.Catalogue, Guard: tracker.Guard(settings.Breaker), Pace: tracker.Pace{Tick: 5 * time.Minute},
	}, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestTheSameOptionsGiveTheSameResult(t *testing.T) {
	t.Parallel()
	o, settings := options(t)
	o.Holds = []simulate.Hold{{From: day(5, 7), To: day(6, 20), Region: "BR"}}
	first := run(t, o, settings)
	if again := run(t, o, settings); !reflect.DeepEqual(first, again) {
		t.Fatal("two runs differ")
	}
	o.Seed++
	if other := run(t, o, settings); reflect.DeepEqual(first.Days, other.Days) {
		t.Fatal("another seed makes no difference")
	}
}

func day(month time.Month, day int) time.Time {
	return time.Date(2021, month, day, 0, 0, 0, 0, time.UTC)
}

func TestPeopleAcceptAlongTheCurveAndClimbAsThePlanSays(t *testing.T) {
	t.Parallel()
	o, settings := options(t)
	r := run(t, o, settings)
	if len(r.Days) != o.Days || r.Days[0].Date != "2021-01-06" {
		t.Fatalf("%d days from %s", len(r.Days), r.Days[0].Date)
	}
	for _, d := range r.Days {
		var people int64
		for _, n := range d.Stages {
			people += n
		}
		if people+d.Accepted+d.Exempt != int64(o.People) {
			t.Fatalf("%s: %+v does not add up to %d", d.Date, d, o.People)
		}
		date := r.Start.AddDate(0, 0, d.Day)
		deadline := day(5, 15)
		if date.Before(deadline) && d.Stages[1] > 0 || date.Before(deadline.AddDate(0, 0, 35)) && d.Restricted > 0 {
			t.Errorf("%s: somebody is too far: %v", d.Date, d.Stages)
		}
	}
	share := func(d simulate.Day) float64 { return float64(d.Accepted) / float64(int64(o.People)-d.Exempt) }
	for at, want := range map[int]float64{29: 0.38, 128: 0.72, 199: 0.90} {
		if got := share(r.Days[at]); math.Abs(got-want) > 0.06 {
			t.Errorf("day %d: %.2f have accepted, want about %.2f", at, got, want)
		}
	}
	last := r.Days[len(r.Days)-1]
	if last.Restricted == 0 || last.Stages[4] != last.Restricted || r.Totals.Unreached == 0 || last.Declined == 0 {
		t.Errorf("at the end: %+v, %+v", last, r.Totals)
	}
	if r.Totals.Ticks != o.Days*288 || r.Totals.Runs >= r.Totals.Ticks/10 || r.Totals.PassedOver != r.Totals.Ticks-r.Totals.Runs {
		t.Errorf("ticks: %+v", r.Totals)
	}
}

func TestTheBreakerOfTheSettingsTripsAndTheSimulationGoesOn(t *testing.T) {
	t.Parallel()
	o, settings := options(t)
	settings.Breaker = config.Breaker{Share: 0.001, Floor: 2, Factor: 2}
	o.Accept, _ = simulate.ParseCurve("none")
	r := run(t, o, settings)
	if len(r.Trips) == 0 || r.Trips[0].At.Before(day(6, 19)) || r.Trips[0].Limit != 2 || r.Trips[0].Approve <= 2 {
		t.Fatalf("trips: %+v", r.Trips)
	}
	if r.Totals.Restricted < 100 {
		t.Fatalf("%d are restricted in the end", r.Totals.Restricted)
	}
}

func TestAHoldAndAReversalChangeWhoIsWhere(t *testing.T) {
	t.Parallel()
	o, settings := options(t)
	o.Days, o.Countries = 200, simulate.Mix{{Country: "BR", Weight: 1}}
	free := run(t, o, settings)
	o.Holds = []simulate.Hold{{From: day(5, 7), To: day(12, 31), Region: "BR"}}
	if held := run(t, o, settings); free.Totals.Restricted == 0 || held.Totals.MostRestricted != 0 {
		t.Errorf("restricted: %d without the hold, at most %d with it", free.Totals.Restricted, held.Totals.MostRestricted)
	}
	o.Holds, o.Reversals = nil, []simulate.Reversal{{At: day(7, 10), To: "announced"}}
	if back := run(t, o, settings); back.Totals.MostRestricted == 0 || back.Totals.Restricted != 0 {
		t.Errorf("after the reversal: %+v", back.Totals)
	}
}

func TestAResultIsDrawnInThreeWays(t *testing.T) {
	t.Parallel()
	o, settings := options(t)
	o.Days = 30
	r := run(t, o, settings)
	var chart, table, svg bytes.Buffer
	if err := errors.Join(r.Write(&chart), r.WriteCSV(&table), r.WriteSVG(&svg, o.Plan.Deadline)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"example-may: 400 people over 30 days from 6 Jan 2021, seed 7", "█", "0 announced", "accepted (", "no run would be stopped"} {
		if !strings.Contains(chart.String(), want) {
			t.Errorf("the chart does not say %q:\n%s", want, &chart)
		}
	}
	if rows := strings.Count(table.String(), "\n"); rows != 1+30*5 {
		t.Errorf("%d rows for 30 days and 5 stages", rows)
	}
	decoder := xml.NewDecoder(&svg)
	for {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("the drawing is not well-formed: %v", err)
		}
	}
}

func TestOptionsThatCannotBeAreRefusedAtOnce(t *testing.T) {
	t.Parallel()
	var faults terms.Faults
	if err := (simulate.Options{Decline: 2, Reach: -1}).Check(); !errors.As(err, &faults) || len(faults) != 5 {
		t.Errorf("faults: %v", faults)
	}
	for _, text := range []string{"wave", "7:0.5,3:0.6", "7:0.5,9:0.4", "1:1.5", "1:NaN", "-1:0.1"} {
		if _, err := simulate.ParseCurve(text); err == nil {
			t.Errorf("the curve %q is taken", text)
		}
	}
	for _, text := range []string{"", "BR", "br:1", "BR:-1", "BR:0"} {
		if _, err := simulate.ParseMix(text); err == nil {
			t.Errorf("the countries %q are taken", text)
		}
	}
}
