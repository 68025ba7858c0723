package ledger_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"assent/ledger"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

func TestAnySplitIntoBatchesGivesTheTilesAndRootsOfTlog(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		b := newBook()
		for _, n := range rapid.SliceOfN(rapid.IntRange(0, 600), 1, 6).Draw(rt, "batches") {
			b.append(t, numbered(len(b.leaves), n)...)
			want, err := tlog.TreeHash(b.head.Size, b.hashes())
			if err != nil || b.head != (ledger.Head{Size: int64(len(b.leaves)), Root: want}) {
				rt.Fatalf("head %v, tlog says %v (%v)", b.head, want, err)
			}
		}
		for _, tile := range tlog.NewTiles(8, 0, b.head.Size) {
			want, err := tlog.ReadTileData(tile, b.hashes())
			if err != nil || !slices.Equal(b.tiles[[2]int64{int64(tile.L), tile.N}], want) {
				rt.Fatalf("tile %v differs from tlog's (%v)", tile, err)
			}
		}
	})
}

func TestEveryRecordProvesAtOnceAndLater(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		b := newBook()
		for _, n := range rapid.SliceOfN(rapid.IntRange(1, 200), 1, 3).Draw(rt, "batches") {
			first := b.head.Size
			update := b.append(t, numbered(int(first), n)...)
			for i, proof := range update.Proofs {
				index := first + int64(i)
				later, err := ledger.Prove(t.Context(), b, b.head, index)
				if err != nil || !slices.Equal(proof, later) {
					rt.Fatalf("record %d: Append proves %v, Prove %v (%v)", index, proof, later, err)
				}
				if err := tlog.CheckRecord(proof, b.head.Size, b.head.Root, index, b.leaves[index]); err != nil {
					rt.Fatalf("record %d: %v", index, err)
				}
			}
		}
		older := rapid.Int64Range(1, b.head.Size).Draw(rt, "older")
		root, err := tlog.TreeHash(older, b.hashes())
		if err != nil {
			rt.Fatal(err)
		}
		index := rapid.Int64Range(0, older-1).Draw(rt, "index")
		proof, err := ledger.Prove(t.Context(), b, ledger.Head{Size: older, Root: root}, index)
		want, wantErr := tlog.ProveRecord(older, index, b.hashes())
		if err != nil || wantErr != nil || !slices.Equal(proof, []ledger.Hash(want)) {
			rt.Fatalf("under the older head of %d, record %d: %v, %v", older, index, err, wantErr)
		}
	})
}

// The numbers are the example of the tlog-tiles specification.
func TestALogOf70000HasTheTilesOfTheSpecification(t *testing.T) {
	t.Parallel()
	b := newBook()
	const size = 70_000
	for b.head.Size < size {
		b.append(t, numbered(int(b.head.Size), int(min(size-b.head.Size, 999)))...)
	}
	widths := map[int]map[int]int{}
	for at, data := range b.tiles {
		level := int(at[0])
		if widths[level] == nil {
			widths[level] = map[int]int{}
		}
		widths[level][len(data)/32]++
	}
	want := map[int]map[int]int{0: {256: 273, 112: 1}, 1: {256: 1, 17: 1}, 2: {1: 1}}
	for level, tiles := range want {
		for width, n := range tiles {
			if widths[level][width] != n {
				t.Errorf("level %d has %v tiles by width, want %v", level, widths[level], tiles)
			}
		}
	}
	if root, err := tlog.TreeHash(size, b.hashes()); err != nil || b.head.Root != root {
		t.Errorf("root %v, tlog says %v (%v)", b.head.Root, root, err)
	}
	b.reads = 0
	last := b.append(t, []byte("one more"))
	if b.reads > 3 {
		t.Errorf("an append read %d tiles, want at most one a level", b.reads)
	}
	if err := tlog.CheckRecord(last.Proofs[0], size+1, b.head.Root, size, ledger.Leaf([]byte("one more"))); err != nil {
		t.Error(err)
	}
	b.reads = 0
	if _, err := ledger.Prove(t.Context(), b, b.head, 12_345); err != nil || b.reads > 6 {
		t.Errorf("a proof read %d tiles (%v), want at most two a level", b.reads, err)
	}
}

func TestReplayingTheRecordsGivesTheHead(t *testing.T) {
	t.Parallel()
	b := newBook()
	var tree ledger.Tree
	if tree.Head() != ledger.Empty() {
		t.Error("the zero Tree is not the empty log")
	}
	for _, n := range []int{1, 255, 1, 700} {
		records := numbered(int(b.head.Size), n)
		b.append(t, records...)
		tree.Add(records...)
		if tree.Head() != b.head {
			t.Fatalf("replayed %v, appended %v", tree.Head(), b.head)
		}
	}
}

