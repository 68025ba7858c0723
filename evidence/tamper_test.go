package evidence_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"assent/evidence"
	"assent/ledger"
)

// verdict verifies a layout and returns what is wrong with it, "" for nothing.
func verdict(t *testing.T, h *house, files fs.FS, kept ...ledger.Checkpoint) string {
	t.Helper()
	_, err := evidence.VerifyLog(t.Context(), files, h.known(), evidence.LogOptions{Kept: kept})
	if err == nil {
		return ""
	}
	var unproved *evidence.Unproved
	var split *ledger.Split
	if !errors.As(err, &unproved) && !errors.As(err, &split) {
		t.Fatalf("cannot be read: %v", err)
	}
	return err.Error()
}

func TestAnUntouchedLogRaisesNoAlarm(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	old := h.add(choices(t, 0, 1)...).checkpoint()
	for _, more := range []int{1, 9, 244, 1, 1, 255, 300, 70_000} {
		h.add(choices(t, int(h.head.Size), more)...)
		report, err := evidence.VerifyLog(t.Context(), h.laidOut(), h.known(), evidence.LogOptions{Kept: []ledger.Checkpoint{old}})
		if err != nil {
			t.Fatalf("%d records: %v", h.head.Size, err)
		}
		if n := report.Counts["accepted"] + report.Counts[ledger.KindAct]; n != h.head.Size || report.Strange != 0 {
			t.Errorf("%d records: counted %v", h.head.Size, report.Counts)
		}
		old = h.checkpoint()
	}
	if wrong := verdict(t, h, newHouse(t, 1).laidOut()); wrong != "" {
		t.Errorf("an empty log: %s", wrong)
	}
}

// rounds is how many records the battery changes byte by byte; the whole of it
// takes hours.
func rounds(t *testing.T, short int) int {
	t.Helper()
	n, err := strconv.Atoi(os.Getenv("ASSENT_TAMPER_RECORDS"))
	if err != nil {
		return short
	}
	return n
}

func TestEveryByteOfALogCounts(t *testing.T) {
	t.Parallel()
	n := rounds(t, 5)
	h := newHouse(t, 1).add(choices(t, 0, n)...)
	files := h.laidOut()
	for name, file := range files {
		for i := range file.Data {
			file.Data[i] ^= 1 << (i % 8)
			wrong := verdict(t, h, files)
			file.Data[i] ^= 1 << (i % 8)
			piece := name
			if record, inside := recordAt(h, name, i); inside {
				piece = record
			}
			if !names(wrong, piece) {
				t.Fatalf("byte %d of %s: %q, want %q named first", i, name, wrong, piece)
			}
		}
	}
	if wrong := verdict(t, h, files); wrong != "" {
		t.Fatalf("put back: %s", wrong)
	}
}

// names reports whether a verdict begins with a piece: "record 1", not "record 17".
func names(wrong, piece string) bool {
	rest, found := strings.CutPrefix(wrong, piece)
	return found && rest != "" && !strings.Contains("0123456789", rest[:1])
}

// recordAt names the record that a byte of a bundle belongs to; that of a
// length belongs to no record alone.
func recordAt(h *house, name string, at int) (string, bool) {
	tile, err := ledger.ParsePath(name)
	if err != nil || tile.Level != ledger.Entries {
		return "", false
	}
	for i := int(tile.Index) * 256; i < len(h.records); i++ {
		if at < 2 {
			return fmt.Sprintf("record %d", i), true // where the shift begins
		}
		if at -= 2 + len(h.records[i]); at < 0 {
			return fmt.Sprintf("record %d", i), true
		}
	}
	return "", false
}

// spread is a log of several tiles on two levels, of which a byte in every so
// many is changed.
func TestWhatIsChangedInALargeLogIsNamed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1).add(choices(t, 0, 700)...)
	whole := h.laidOut()
	step := max(1, 997/rounds(t, 1))
	for name, file := range whole {
		for i := 1; i < len(file.Data); i += step * (1 + len(file.Data)/20_000) {
			file.Data[i] ^= 0x20
			wrong := verdict(t, h, whole)
			file.Data[i] ^= 0x20
			piece := name
			if record, inside := recordAt(h, name, i); inside {
				piece = record
			}
			if !names(wrong, piece) {
				t.Fatalf("byte %d of %s: %q, want %q named first", i, name, wrong, piece)
			}
		}
	}
}

