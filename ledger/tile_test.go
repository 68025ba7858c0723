package ledger_test

import (
	"bytes"
	"slices"
	"testing"

	"assent/ledger"

	"pgregory.net/rapid"
)

func TestTilePathsAreThoseOfTheSpecification(t *testing.T) {
	t.Parallel()
	for path, tile := range map[string]ledger.Tile{
		"tile/0/000":                     {Level: 0, Index: 0, Width: 256},
		"tile/0/273.p/112":               {Level: 0, Index: 273, Width: 112},
		"tile/2/x001/x234/067":           {Level: 2, Index: 1234067, Width: 256},
		"tile/6/x001/x234/067.p/1":       {Level: 6, Index: 1234067, Width: 1},
		"tile/0/x035/x184/x372/x088/831": {Level: 0, Index: ledger.MaxSize / 256, Width: 256},
		"tile/entries/x001/000":          {Level: ledger.Entries, Index: 1000, Width: 256},
		"tile/entries/x001/000.p/255":    {Level: ledger.Entries, Index: 1000, Width: 255},
	} {
		if got := tile.Path(); got != path {
			t.Errorf("%v is at %s, want %s", tile, got, path)
		}
		if got, err := ledger.ParsePath(path); err != nil || got != tile {
			t.Errorf("%s is %v (%v), want %v", path, got, err, tile)
		}
	}
}

func TestOnlyOneSpellingOfATilePathIsRead(t *testing.T) {
	t.Parallel()
	for _, path := range []string{
		"", "tile", "tile/", "tile/0", "tile/0/", "/tile/0/000", "tile/0/000/", "tile/0/0", "tile/0/0000",
		"tile/00/000", "tile/+0/000", "tile/-1/000", "tile/7/000", "tile/64/000", "tile/0/x000/000", "tile/0/001/000",
		"tile/0/x001/x000", "tile/0/000.p", "tile/0/000.p/", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01",
		"tile/0/000.p/-1", "tile/0/-01", "tile/8/0/000", "tile/data/000", "tile/entries", "tile/entries/",
		"tile/entries/entries/000", "tile/0/../000", "tile/0/000\n", "tile/0/x999/x999/x999/x999/x999/999",
		"tile/0/x035/x184/x372/x088/832", "tile/0/x018/x446/x744/x073/x709/x551/616", "entries/000", "0/000",
	} {
		if tile, err := ledger.ParsePath(path); err == nil {
			t.Errorf("%q was read as %v", path, tile)
		}
	}
}

func TestANarrowerTileIsCutFromAWiderOne(t *testing.T) {
	t.Parallel()
	stored := bytes.Repeat([]byte{7}, 5*32)
	if got, err := (ledger.Tile{Width: 3}).Cut(stored); err != nil || len(got) != 3*32 {
		t.Errorf("3 of 5 hashes: %d bytes, %v", len(got), err)
	}
	if got, err := (ledger.Tile{Width: 6}).Cut(stored); err == nil {
		t.Errorf("6 of 5 hashes: %d bytes", len(got))
	}
}

func TestABundleGivesBackItsRecords(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		records := rapid.SliceOf(rapid.SliceOfN(rapid.Byte(), 1, 300)).Draw(rt, "records")
		bundle, err := ledger.Bundle(records)
		if err != nil {
			rt.Fatal(err)
		}
		got, err := ledger.ParseBundle(bundle)
		if err != nil || !slices.EqualFunc(got, records, bytes.Equal) {
			rt.Fatalf("%v became %v (%v)", records, got, err)
		}
		if len(bundle) > 0 {
			if got, err := ledger.ParseBundle(bundle[:len(bundle)-1]); err == nil {
				rt.Fatalf("a bundle cut short was read as %v", got)
			}
		}
	})
	if _, err := ledger.Bundle([][]byte{make([]byte, ledger.MaxRecord+1)}); err == nil {
		t.Error("a record too large was bundled")
	}
}
