package storetest

import (
	"time"

	"assent/terms"
	"assent/tracker"
)

func pointsAreKeptAsTheyLastSpoke(s *store) {
	all := func() []tracker.Point {
		return get(s, func(r tracker.Reader) ([]tracker.Point, error) { return r.Points(s.ctx) })
	}
	put := func(p tracker.Point) { s.update(func(tx tracker.Tx) error { return tx.PutPoint(s.ctx, p) }) }
	s.same("none", all(), []tracker.Point{})
	west := tracker.Point{Name: "west", Kind: "prosody", OnSilence: tracker.OnSilenceHold, Revision: 7, Behind: 2, Since: noon, Heard: noon.Add(time.Hour),
		Counts: map[string]int64{"refused": 3}}
	east := tracker.Point{Name: "east", Kind: "ejabberd", OnSilence: tracker.OnSilenceAllow, Heard: noon}
	put(west)
	put(east)
	s.same("by name", all(), []tracker.Point{east, west})
	west.Revision, west.Behind, west.Since, west.Counts = 9, 0, time.Time{}, map[string]int64{"refused": 4, "held": 1}
	put(west)
	s.same("anew", all(), []tracker.Point{east, west})
	s.update(func(tx tracker.Tx) error { return tx.DeletePoint(s.ctx, "east") })
	s.refused(terms.NotFound, func(tx tracker.Tx) error { return tx.DeletePoint(s.ctx, "east") })
	s.same("one is gone", all(), []tracker.Point{west})
}