func TestRecordsThatAreMovedMissingOrAddedAreNamed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1).add(choices(t, 0, 700)...)
	whole := h.laidOut()
	bundle := func(index int, change func([][]byte) [][]byte) func(fstest.MapFS) {
		return func(files fstest.MapFS) {
			path := ledger.Tile{Level: ledger.Entries, Index: int64(index), Width: min(256, 700-256*index)}.Path()
			records, err := ledger.ParseBundle(files[path].Data)
			if err != nil {
				t.Fatal(err)
			}
			if files[path].Data, err = ledger.Bundle(change(records)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, c := range map[string]struct {
		spoil func(fstest.MapFS)
		names string
	}{
		"one deleted": {bundle(1, func(r [][]byte) [][]byte { return append(r[:44], r[45:]...) }), "record 300 "},
		"two swapped": {bundle(1, func(r [][]byte) [][]byte { r[44], r[45] = r[45], r[44]; return r }), "record 300 "},
		"one twice":   {bundle(1, func(r [][]byte) [][]byte { r[44] = r[43]; return r }), "record 300 "},
		"one inserted": {bundle(2, func(r [][]byte) [][]byte {
			return append(r[:50:50], append([][]byte{choices(t, 9000, 1)[0]}, r[50:]...)...)
		}), "record 562 "},
		"one added at the end": {bundle(2, func(r [][]byte) [][]byte { return append(r, choices(t, 9000, 1)...) }), "tile/entries/002.p/188: holds 1 record"},
		"the end cut off":      {bundle(2, func(r [][]byte) [][]byte { return r[:180] }), "record 692: is missing"},
		"an empty bundle":      {bundle(2, func([][]byte) [][]byte { return nil }), "record 512: is missing"},
		"a bundle cut within a record": {func(f fstest.MapFS) {
			data := f["tile/entries/001"].Data
			f["tile/entries/001"].Data = data[:len(data)-3]
		}, "record 511: is missing"},
		"no bundle": {func(f fstest.MapFS) { delete(f, "tile/entries/001") }, "tile/entries/001: is missing: records 256 to 511"},
		"two bundles swapped": {func(f fstest.MapFS) {
			f["tile/entries/000"], f["tile/entries/001"] = f["tile/entries/001"], f["tile/entries/000"]
		}, "record 0 "},
		"no tile of hashes":    {func(f fstest.MapFS) { delete(f, "tile/0/001") }, "tile/0/001: is missing"},
		"no tile above":        {func(f fstest.MapFS) { delete(f, "tile/1/000.p/2") }, "tile/1/000.p/2: is missing"},
		"a short tile":         {func(f fstest.MapFS) { f["tile/0/001"].Data = f["tile/0/001"].Data[:8160] }, "tile/0/001: is 8160 bytes long"},
		"no checkpoint":        {func(f fstest.MapFS) { delete(f, "checkpoint") }, "checkpoint: is missing"},
		"an earlier bundle":    {func(f fstest.MapFS) { f["tile/entries/002.p/188"].Data = nil }, "record 512: is missing"},
		"another log's record": {bundle(0, func(r [][]byte) [][]byte { r[7] = choices(t, 5000, 1)[0]; return r }), "record 7 "},
		"a record and its hash": {func(f fstest.MapFS) {
			forged := newHouse(t, 1).add(append(append(choices(t, 0, 299), choices(t, 9000, 1)...), choices(t, 300, 400)...)...).laidOut()
			f["tile/entries/001"], f["tile/0/001"] = forged["tile/entries/001"], forged["tile/0/001"]
		}, "tile/1/000.p/2: differs at hash 1"},
		"everything but the checkpoint": {func(f fstest.MapFS) {
			forged := newHouse(t, 1).add(append(append(choices(t, 0, 299), choices(t, 9000, 1)...), choices(t, 300, 400)...)...).laidOut()
			delete(forged, "checkpoint")
			for name, file := range forged {
				f[name] = file
			}
		}, "checkpoint: signs another root"},
		"everything, under another key": {func(f fstest.MapFS) {
			for name, file := range newHouse(t, 2).add(h.records...).laidOut() {
				f[name] = file
			}
		}, "checkpoint: "},
	} {
		files := copied(whole)
		c.spoil(files)
		if wrong := verdict(t, h, files); !strings.HasPrefix(wrong, c.names) {
			t.Errorf("%s: %q, want %q", name, wrong, c.names)
		}
	}
	if wrong := verdict(t, h, whole); wrong != "" {
		t.Fatalf("the copies were not copies: %s", wrong)
	}
}

func TestARewrittenLogDoesNotContinueAKeptCheckpoint(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1).add(choices(t, 0, 300)...)
	kept := h.checkpoint()
	shorter, forked := newHouse(t, 1).add(choices(t, 0, 299)...), newHouse(t, 1).add(choices(t, 1, 600)...)
	for _, c := range []struct {
		log  *house
		says string
	}{
		{shorter, "the log has 299 records and once had 300"},
		{forked, "the first 300 records of the log are no longer the same"},
	} {
		if wrong := verdict(t, h, c.log.laidOut()); wrong != "" {
			t.Fatalf("alone: %s", wrong)
		}
		if wrong := verdict(t, h, c.log.laidOut(), kept); !strings.Contains(wrong, c.says) {
			t.Errorf("%q, want %q", wrong, c.says)
		}
	}
}

func TestARecordThatIsNoneIsFoundThoughItIsSigned(t *testing.T) {
	t.Parallel()
	good := choices(t, 0, 1)[0]
	for name, raw := range map[string][]byte{
		"no JSON":            []byte("hello"),
		"no kind":            []byte(`{"format":1}`),
		"white space":        append([]byte(" "), good...),
		"a name twice":       bytes.Replace(good, []byte(`{`), []byte(`{"action":"declined",`), 1),
		"a missing field":    bytes.Replace(good, []byte(`"actor":"key_1",`), nil, 1),
		"an unknown field":   bytes.Replace(good, []byte(`"actor"`), []byte(`"acted":1,"actor"`), 1),
		"another action":     bytes.Replace(good, []byte(`"accepted"`), []byte(`"agreed"`), 1),
		"a loose other kind": []byte(`{"kind": "new"}`),
	} {
		h := newHouse(t, 1).add(good, raw, good)
		if wrong := verdict(t, h, h.laidOut()); !strings.HasPrefix(wrong, "record 1: is as it was logged, but is no record") {
			t.Errorf("%s: %q", name, wrong)
		}
	}
	h := newHouse(t, 1).add(good, []byte(`{"kind":"new","what":["we","do","not","know"]}`))
	report, err := evidence.VerifyLog(t.Context(), h.laidOut(), h.known(), evidence.LogOptions{})
	if err != nil || report.Strange != 1 || report.Counts["new"] != 1 {
		t.Errorf("a kind of a newer program: %v, %v", report.Counts, err)
	}
	if text := report.String(); !strings.Contains(text, "1 records of kinds that this program does not know") {
		t.Error(text)
	}
}
