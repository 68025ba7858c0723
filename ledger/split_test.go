package ledger_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"assent/ledger"

	"golang.org/x/mod/sumdb/note"
)

// kept signs the head a book has now.
func kept(t *testing.T, b *book) ledger.Checkpoint {
	t.Helper()
	c, err := ledger.SignCheckpoint(b.head, signer(t))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTwoHistoriesOfOneLogAreProvedByBothCheckpoints(t *testing.T) {
	t.Parallel()
	b, fork := newBook(), newBook()
	b.append(t, numbered(0, 600)...)
	fork.append(t, numbered(0, 599)...)
	cut := kept(t, fork)
	fork.append(t, []byte("another past"), []byte("and more"))
	whole, forked := kept(t, b), kept(t, fork)
	for name, c := range map[string]struct {
		book      *book
		now, kept ledger.Checkpoint
		short     bool
	}{
		"rolled back": {fork, cut, whole, true},
		"a branch":    {fork, forked, whole, false},
		"emptied":     {newBook(), ledger.Checkpoint{Head: ledger.Empty()}, whole, true},
	} {
		err := ledger.Continues(t.Context(), c.book, c.now, c.kept)
		var split *ledger.Split
		if !errors.As(err, &split) || !errors.Is(err, ledger.ErrAltered) || split.Short() != c.short {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if proof := split.Proof(); !strings.Contains(proof, c.kept.Text) || !strings.Contains(proof, c.now.Text) {
			t.Errorf("%s: the proof lacks a checkpoint:\n%s", name, proof)
		}
	}
	if err := ledger.Continues(t.Context(), b, whole, cut); err != nil {
		t.Errorf("a log that grew: %v", err)
	}
}

func TestTilesThatAreNotTheLogsOwnAreNotTakenForAFork(t *testing.T) {
	t.Parallel()
	b := newBook()
	b.append(t, numbered(0, 300)...)
	old := kept(t, b)
	b.append(t, numbered(300, 300)...)
	for _, tile := range b.tiles {
		tile[0] ^= 1
	}
	var split *ledger.Split
	if err := ledger.Continues(t.Context(), b, kept(t, b), old); !errors.Is(err, ledger.ErrAltered) || errors.As(err, &split) {
		t.Errorf("%v", err)
	}
}

func TestBothKeysSignWhileALogChangesItsKey(t *testing.T) {
	t.Parallel()
	secret, public, err := ledger.NewKey(bytes.NewReader(bytes.Repeat([]byte{9}, 64)), origin)
	if err != nil {
		t.Fatal(err)
	}
	next, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	b := newBook()
	b.append(t, numbered(0, 3)...)
	both, err := ledger.SignCheckpoint(b.head, next, signer(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, keys := range map[string]string{"the old key": vkey, "the new key": public, "both": public + "\n\n" + vkey + "\n" + vkey + "\n"} {
		known, err := ledger.Verifiers(keys)
		if err != nil {
			t.Fatal(err)
		}
		if c, err := ledger.ParseCheckpoint(both.Text, known); err != nil || c.Head != b.head || len(c.Keys)+len(c.Others) != 2 {
			t.Errorf("by %s: %+v, %v", name, c, err)
		}
	}
	spoiled := strings.Replace(both.Text, "— ", "— stranger.example AAAAAAAAAAAA\n— ", 1)
	known, err := ledger.Verifiers(public)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := ledger.ParseCheckpoint(spoiled, known); err != nil || len(c.Keys) != 1 {
		t.Errorf("with a stranger's line: %+v, %v", c, err)
	}
	stranger, _, err := ledger.NewKey(bytes.NewReader(bytes.Repeat([]byte{8}, 64)), "elsewhere.example")
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := note.NewSigner(stranger)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.SignCheckpoint(b.head, next, foreign); err == nil {
		t.Error("a key of another log signed")
	}
	for _, bad := range []string{"", "\n\n", "nonsense", vkey + "\nnonsense"} {
		if _, err := ledger.Verifiers(bad); err == nil {
			t.Errorf("%q was read as keys", bad)
		}
	}
}
