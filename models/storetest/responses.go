package storetest

import (
	"errors"
	"fmt"
	"time"

	"assent/terms"
	"assent/tracker"
)

func response(p tracker.Person, leaf int64, key string) tracker.Response {
	return tracker.Response{
		ReceiptID: fmt.Sprintf("rcp-%d", leaf), Person: p.ID, Ref: p.Ref, Campaign: campaign, Plan: 2, Action: terms.Accept,
		Documents: []terms.DocumentText{{Document: "terms", Version: "1", Locale: "pt-BR", SHA256: "aa"}, {Document: "privacy", Version: "1", Locale: "en", SHA256: "bb"}},
		Effect:    terms.Void, IdempotencyKey: key, Fingerprint: "ff", RecordedAt: noon.Add(time.Duration(leaf) * time.Microsecond), LeafIndex: leaf,
		Record: []byte(fmt.Sprintf(`{"n":%d}`, leaf)), Checkpoint: []byte("signed"), Salt: []byte{0, 1, 255}, Details: []byte(`{"ip":"192.0.2.1"}`),
	}
}

// respond stores a response, and its record at the end of the log.
func (s *store) respond(tx tracker.Tx, r tracker.Response) error {
	from, err := tx.Head(s.ctx)
	if err != nil {
		return err
	}
	to := tracker.LogHead{Size: from.Size + 1, Root: []byte{byte(from.Size)}, Checkpoint: []byte("signed")}
	return errors.Join(tx.SaveLog(s.ctx, from, to, [][]byte{r.Record}, nil), tx.AddResponse(s.ctx, r))
}

func responsesAreKeptWithTheirEvidence(s *store) {
	people := s.people("p", 2)
	first, second, other := response(people[0], 0, "k1"), response(people[0], 1, "k2"), response(people[1], 2, "k1")
	second.Documents, second.Salt, second.Details, second.Action = nil, nil, nil, terms.Withdraw
	missing(s, func(r tracker.Reader) (tracker.Response, error) { return r.Response(s.ctx, first.ReceiptID) })
	for _, r := range []tracker.Response{first, second, other} {
		s.update(func(tx tracker.Tx) error { return s.respond(tx, r) })
	}
	s.same("by receipt", get(s, func(r tracker.Reader) (tracker.Response, error) { return r.Response(s.ctx, second.ReceiptID) }), second)
	s.same("by key", get(s, func(r tracker.Reader) (tracker.Response, error) { return r.ResponseByKey(s.ctx, people[1].ID, "k1") }), other)
	missing(s, func(r tracker.Reader) (tracker.Response, error) { return r.ResponseByKey(s.ctx, people[1].ID, "k2") })
	missing(s, func(r tracker.Reader) (tracker.Response, error) { return r.ResponseByKey(s.ctx, "nobody", "k1") })
	list := func(person string) []tracker.Response {
		return get(s, func(r tracker.Reader) ([]tracker.Response, error) { return r.Responses(s.ctx, person) })
	}
	s.same("newest first", list(people[0].ID), []tracker.Response{second, first})
	s.same("of nobody", list("nobody"), []tracker.Response{})
	records := func(from int64, limit int) [][]byte {
		return get(s, func(r tracker.Reader) ([][]byte, error) { return r.Records(s.ctx, from, limit) })
	}
	s.same("records", records(1, 10), [][]byte{second.Record, other.Record})
	s.same("a page of records", records(0, 1), [][]byte{first.Record})
	s.same("no records", records(3, 10), [][]byte{})

	s.update(func(tx tracker.Tx) error { return tx.DeletePerson(s.ctx, people[0].ID, noon) })
	s.same("after the account is gone", get(s, func(r tracker.Reader) (tracker.Response, error) { return r.Response(s.ctx, first.ReceiptID) }), first)
	s.same("of the deleted account", list(people[0].ID), []tracker.Response{})
}

func aKeyAReceiptAndAPlaceInTheLogAreUsedOnce(s *store) {
	people := s.people("p", 2)
	s.update(func(tx tracker.Tx) error { return s.respond(tx, response(people[0], 0, "k1")) })
	sameKey, sameLeaf, sameReceipt := response(people[0], 1, "k1"), response(people[1], 0, "k2"), response(people[1], 1, "k3")
	sameLeaf.ReceiptID, sameReceipt.ReceiptID = "rcp-9", "rcp-0"
	for _, r := range []tracker.Response{sameKey, sameLeaf, sameReceipt} {
		s.refused(terms.Conflict, func(tx tracker.Tx) error { return tx.AddResponse(s.ctx, r) })
	}
	s.same("records", len(get(s, func(r tracker.Reader) ([][]byte, error) { return r.Records(s.ctx, 0, 10) })), 1)
}

