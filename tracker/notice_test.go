package tracker_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"assent/terms"
	"assent/tracker"
)

// reported are the notices of p-0 that somebody reported, newest first.
func (w *world) reported() []tracker.Notice {
	w.t.Helper()
	file, err := w.File(w.t.Context(), "p-0")
	if err != nil {
		w.t.Fatal(err)
	}
	var list []tracker.Notice
	for _, n := range file.Notices {
		if n.Kind == tracker.Reported {
			list = append(list, n)
		}
	}
	return list
}

// facts are those of somebody.
func (w *world) facts(person string) tracker.Enrolled {
	w.t.Helper()
	o, err := w.Offer(w.t.Context(), person, "new-terms-2021")
	if err != nil {
		w.t.Fatal(err)
	}
	return o.Enrolled
}

func TestALateReportCountsForTheStageItWasMadeIn(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR")
		w.walk(announce.Add(5 * day))
		seen := func(at time.Time) (tracker.Notice, error) {
			return w.Notice(t.Context(), tracker.ReportedNotice{Person: "p-0", Campaign: "new-terms-2021", Channel: tracker.Push, Delivered: true, At: at})
		}
		first := announce.Add(30 * time.Hour)
		if n, err := seen(first); err != nil || !n.At.Equal(first) || n.Stage != 0 {
			t.Fatalf("%+v, %v", n, err)
		}
		if e := w.facts("p-0"); !e.FirstNotice.Equal(first) || !e.Noticed.Equal(first) {
			t.Errorf("first notice %s, in this stage %s, want %s", e.FirstNotice, e.Noticed, first)
		}
		w.walk(deadline.Add(2 * day)) // reminded, of which no notice has come
		late := deadline.Add(-3 * day)
		if n, err := seen(late); err != nil || n.Stage != 0 || !n.At.Equal(late) {
			t.Errorf("of the stage before: %+v, %v", n, err)
		}
		if e := w.facts("p-0"); e.Stage != 1 || !e.Noticed.IsZero() || !e.FirstNotice.Equal(first) {
			t.Errorf("a notice of the stage before counts for this one: %+v", e.Enrollment)
		}
		soon := w.clock().Add(30 * time.Second)
		if n, err := seen(soon); err != nil || !n.At.Equal(w.clock()) || n.Stage != 1 {
			t.Errorf("by a clock that is ahead: %+v, %v", n, err)
		}
		for at, says := range map[time.Time]string{w.clock().Add(2 * time.Minute): "still to come", start.Add(-time.Second): "before the person was asked"} {
			var faults terms.Faults
			if _, err := seen(at); !errors.As(err, &faults) || faults[0].Path != "at" || !strings.Contains(faults[0].Detail, says) {
				t.Errorf("%s: %v", at, err)
			}
		}
	})
}

func TestAReportSentAgainChangesNothing(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR", "BR")
		w.walk(announce.Add(5 * day))
		report := tracker.ReportedNotice{Person: "p-0", Campaign: "new-terms-2021", Channel: tracker.Push, Delivered: true, Key: "push-4711", At: announce.Add(day)}
		first, err := w.Notice(t.Context(), report)
		if err != nil {
			t.Fatal(err)
		}
		before := w.facts("p-0")
		w.pass(time.Hour)
		report.Presented, report.At = true, w.clock()
		again, err := w.Notice(t.Context(), report)
		if err != nil || again != first {
			t.Errorf("the second got %+v, %v, the first %+v", again, err, first)
		}
		other := report
		other.Person = "p-1"
		for range 2 {
			if err := w.NoticeMany(t.Context(), []tracker.ReportedNotice{report, other}); err != nil {
				t.Fatal(err)
			}
		}
		if after := w.facts("p-0"); len(w.reported()) != 1 || after != before {
			t.Errorf("%d notices, %+v", len(w.reported()), after)
		}
		if w.facts("p-1").FirstNotice.IsZero() {
			t.Error("another person's notice with this key does not count")
		}
		report.Key = "push-4712"
		if _, err := w.Notice(t.Context(), report); err != nil || len(w.reported()) != 2 {
			t.Errorf("another key: %d notices, %v", len(w.reported()), err)
		}
		report.Key = strings.Repeat("k", 129)
		var faults terms.Faults
		if _, err := w.Notice(t.Context(), report); !errors.As(err, &faults) || faults[0].Path != "idempotency_key" {
			t.Errorf("a key without end: %v", err)
		}
	})
}
