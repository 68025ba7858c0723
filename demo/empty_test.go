package demo_test

import (
	"path/filepath"
	"testing"

	"assent/demo"
	"assent/terms"
	"assent/tracker"
)

func TestNobodyActsInADemoWithoutTheSample(t *testing.T) {
	t.Parallel()
	sample := sqliteStage(t, 5)
	s := openStage(t, "sqlite:"+filepath.Join(t.TempDir(), "demo.db"), demo.Start())
	plan, err := sample.tracker.Plan(t.Context(), demo.Campaign, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, ref := range plan.Documents {
		v, err := sample.tracker.Version(t.Context(), ref)
		if err == nil {
			_, err = s.tracker.PutVersion(t.Context(), v)
		}
		if err == nil {
			_, err = s.tracker.Publish(t.Context(), ref, "test")
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := s.tracker.AddPeople(t.Context(), []tracker.Person{{ID: demo.Ana, Country: "BR", Locale: "pt-BR", Type: terms.Personal}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.tracker.AddPlan(t.Context(), plan.Plan, plan.Source, "test"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.tracker.Activate(t.Context(), demo.Campaign, 1, "test", nil); err != nil {
		t.Fatal(err)
	}
	if passed := s.advance(date(7, 20)); passed.Sweeps == 0 || passed.Looked+passed.Accepted+passed.Declined+passed.Snoozed != 0 {
		t.Errorf("somebody's own person did something: %+v", passed)
	}
}