func aPageIsStoredOnce(s *store) {
	first := tracker.Snapshot{SHA256: "aa", HTML: []byte("<p>\x00\xff"), Stored: noon}
	missing(s, func(r tracker.Reader) (tracker.Snapshot, error) { return r.Snapshot(s.ctx, "aa") })
	s.update(func(tx tracker.Tx) error { return tx.PutSnapshot(s.ctx, first) })
	s.update(func(tx tracker.Tx) error {
		return tx.PutSnapshot(s.ctx, tracker.Snapshot{SHA256: "aa", HTML: []byte("forged"), Stored: noon.Add(time.Hour)})
	})
	s.same("snapshot", get(s, func(r tracker.Reader) (tracker.Snapshot, error) { return r.Snapshot(s.ctx, "aa") }), first)
}

func aPersonHasOnePseudonymKey(s *store) {
	p := s.people("p", 1)[0]
	s.refused(terms.NotFound, func(tx tracker.Tx) error { _, err := tx.PersonKey(s.ctx, p.Ref); return err })
	s.update(func(tx tracker.Tx) error { return tx.AddPersonKey(s.ctx, p.Ref, []byte{1, 0, 255}) })
	s.refused(terms.Conflict, func(tx tracker.Tx) error { return tx.AddPersonKey(s.ctx, p.Ref, []byte{2}) })
	s.update(func(tx tracker.Tx) error {
		key, err := tx.PersonKey(s.ctx, p.Ref)
		s.same("key", key, []byte{1, 0, 255})
		return err
	})
}

func theLogMovesByCompareAndSet(s *store) {
	head := func() tracker.LogHead {
		return get(s, func(r tracker.Reader) (tracker.LogHead, error) { return r.Head(s.ctx) })
	}
	tile := func(path string) []byte {
		return get(s, func(r tracker.Reader) ([]byte, error) { return r.Tile(s.ctx, path) })
	}
	s.same("empty log", head(), tracker.LogHead{})
	missing(s, func(r tracker.Reader) ([]byte, error) { return r.Tile(s.ctx, "tile/0/000") })
	first := tracker.LogHead{Size: 1, Root: []byte{1, 255}, Checkpoint: []byte("log\n1\n")}
	second := tracker.LogHead{Size: 3, Root: []byte{2, 0}, Checkpoint: []byte("log\n3\n")}
	s.update(func(tx tracker.Tx) error {
		return tx.SaveLog(s.ctx, tracker.LogHead{}, first, [][]byte{[]byte("{}")}, []tracker.Tile{{Path: "tile/0/000", Data: []byte{1}}})
	})
	s.same("head", head(), first)
	s.update(func(tx tracker.Tx) error {
		return tx.SaveLog(s.ctx, first, second, [][]byte{{0, 255, '\''}, []byte("’")}, []tracker.Tile{{Path: "tile/0/000", Data: []byte{1, 0, 2}}, {Path: "tile/entries/000", Data: []byte{9}}})
	})
	s.refused(terms.Conflict, func(tx tracker.Tx) error {
		return tx.SaveLog(s.ctx, first, tracker.LogHead{Size: 2}, [][]byte{[]byte("forked")}, []tracker.Tile{{Path: "tile/0/000", Data: []byte("forked")}})
	})
	err := s.Update(s.ctx, func(tx tracker.Tx) error {
		return tx.SaveLog(s.ctx, second, tracker.LogHead{Size: 5}, [][]byte{[]byte("one of two")}, nil)
	})
	if err == nil {
		s.Error("the head moved past a record that is not there")
	}
	s.same("head", head(), second)
	s.same("records", get(s, func(r tracker.Reader) ([][]byte, error) { return r.Records(s.ctx, 0, 10) }),
		[][]byte{[]byte("{}"), {0, 255, '\''}, []byte("’")})
	s.same("tiles", [][]byte{tile("tile/0/000"), tile("tile/entries/000")}, [][]byte{{1, 0, 2}, {9}})
}