func TestNothingIsBuiltOnTilesThatWereChanged(t *testing.T) {
	t.Parallel()
	b := newBook()
	b.append(t, numbered(0, 700)...)
	for at, good := range b.tiles {
		edge := len(good) < 256*32           // what an append reads
		for i := 0; i < len(good); i += 33 { // one byte of every hash, each time another
			b.tiles[at] = slices.Clone(good)
			b.tiles[at][i] ^= 1
			_, err := ledger.Append(t.Context(), b, b.head, numbered(700, 1))
			if edge && !errors.Is(err, ledger.ErrAltered) {
				t.Fatalf("append did not see byte %d of tile %v change: %v", i, at, err)
			}
			index := int64(600)
			if at[0] == 0 {
				index = at[1] * 256
			}
			if _, err := ledger.Prove(t.Context(), b, b.head, index); !errors.Is(err, ledger.ErrAltered) {
				t.Fatalf("proof did not see byte %d of tile %v change: %v", i, at, err)
			}
		}
		b.tiles[at] = good
	}
}

func TestAHeadThatIsNotOfTheTilesIsRefused(t *testing.T) {
	t.Parallel()
	b := newBook()
	b.append(t, numbered(0, 300)...)
	older := b.head
	b.append(t, numbered(300, 10)...)
	other := newBook()
	other.append(t, numbered(1000, 310)...)
	for name, head := range map[string]ledger.Head{
		"an older head, after a partial restore": older,
		"the head of another log":                other.head,
		"a head with one record fewer":           {Size: 309, Root: b.head.Root},
	} {
		if _, err := ledger.Append(t.Context(), b, head, numbered(310, 1)); !errors.Is(err, ledger.ErrAltered) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, head := range map[string]ledger.Head{
		"below zero":                          {Size: -1},
		"beyond what JSON can say":            {Size: 1 << 53},
		"2^62, where x/mod's arithmetic ends": {Size: 1<<62 + 1},
		"empty with a root":                   {Root: b.head.Root},
	} {
		_, appending := ledger.Append(t.Context(), b, head, numbered(0, 1))
		_, proving := ledger.Prove(t.Context(), b, head, 0)
		_, signing := ledger.SignCheckpoint(head, signer(t))
		extending := ledger.Extends(t.Context(), b, b.head, head)
		if appending == nil || proving == nil || signing == nil || extending == nil {
			t.Errorf("%s: append %v, prove %v, sign %v, extend %v", name, appending, proving, signing, extending)
		}
	}
}

func TestALogThatWasCutOrRewrittenDoesNotExtendItsOldHead(t *testing.T) {
	t.Parallel()
	b, fork := newBook(), newBook()
	b.append(t, numbered(0, 500)...)
	kept := b.head
	fork.append(t, numbered(0, 499)...)
	cut := fork.head
	fork.append(t, []byte("another past"), []byte("and more"))
	b.append(t, numbered(500, 300)...)
	for name, c := range map[string]struct {
		book *book
		head ledger.Head
		want error
	}{
		"grown":     {b, b.head, nil},
		"unchanged": {b, kept, nil},
		"cut":       {fork, cut, ledger.ErrAltered},
		"rewritten": {fork, fork.head, ledger.ErrAltered},
	} {
		if err := ledger.Extends(t.Context(), c.book, c.head, kept); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if err := ledger.Extends(t.Context(), c.book, c.head, ledger.Empty()); err != nil {
			t.Errorf("%s does not extend the empty log: %v", name, err)
		}
	}
}

type broken struct{ err error }

func (b broken) ReadTile(context.Context, int, int64) ([]byte, error) { return nil, b.err }

func TestAFailedReadIsNotTakenForTampering(t *testing.T) {
	t.Parallel()
	b := newBook()
	b.append(t, numbered(0, 300)...)
	down := broken{errors.New("database is down")}
	_, appending := ledger.Append(t.Context(), down, b.head, numbered(0, 1))
	_, proving := ledger.Prove(t.Context(), down, b.head, 7)
	for _, err := range []error{appending, proving, ledger.Extends(t.Context(), down, b.head, b.head)} {
		if !errors.Is(err, down.err) || errors.Is(err, ledger.ErrAltered) {
			t.Errorf("%v", err)
		}
	}
}

func TestABatchThatDoesNotFitChangesNothing(t *testing.T) {
	t.Parallel()
	b := newBook()
	for name, batch := range map[string][][]byte{
		"an empty record":    {[]byte("a"), {}},
		"a record too large": {make([]byte, ledger.MaxRecord+1)},
	} {
		if update, err := ledger.Append(t.Context(), b, b.head, batch); err == nil || update.Tiles != nil {
			t.Errorf("%s: %v, %v", name, update, err)
		}
	}
	for size, fits := range map[int64]bool{ledger.MaxSize - 2: true, ledger.MaxSize - 1: false, ledger.MaxSize: false} {
		_, err := ledger.Append(t.Context(), b, ledger.Head{Size: size}, numbered(0, 2))
		if err == nil || strings.Contains(err.Error(), "do not fit") == fits {
			t.Errorf("two records on %d: %v", size, err)
		}
	}
	if update := b.append(t); update.Head != ledger.Empty() || len(update.Tiles) != 0 {
		t.Errorf("no records made %v", update)
	}
}

func TestARecordOutsideTheLogHasNoProof(t *testing.T) {
	t.Parallel()
	b := newBook()
	b.append(t, numbered(0, 3)...)
	for _, index := range []int64{-1, 3, ledger.MaxSize} {
		if proof, err := ledger.Prove(t.Context(), b, b.head, index); err == nil || errors.Is(err, ledger.ErrAltered) {
			t.Errorf("record %d of 3: %v, %v", index, proof, err)
		}
	}
}
