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

// respond stores responses, and their records at the end of the log.
func (s *store) respond(tx tracker.Tx, list ...tracker.Response) error {
	from, err := tx.Head(s.ctx)
	if err != nil {
		return err
	}
	records := make([][]byte, len(list))
	for i, r := range list {
		records[i] = r.Record
	}
	to := tracker.LogHead{Size: from.Size + int64(len(list)), Root: []byte{byte(from.Size)}, Checkpoint: []byte("signed")}
	return errors.Join(tx.SaveLog(s.ctx, from, to, records, nil), tx.AddResponses(s.ctx, list))
}

func responsesAreKeptWithTheirEvidence(s *store) {
	people := s.people("p", 2)
	first, second, other := response(people[0], 0, "k1"), response(people[0], 1, "k2"), response(people[1], 2, "k1")
	second.Documents, second.Salt, second.Details, second.Action = nil, nil, nil, terms.Withdraw
	missing(s, func(r tracker.Reader) (tracker.Response, error) { return r.Response(s.ctx, first.ReceiptID) })
	s.update(func(tx tracker.Tx) error { return s.respond(tx, first, second) })
	s.update(func(tx tracker.Tx) error { return s.respond(tx, other) })
	s.update(func(tx tracker.Tx) error { return tx.AddResponses(s.ctx, nil) })
	s.same("by receipt", get(s, func(r tracker.Reader) (tracker.Response, error) { return r.Response(s.ctx, second.ReceiptID) }), second)
	s.same("by key", get(s, func(r tracker.Reader) (tracker.Response, error) { return r.ResponseByKey(s.ctx, people[1].ID, "k1") }), other)
	missing(s, func(r tracker.Reader) (tracker.Response, error) { return r.ResponseByKey(s.ctx, people[1].ID, "k2") })
	missing(s, func(r tracker.Reader) (tracker.Response, error) { return r.ResponseByKey(s.ctx, "nobody", "k1") })
	byKey := func(keys ...tracker.ResponseKey) map[tracker.ResponseKey]tracker.Response {
		return get(s, func(r tracker.Reader) (map[tracker.ResponseKey]tracker.Response, error) {
			return r.ResponsesByKey(s.ctx, keys)
		})
	}
	k2, k1, none := tracker.ResponseKey{Ref: people[0].Ref, Key: "k2"}, tracker.ResponseKey{Ref: people[1].Ref, Key: "k1"}, tracker.ResponseKey{Ref: people[1].Ref, Key: "k2"}
	many, one := byKey(k2, none, k1), byKey(k1)
	s.same("by many keys", []tracker.Response{many[k2], many[k1]}, []tracker.Response{second, other})
	s.same("by one key", one[k1], other)
	s.same("keys found", []int{len(many), len(one)}, []int{2, 1})
	s.same("by no key", byKey(), map[tracker.ResponseKey]tracker.Response{})
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
		s.refused(terms.Conflict, func(tx tracker.Tx) error { return tx.AddResponses(s.ctx, []tracker.Response{r}) })
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
	people := s.people("p", 3)
	first, second := tracker.PersonKey{Ref: people[0].Ref, Key: []byte{1, 0, 255}}, tracker.PersonKey{Ref: people[1].Ref, Key: []byte{2}}
	keys := func(refs ...int64) map[int64][]byte {
		var found map[int64][]byte
		s.update(func(tx tracker.Tx) error {
			var err error
			found, err = tx.PersonKeys(s.ctx, refs)
			return err
		})
		return found
	}
	s.same("before", keys(first.Ref), map[int64][]byte{})
	s.update(func(tx tracker.Tx) error { return tx.AddPersonKeys(s.ctx, []tracker.PersonKey{first, second}) })
	s.refused(terms.Conflict, func(tx tracker.Tx) error {
		return tx.AddPersonKeys(s.ctx, []tracker.PersonKey{{Ref: people[2].Ref, Key: []byte{3}}, {Ref: first.Ref, Key: []byte{2}}})
	})
	s.same("of all", keys(first.Ref, people[2].Ref, second.Ref), map[int64][]byte{first.Ref: first.Key, second.Ref: second.Key})
	s.same("of nobody", keys(), map[int64][]byte{})
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
