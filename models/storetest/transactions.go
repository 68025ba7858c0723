package storetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"assent/terms"
	"assent/tracker"
)

var errChangedMind = errors.New("changed my mind")

func aFailedUpdateLeavesNothing(s *store) {
	rows := s.enroll(campaign, s.people("p", 2))
	before := s.changes(0, 10)
	write := func(tx tracker.Tx) error {
		_, errPeople := tx.PutPeople(s.ctx, []tracker.Person{{ID: "new"}})
		_, errSave := tx.Save(s.ctx, []tracker.Move{step(rows[0], 0, 1)}, noon)
		return errors.Join(errPeople, errSave, tx.AddAct(s.ctx, tracker.Act{Actor: "ada"}),
			tx.Activate(s.ctx, campaign, 1, true, noon), s.respond(tx, response(tracker.Person{ID: "x", Ref: rows[0].Ref}, 0, "k")))
	}
	ways := map[string]func() error{
		"an error": func() error {
			return s.Update(s.ctx, func(tx tracker.Tx) error {
				if err := write(tx); err != nil {
					return err
				}
				return errChangedMind
			})
		},
		"a cancelled context": func() error {
			ctx, cancel := context.WithCancel(s.ctx)
			err := s.Update(ctx, func(tx tracker.Tx) error {
				err := write(tx)
				cancel()
				return err
			})
			if errors.Is(err, context.Canceled) {
				return errChangedMind
			}
			return err
		},
		"a panic": func() (err error) {
			defer func() { err = recover().(error) }()
			return s.Update(s.ctx, func(tx tracker.Tx) error {
				if err := write(tx); err != nil {
					return err
				}
				panic(errChangedMind)
			})
		},
	}
	for name, way := range ways {
		if err := way(); !errors.Is(err, errChangedMind) {
			s.Fatalf("%s: %v", name, err)
		}
		s.same(name+": changes", s.changes(0, 10), before)
		s.same(name+": positions", s.positions(campaign, 0, 10), rows)
		missing(s, func(r tracker.Reader) (tracker.Person, error) { return r.Person(s.ctx, "new") })
		missing(s, func(r tracker.Reader) (tracker.Response, error) { return r.Response(s.ctx, "rcp-0") })
		s.same(name+": acts", len(get(s, func(r tracker.Reader) ([]tracker.Act, error) { return r.Acts(s.ctx, 10) })), 0)
		s.recount(campaign)
	}
	s.update(write)
	s.same("revisions go on without a gap", s.revision(), before[len(before)-1].Revision+2)
}

func aMissedWriteCannotBeCommittedAnyway(s *store) {
	s.update(func(tx tracker.Tx) error { return tx.AddStaff(s.ctx, tracker.StaffMember{Name: "ada"}) })
	s.refused(terms.Conflict, func(tx tracker.Tx) error {
		if err := tx.AddAct(s.ctx, tracker.Act{Actor: "ada"}); err != nil {
			return err
		}
		if err := tx.AddStaff(s.ctx, tracker.StaffMember{Name: "ada"}); !errors.Is(err, terms.Conflict) {
			s.Errorf("%v, want a conflict", err)
		}
		return nil // as if nothing had happened
	})
	s.same("acts", len(get(s, func(r tracker.Reader) ([]tracker.Act, error) { return r.Acts(s.ctx, 10) })), 0)
}

func aTransactionSeesItsOwnWritesAndAViewOnlyWhatIsCommitted(s *store) {
	people := s.people("p", 1)
	s.update(func(tx tracker.Tx) error {
		if _, err := tx.PutPeople(s.ctx, []tracker.Person{{ID: "new"}}); err != nil {
			return err
		}
		if _, err := tx.Person(s.ctx, "new"); err != nil {
			return err
		}
		if _, err := tx.AddPlan(s.ctx, plan(campaign)); err != nil {
			return err
		}
		if err := tx.Activate(s.ctx, campaign, 1, true, noon); err != nil {
			return err
		}
		revision, err := tx.Revision(s.ctx)
		s.same("revision within", revision, uint64(1))
		s.same("revision without", s.revision(), uint64(0))
		missing(s, func(r tracker.Reader) (tracker.Person, error) { return r.Person(s.ctx, "new") })
		return err
	})
	err := s.View(s.ctx, func(r tracker.Reader) error {
		before, err := r.People(s.ctx, people[0].Ref-1, 10)
		if err != nil {
			return err
		}
		s.put(tracker.Person{ID: "newer"})
		after, err := r.People(s.ctx, people[0].Ref-1, 10)
		s.same("one snapshot", after, before)
		return err
	})
	if err != nil {
		s.Fatal(err)
	}
}

