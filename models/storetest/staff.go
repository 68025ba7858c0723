package storetest

import (
	"errors"
	"fmt"
	"time"

	"assent/terms"
	"assent/tracker"
)

func keysAreFoundByHashAndRevokedOnce(s *store) {
	keys := func() []tracker.APIKey {
		return get(s, func(r tracker.Reader) ([]tracker.APIKey, error) { return r.Keys(s.ctx) })
	}
	byHash := func(hash string) tracker.APIKey {
		return get(s, func(r tracker.Reader) (tracker.APIKey, error) { return r.Key(s.ctx, hash) })
	}
	s.same("no keys", keys(), []tracker.APIKey{})
	missing(s, func(r tracker.Reader) (tracker.APIKey, error) { return r.Key(s.ctx, "aa") })
	app := tracker.APIKey{ID: "2", Hash: "aa", Name: "app", Scopes: []string{"flags:read"}, Created: noon, Expires: noon.AddDate(1, 0, 0)}
	job := tracker.APIKey{ID: "1", Hash: "bb", Name: "job", Created: noon.Add(time.Hour)}
	s.update(func(tx tracker.Tx) error { return tx.AddKey(s.ctx, job) })
	s.update(func(tx tracker.Tx) error { return tx.AddKey(s.ctx, app) })
	s.same("keys in order of creation", keys(), []tracker.APIKey{app, job})
	s.refused(terms.Conflict, func(tx tracker.Tx) error { return tx.AddKey(s.ctx, tracker.APIKey{ID: "1", Hash: "cc"}) })
	s.refused(terms.Conflict, func(tx tracker.Tx) error { return tx.AddKey(s.ctx, tracker.APIKey{ID: "3", Hash: "aa"}) })

	app.Hash, app.Previous, app.PreviousUntil = "cc", "aa", noon.Add(time.Hour)
	s.update(func(tx tracker.Tx) error { return tx.RotateKey(s.ctx, app) })
	s.refused(terms.Conflict, func(tx tracker.Tx) error { return tx.RotateKey(s.ctx, app) }) // somebody else did
	s.same("by the new secret", byHash("cc"), app)
	s.same("by the one before", byHash("aa"), app)
	s.same("never rotated", byHash("bb"), job)
	missing(s, func(r tracker.Reader) (tracker.APIKey, error) { return r.Key(s.ctx, "") })

	s.refused(terms.NotFound, func(tx tracker.Tx) error { return tx.RevokeKey(s.ctx, "3", noon) })
	s.update(func(tx tracker.Tx) error { return tx.RevokeKey(s.ctx, "2", noon) })
	s.refused(terms.Conflict, func(tx tracker.Tx) error { return tx.RevokeKey(s.ctx, "2", noon.Add(time.Hour)) })
	next := app
	next.Hash, next.Previous = "dd", "cc"
	s.refused(terms.Conflict, func(tx tracker.Tx) error { return tx.RotateKey(s.ctx, next) })
	app.Revoked = noon
	s.same("revoked", byHash("aa"), app)
	s.same("in force", byHash("bb"), job)
}

func staffAreAddedOnce(s *store) {
	staffed := func() bool { return get(s, func(r tracker.Reader) (bool, error) { return r.Staffed(s.ctx) }) }
	missing(s, func(r tracker.Reader) (tracker.StaffMember, error) { return r.StaffMember(s.ctx, "ada") })
	s.same("staffed", staffed(), false)
	ada := tracker.StaffMember{Name: "ada", Password: "$2a$10$", Created: noon, Role: tracker.Editor}
	s.update(func(tx tracker.Tx) error { return tx.AddStaff(s.ctx, ada) })
	s.refused(terms.Conflict, func(tx tracker.Tx) error { return tx.AddStaff(s.ctx, tracker.StaffMember{Name: "ada"}) })
	s.same("staffed", staffed(), true)
	s.same("member", get(s, func(r tracker.Reader) (tracker.StaffMember, error) { return r.StaffMember(s.ctx, "ada") }), ada)
}

func staffAreFoundByAddressAndAccount(s *store) {
	of := func(r tracker.Reader) (tracker.StaffMember, error) { return r.StaffOf(s.ctx, "ben@example.org") }
	at := func(r tracker.Reader) (tracker.StaffMember, error) { return r.StaffAt(s.ctx, "https://x", "7") }
	s.update(func(tx tracker.Tx) error {
		return tx.AddStaff(s.ctx, tracker.StaffMember{Name: "ada", Role: tracker.Editor})
	})
	missing(s, func(r tracker.Reader) (tracker.StaffMember, error) { return r.StaffOf(s.ctx, "") })
	missing(s, func(r tracker.Reader) (tracker.StaffMember, error) { return r.StaffAt(s.ctx, "", "") })
	ben := tracker.StaffMember{Name: "ben", Created: noon, Role: tracker.Viewer, Email: "ben@example.org"}
	s.update(func(tx tracker.Tx) error { return tx.AddStaff(s.ctx, ben) })
	s.same("by address", get(s, of), ben)
	missing(s, at)
	s.refused(terms.Conflict, func(tx tracker.Tx) error {
		return tx.AddStaff(s.ctx, tracker.StaffMember{Name: "eve", Email: ben.Email})
	})
	ben.Role, ben.Issuer, ben.Subject = tracker.Editor, "https://x", "7"
	s.update(func(tx tracker.Tx) error { return tx.SetStaff(s.ctx, ben) })
	s.same("by account", get(s, at), ben)
	s.same("by address", get(s, of), ben)
	s.refused(terms.Conflict, func(tx tracker.Tx) error {
		return tx.SetStaff(s.ctx, tracker.StaffMember{Name: "ada", Role: tracker.Editor, Issuer: ben.Issuer, Subject: ben.Subject})
	})
	s.refused(terms.NotFound, func(tx tracker.Tx) error { return tx.SetStaff(s.ctx, tracker.StaffMember{Name: "eve"}) })

	gone := tracker.StaffMember{Name: "ada", Created: noon.Add(time.Hour)}
	s.update(func(tx tracker.Tx) error { return tx.SetStaff(s.ctx, gone) })
	s.same("by name", get(s, func(r tracker.Reader) ([]tracker.StaffMember, error) { return r.StaffMembers(s.ctx) }), []tracker.StaffMember{gone, ben})
	staffed := func() bool { return get(s, func(r tracker.Reader) (bool, error) { return r.Staffed(s.ctx) }) }
	s.same("staffed by one", staffed(), true)
	ben.Role = ""
	s.update(func(tx tracker.Tx) error { return tx.SetStaff(s.ctx, ben) })
	s.same("staffed by those who were removed", staffed(), false)
}

