package storetest

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"assent/terms"
	"assent/tracker"
)

// countsEqualARecountAfterRandomMoves compares the store, after each of a
// random row of writes, with what they should have left, kept in memory.
func countsEqualARecountAfterRandomMoves(s *store) {
	round := 0
	rapid.Check(s.TB, func(t *rapid.T) {
		round++
		key := fmt.Sprintf("campaign-%d", round)
		s := &store{t, s.Store, s.ctx}
		rows := s.enroll(key, s.people(key, rapid.IntRange(1, 6).Draw(t, "people")))
		stale := append([]tracker.Enrolled{}, rows...)
		revision := s.revision()
		for range rapid.IntRange(1, 8).Draw(t, "updates") {
			moves, hits := drawMoves(t, rows, stale)
			for i, got := range s.move(noon, moves...) {
				if !hits[i] {
					s.same("revision of a miss", got, uint64(0))
					continue
				}
				revision++
				s.same("revision", got, revision)
				at := int(moves[i].After.Ref - rows[0].Ref)
				rows[at] = moves[i].After
				rows[at].Seq++
			}
			s.same("positions", s.positions(key, rows[0].Ref-1, len(rows)), rows)
			s.recount(key)
			s.same("unreached", get(s, func(r tracker.Reader) ([]tracker.Enrolled, error) { return r.Unreached(s.ctx, key, 0, len(rows)) }),
				slices.DeleteFunc(slices.Clone(rows), func(e tracker.Enrolled) bool { return !e.Unreached }))
		}
	})
}

// drawMoves draws one move for some of the rows, now and then from an outdated
// reading of it, and says which must hit.
func drawMoves(t *rapid.T, rows, stale []tracker.Enrolled) ([]tracker.Move, []bool) {
	var moves []tracker.Move
	var hits []bool
	for i := range rows {
		if rapid.Bool().Draw(t, "skip") {
			continue
		}
		before, outdated := rows[i], rows[i].Seq != stale[i].Seq && rapid.Bool().Draw(t, "outdated")
		if outdated {
			before = stale[i]
		}
		m := tracker.Move{Before: before, After: before, Kind: tracker.ChangeNext}
		m.After.Status = rapid.SampledFrom([]terms.Status{terms.Pending, terms.Accepted, terms.Declined}).Draw(t, "status")
		m.After.Stage = rapid.IntRange(0, 3).Draw(t, "stage")
		m.After.Country = rapid.SampledFrom([]string{"BR", "IN"}).Draw(t, "country")
		m.After.Unreached = rapid.Bool().Draw(t, "unreached")
		m.After.NextAt = noon.Add(time.Duration(rapid.IntRange(-5, 5).Draw(t, "next")) * time.Hour)
		if m.After.Stage != before.Stage {
			m.Transition = step(before, before.Stage, m.After.Stage).Transition
		}
		moves, hits = append(moves, m), append(hits, !outdated)
	}
	return moves, hits
}
