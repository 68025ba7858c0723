package clients_test

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"assent/ledger"
)

func TestFollowersGetEveryChangeInOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	for i := range 30 {
		w.person(fmt.Sprintf("u%d", i), "BR")
	}
	w.limit("u1")
	w.choose("u1", "accepted", "k").is(201)
	after, kinds := 0.0, []string{}
	for {
		page := w.send("GET", fmt.Sprintf("/api/v1/changes?after=%.0f", after), "").is(200)
		for _, one := range page.at("changes").([]any) {
			change := one.(map[string]any)
			if change["revision"].(float64) != after+1 {
				t.Fatalf("revision %v after %v", change["revision"], after)
			}
			after++
			if change["person"] == "u1" {
				kinds = append(kinds, fmt.Sprint(change["kind"], "/", change["stage"]))
			}
		}
		if page.at("next") != after {
			t.Fatalf("after revision %v a follower is to ask for what comes after %v", after, page.at("next"))
		}
		if page.at("next") == page.at("newest") {
			break
		}
	}
	story := strings.Join(kinds, " ")
	if !strings.HasPrefix(story, "enrolled/announced") || !strings.Contains(story, "entered/limited") || !strings.HasSuffix(story, "responded/announced") {
		t.Fatal(story)
	}
	w.send("GET", "/api/v1/changes?after=999999", "").is(410).says("type", "urn:assent:problem:put_back", "newest", w.gate.Revision())
}

// TestTheLogCanBeVerifiedFromOutside reads the log as any monitor does, with
// the public key alone: every record, up to the signed root.
func TestTheLogCanBeVerifiedFromOutside(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	const people = 260 // more than one tile
	for i := range people {
		id := fmt.Sprintf("u%d", i)
		w.person(id, "BR")
		w.choose(id, "accepted", "k").is(201)
	}
	get := func(path string) string {
		return w.send("GET", path, "", "Authorization", "").is(200).Body.String()
	}
	key := strings.TrimSpace(get("/ledger/key"))
	verifier, err := note.NewVerifier(key)
	w.must(err)
	checkpoint, err := ledger.ParseCheckpoint(get("/ledger/checkpoint"), note.VerifierList(verifier))
	w.must(err)
	if checkpoint.Head.Size <= people || checkpoint.Head.Size > 512 || checkpoint.Origin != "terms.example.org/log" {
		t.Fatalf("%+v", checkpoint)
	}
	var leaves []tlog.Hash
	for _, path := range []string{"000", fmt.Sprintf("001.p/%d", checkpoint.Head.Size-256)} {
		records, err := ledger.ParseBundle([]byte(get("/ledger/tile/entries/" + path)))
		w.must(err)
		for _, record := range records {
			leaves = append(leaves, ledger.Leaf(record))
		}
	}
	if root := root(leaves); root != checkpoint.Head.Root {
		t.Fatalf("the records hash to %s, the checkpoint says %s", root, checkpoint.Head.Root)
	}
	tile := w.send("GET", "/ledger/tile/0/000", "").is(200)
	if tile.Body.Len() != 256*32 || !strings.Contains(tile.Header().Get("Cache-Control"), "immutable") {
		t.Fatalf("%d bytes, %v", tile.Body.Len(), tile.Header())
	}
}

// root hashes a list of leaves by the definition of RFC 6962, 2.1.
func root(leaves []tlog.Hash) tlog.Hash {
	if len(leaves) == 1 {
		return leaves[0]
	}
	k := 1
	for k*2 < len(leaves) {
		k *= 2
	}
	return tlog.NodeHash(root(leaves[:k]), root(leaves[k:]))
}