func actsAreListedNewestFirst(s *store) {
	acts := func(limit int) []tracker.Act {
		return get(s, func(r tracker.Reader) ([]tracker.Act, error) { return r.Acts(s.ctx, limit) })
	}
	s.same("no acts", acts(10), []tracker.Act{})
	ana := s.people("ana", 1)[0]
	first := tracker.Act{
		Place: 1, ID: "act_1", At: noon, Actor: "ada", Action: "hold", Object: "spring/x", Person: ana.ID, Ref: ana.Ref, Reason: "court <order>",
		Before: `{"a":1}`, After: `[null]`, Request: "req-1", Record: []byte("{}"), Salt: []byte{0, 255},
		Details: []byte(`{"after":[null],"before":{"a":1},"reason":"court <order>"}`),
	}
	second := tracker.Act{Place: 2, ID: "act_2", At: noon, Actor: "grace", Action: "release", Object: "spring", LeafIndex: -1, Salt: []byte{}, Details: []byte{}}
	s.update(func(tx tracker.Tx) error {
		return errors.Join(tx.SaveLog(s.ctx, tracker.LogHead{}, tracker.LogHead{Size: 1}, [][]byte{first.Record}, nil), tx.AddAct(s.ctx, first))
	})
	s.update(func(tx tracker.Tx) error { return tx.AddAct(s.ctx, second) })
	s.refused(terms.Conflict, func(tx tracker.Tx) error { return tx.AddAct(s.ctx, tracker.Act{ID: "act_1"}) })
	if s.same("acts", acts(10), []tracker.Act{second, first}); len(acts(10)) == 2 {
		s.same("the newest", acts(1), []tracker.Act{second})
	}
	s.same("one", get(s, func(r tracker.Reader) (tracker.Act, error) { return r.Act(s.ctx, "act_1") }), first)
	missing(s, func(r tracker.Reader) (tracker.Act, error) { return r.Act(s.ctx, "act_9") })
	for what, want := range map[tracker.ActQuery][]tracker.Act{
		{Before: 2}:                   {first},
		{Ref: ana.Ref}:                {first},
		{Person: ana.ID}:              {first},
		{Person: ana.ID, Ref: 99}:     {first},
		{Person: "nobody"}:            {},
		{Object: "spring"}:            {second, first},
		{Object: "spring/x"}:          {first},
		{Object: "sprin"}:             {},
		{Object: "spring", Before: 1}: {},
	} {
		what.Limit = 10
		s.same(fmt.Sprintf("%+v", what), get(s, func(r tracker.Reader) ([]tracker.Act, error) { return r.ActsOf(s.ctx, what) }), want)
	}
}

func runsStartAndFinishOnce(s *store) {
	runs := func(limit int) []tracker.Run {
		return get(s, func(r tracker.Reader) ([]tracker.Run, error) { return r.Runs(s.ctx, limit) })
	}
	s.same("no runs", runs(10), []tracker.Run{})
	first := tracker.Run{ID: "z", Job: "sweep", Planned: noon, Started: noon.Add(time.Second)}
	second := tracker.Run{ID: "a", Job: "sweep", Planned: noon.Add(time.Hour), Started: noon.Add(time.Hour)}
	s.update(func(tx tracker.Tx) error { return tx.StartRun(s.ctx, second) })
	s.update(func(tx tracker.Tx) error { return tx.StartRun(s.ctx, first) })
	s.refused(terms.Conflict, func(tx tracker.Tx) error { return tx.StartRun(s.ctx, first) })

	first.Finished, first.Examined, first.Moved, first.Told, first.Held, first.Waiting, first.Failed = noon.Add(time.Minute), 21, 1, 2, 3, 15, 4
	first.Stopped = 5
	first.Error = "the disk is full"
	s.update(func(tx tracker.Tx) error { return tx.FinishRun(s.ctx, first) })
	s.same("runs", runs(10), []tracker.Run{second, first})
	s.same("the newest", runs(1), []tracker.Run{second})
	s.refused(terms.Conflict, func(tx tracker.Tx) error { return tx.FinishRun(s.ctx, first) })
	s.refused(terms.NotFound, func(tx tracker.Tx) error { return tx.FinishRun(s.ctx, tracker.Run{ID: "none", Finished: noon}) })
}