func writersTakeTurnsAndRevisionsHaveNoGaps(s *store) {
	const writers, each = 4, 25
	people := s.people("p", writers)
	s.enroll(campaign, people)
	start := s.revision()
	var mine [writers][]uint64
	var all sync.WaitGroup
	failed := make(chan error, writers)
	for w := range writers {
		all.Go(func() {
			for i := range each {
				revisions, err := s.bump(people[w], people[(w+1)%writers], fmt.Sprintf("%d-%d", w, i))
				if err != nil {
					failed <- err
					return
				}
				mine[w] = append(mine[w], revisions...)
			}
		})
	}
	all.Wait()
	close(failed)
	for err := range failed {
		s.Fatal(err)
	}
	seen := map[uint64]bool{}
	for w := range mine {
		for i, revision := range mine[w] {
			if seen[revision] || i > 0 && revision <= mine[w][i-1] {
				s.Fatalf("revision %d was given twice, or to an earlier write", revision)
			}
			seen[revision] = true
		}
	}
	changes := s.changes(start, 10*writers*each)
	for i, c := range changes {
		if c.Revision != start+uint64(i)+1 || !seen[c.Revision] {
			s.Fatalf("change %d has revision %d", i, c.Revision)
		}
	}
	s.same("changes", []int{len(changes), len(seen)}, []int{2 * writers * each, 2 * writers * each})
	s.same("revision", s.revision(), start+2*writers*each)
}

// bump writes two people's rows, which other writers write in another order,
// and a row of its own.
func (s *store) bump(a, b tracker.Person, act string) ([]uint64, error) {
	var revisions []uint64
	err := s.Update(s.ctx, func(tx tracker.Tx) error {
		revisions = nil
		for _, p := range []tracker.Person{a, b} {
			e, err := tx.Enrollment(s.ctx, p.ID, campaign)
			if err != nil {
				return err
			}
			saved, err := tx.Save(s.ctx, []tracker.Move{{Before: e, After: e, Kind: tracker.ChangeNext, Tallies: []tracker.Tally{tracker.TallySnoozed}}}, noon)
			if err != nil {
				return err
			}
			if saved[0] == 0 {
				return errors.New("the row moved between reading and writing")
			}
			revisions = append(revisions, saved...)
		}
		return tx.AddAct(s.ctx, tracker.Act{Actor: act})
	})
	return revisions, err
}

// aFollowerBesideManyWritersMissesNothing reads while they write: a revision that
// became visible after a later one would be passed over, and never be seen.
func aFollowerBesideManyWritersMissesNothing(s *store) {
	const writers, each = 4, 25
	people := s.people("p", writers)
	s.enroll(campaign, people)
	start := s.revision()
	var all sync.WaitGroup
	failed := make(chan error, writers)
	for w := range writers {
		all.Go(func() {
			for i := range each {
				if _, err := s.bump(people[w], people[(w+1)%writers], fmt.Sprintf("%d-%d", w, i)); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	written := make(chan struct{})
	go func() { all.Wait(); close(written) }()
	place, done := start, false
	for !done || place < s.revision() {
		select {
		case err := <-failed:
			s.Fatal(err)
		case <-written:
			done = true
		default:
		}
		for _, c := range s.changes(place, 7) {
			if c.Revision != place+1 {
				s.Fatalf("change %d after %d", c.Revision, place)
			}
			place = c.Revision
		}
	}
	s.same("everything was seen", place, start+2*writers*each)
}

func changesAreReadInOrderAndByPage(s *store) {
	rows := s.enroll(campaign, s.people("p", 7))
	var got []tracker.Change
	for after := uint64(0); len(got) <= len(rows); {
		page := s.changes(after, 3)
		if len(page) == 0 {
			break
		}
		got, after = append(got, page...), page[len(page)-1].Revision
	}
	s.same("changes", len(got), 7)
	s.same("after the end of all numbers", s.changes(math.MaxUint64, 3), []tracker.Change{})
	for i, c := range got {
		s.same("change", c, tracker.Change{Revision: uint64(i) + 1, Kind: tracker.ChangeEnrolled, At: noon, Enrolled: rows[i]})
	}
}

func aWriterThatCannotWaitGivesUp(s *store) {
	s.update(func(tracker.Tx) error {
		ctx, cancel := context.WithTimeout(s.ctx, 50*time.Millisecond)
		defer cancel()
		err := s.Update(ctx, func(tracker.Tx) error { return nil })
		if !errors.Is(err, context.DeadlineExceeded) {
			s.Errorf("a second writer: %v", err)
		}
		return nil
	})
}
