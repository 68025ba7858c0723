package gate_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"assent/gate"
	"assent/terms"
)

// drawRow draws a position anywhere on the ladder.
func drawRow(t *rapid.T, ref int64, campaign string, now time.Time) gate.Row {
	row := at(ref, campaign, rapid.SampledFrom([]string{"BR", "DE", "TR"}).Draw(t, "country"), 0, start)
	row.Locale = rapid.SampledFrom([]string{"en", "fr", "pt-BR"}).Draw(t, "locale")
	row.Stage = rapid.IntRange(0, plan(campaign).In(row.Country).Last).Draw(t, "stage")
	row.Entered = now.Add(-time.Duration(rapid.IntRange(0, 40).Draw(t, "days in stage")) * day)
	if rapid.Bool().Draw(t, "unseen") {
		row.Noticed = time.Time{}
	}
	if rapid.Bool().Draw(t, "snoozed") {
		row.SnoozedUntil, row.Snoozes = now.Add(time.Duration(rapid.IntRange(-2, 2).Draw(t, "days silent"))*day), 1
	}
	switch rapid.SampledFrom([]terms.Status{terms.Pending, terms.Accepted, terms.Declined, terms.Exempt}).Draw(t, "status") {
	case terms.Accepted:
		row.Enrollment = row.Respond(plan(campaign), terms.Accept, now.Add(-time.Hour))
	case terms.Declined:
		row.Enrollment = row.Respond(plan(campaign), terms.Decline, now.Add(-time.Hour))
	case terms.Exempt:
		row.Status, row.Stage, row.Excused = terms.Exempt, 0, rapid.Bool().Draw(t, "excused")
		row.ExemptUntil = now.Add(time.Duration(rapid.IntRange(-2, 2).Draw(t, "days exempt")) * day)
	}
	row.Extensions = rapid.IntRange(0, 2).Draw(t, "extensions")
	return row
}

// TestAnswersAreWhatTheRulesSay is law by law the same as asking package terms
// about every fact: in the decisions, in the flags, and after a restart.
func TestAnswersAreWhatTheRulesSay(t *testing.T) {
	t.Parallel()
	campaigns := []string{"alpha", "beta", "gamma"}
	rapid.Check(t, func(t *rapid.T) {
		s, now := newSource(campaigns...), start.Add(time.Duration(rapid.IntRange(0, 250).Draw(t, "day"))*day)
		clock := func() time.Time { return now }
		g := gate.New(s, gate.Options{Catalogue: catalogue(), PublicURL: "https://terms.example.org", Now: clock})
		if err := g.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(1, 12).Draw(t, "changes") {
			campaign := rapid.SampledFrom(campaigns).Draw(t, "campaign")
			row := drawRow(t, int64(rapid.IntRange(1, 3).Draw(t, "person")), campaign, now)
			switch rapid.IntRange(0, 9).Draw(t, "kind of change") {
			case 0:
				s.remove(row)
			case 1:
				effect := rapid.SampledFrom([]terms.HoldEffect{terms.Freeze, terms.Lift}).Draw(t, "effect")
				s.hold(campaign, terms.Hold{ID: fmt.Sprint(len(s.changes)), Clock: terms.ClockStop, Effect: effect, Scope: terms.Scope{Region: row.Country}, Starts: now})
			default:
				s.save(row)
			}
			if rapid.Bool().Draw(t, "follow at once") {
				if err := g.CatchUp(t.Context(), 0); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := g.CatchUp(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		restarted := gate.New(s, gate.Options{Catalogue: catalogue(), PublicURL: "https://terms.example.org", Now: clock})
		if err := restarted.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		for ref := int64(1); ref <= 3; ref++ {
			person := fmt.Sprintf("u%d", ref)
			compare(t, g, person, s.standing(ref, now), now)
			a, _ := g.Entry(person)
			b, _ := restarted.Entry(person)
			if string(a.AppendFlags(nil, now, nil)) != string(b.AppendFlags(nil, now, nil)) || tag(a, now) != tag(b, now) {
				t.Fatalf("%s: other answers after a restart:\n%s %s\n%s %s", person, tag(a, now), a.AppendFlags(nil, now, nil), tag(b, now), b.AppendFlags(nil, now, nil))
			}
		}
		compareTags(t, g, now)
	})
}

// standing asks the rules themselves.
func (s *source) standing(ref int64, now time.Time) terms.Standing {
	var parts []terms.Standing
	for _, campaign := range []string{"alpha", "beta", "gamma"} {
		if row, ok := s.rows[campaign][ref]; ok {
			parts = append(parts, plan(campaign).Standing(catalogue(), row.Enrollment, s.books[campaign].Holds, now))
		}
	}
	return terms.Combine(catalogue(), parts...)
}

func compare(t *rapid.T, g *gate.Gate, person string, want terms.Standing, now time.Time) {
	e, known := g.Entry(person)
	if known != (len(want.Positions) > 0) {
		t.Fatalf("%s: known %v, but in %d campaigns", person, known, len(want.Positions))
	}
	for _, state := range want.Capabilities {
		d := g.Decide(person, state.Capability)
		if d.Value != state.Value || d.Allowed != state.Value.Bool() || d.Reason != state.Reason || d.Campaign != state.Campaign || d.Stage != state.Stage {
			t.Fatalf("%s: decided %+v, the rules say %+v", person, d, state)
		}
		for _, pos := range want.Positions {
			if pos.Campaign == d.Campaign && (d.NextStage != pos.Next.Stage || !d.NextAt.Equal(pos.Next.At)) {
				t.Fatalf("%s: next is %s at %s, the rules say %+v", person, d.NextStage, d.NextAt, pos.Next)
			}
		}
		compareFlag(t, e, state, now)
	}
}

func compareFlag(t *rapid.T, e gate.Entry, state terms.State, now time.Time) {
	body, ok := e.AppendFlag(nil, state.Capability, now)
	var got struct {
		Key, Reason, Variant string
		Value                terms.Value
	}
	if err := json.Unmarshal(body, &got); err != nil || !ok {
		t.Fatalf("%v in %s", err, body)
	}
	if got.Key != state.Capability || got.Value != state.Value || got.Reason == "DISABLED" || got.Variant == "" {
		t.Fatalf("flag %s, the rules say %+v", body, state)
	}
}

// compareTags checks that tags are equal exactly where answers are.
func compareTags(t *rapid.T, g *gate.Gate, now time.Time) {
	bodies := map[string]string{}
	for _, person := range []string{"u1", "u2", "u3", "stranger"} {
		e, _ := g.Entry(person)
		for _, at := range []time.Time{now, now.Add(day), now.Add(3 * day)} {
			tag, body := tag(e, at), string(e.AppendFlags(nil, at, nil))
			if known, ok := bodies[tag]; ok && known != body {
				t.Fatalf("tag %s stands for two answers:\n%s\n%s", tag, known, body)
			}
			bodies[tag] = body
		}
	}
	seen := map[string]string{}
	for tag, body := range bodies {
		if other, ok := seen[body]; ok {
			t.Fatalf("one answer has the tags %s and %s: %s", tag, other, body)
		}
		seen[body] = tag
	}
}
