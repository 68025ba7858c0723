package evidence_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
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

// tampered is how many records are tampered with: 1,000 in a long run.
func tampered(t *testing.T, short int) int {
	t.Helper()
	n, err := strconv.Atoi(os.Getenv("ASSENT_TAMPER_RECORDS"))
	if err != nil {
		return short
	}
	return n
}

// TestEveryByteOfALogCounts changes every byte of every file of logs of eight
// records each, one after the other, and verifies the whole log each time: in one
// long log that would take hours, most of them with records that are as they were.
func TestEveryByteOfALogCounts(t *testing.T) {
	t.Parallel()
	const each = 8
	var changes atomic.Int64
	t.Cleanup(func() { t.Logf("%d changes found", changes.Load()) })
	for from := 0; from < tampered(t, 5*each); from += each {
		t.Run(fmt.Sprintf("records from %d on", from), func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, 1).add(choices(t, from, each)...)
			files := h.laidOut()
			for name, file := range files {
				for i := range file.Data {
					finds(t, h, files, name, i, 1<<(i%8))
					changes.Add(1)
				}
			}
			if wrong := verdict(t, h, files); wrong != "" {
				t.Fatalf("put back: %s", wrong)
			}
		})
	}
}

// finds changes bits of a byte, and has to hear of what the byte belongs to first.
func finds(t *testing.T, h *house, files fstest.MapFS, name string, at int, bits byte) {
	t.Helper()
	files[name].Data[at] ^= bits
	wrong := verdict(t, h, files)
	files[name].Data[at] ^= bits
	piece := name
	if record, inside := recordAt(h, name, at); inside {
		piece = record
	}
	if !names(wrong, piece) {
		t.Fatalf("byte %d of %s: %q, want %q named first", at, name, wrong, piece)
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

// TestEveryPieceOfALongLogCounts changes every record, every hash of every tile and
// every byte of the checkpoint of one log of several tiles on two levels; leaves each
// record out, repeats it, exchanges it with the next and puts another before it; and
// cuts the log off at each, signed anew by the log's own key and by another.
func TestEveryPieceOfALongLogCounts(t *testing.T) {
	t.Parallel()
	const short = 300
	n, step := tampered(t, short), 1
	if n <= short {
		step = 25
	}
	h := newHouse(t, 1).add(choices(t, 0, n)...)
	var changes atomic.Int64
	t.Cleanup(func() { t.Logf("%d changes found in a log of %d records", changes.Load(), n) })
	for name, tamper := range map[string]func(*testing.T, *house, int) int64{
		"pieces": changePieces, "order": changeOrder, "end": cutOff,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changes.Add(tamper(t, h, step))
		})
	}
}

// changePieces changes a byte of each record and of each hash, and every byte of
// the checkpoint.
func changePieces(t *testing.T, h *house, step int) int64 {
	t.Helper()
	files := copied(h.laidOut())
	changes := int64(0)
	change := func(name string, at int) {
		finds(t, h, files, name, at, 0x20)
		changes++
	}
	for name, file := range files {
		tile, err := ledger.ParsePath(name)
		switch {
		case err != nil: // the checkpoint
			for i := range file.Data {
				change(name, i)
			}
		case tile.Level == ledger.Entries:
			at := 0
			for i, record := range h.records[tile.Index*256:][:tile.Width] {
				if i%step == 0 {
					change(name, at+2+i*31%len(record))
				}
				at += 2 + len(record)
			}
		default:
			for i := 0; i < tile.Width; i += step {
				change(name, 32*i+i%32)
			}
		}
	}
	return changes
}

// changeOrder leaves records out, repeats, exchanges and inserts them.
func changeOrder(t *testing.T, h *house, step int) int64 {
	t.Helper()
	files, another := copied(h.laidOut()), choices(t, 1_000_000, 1)[0]
	changes := int64(0)
	for i := 0; i < len(h.records)-1; i += step {
		first := i / 256 * 256
		last := min(first+256, len(h.records))
		file := files[ledger.Tile{Level: ledger.Entries, Index: int64(i / 256), Width: last - first}.Path()]
		records, at, whole := h.records[first:last], i-first, file.Data
		for what, changed := range map[string][][]byte{
			"left out":  slices.Concat(records[:at], records[at+1:]),
			"repeated":  slices.Concat(records[:at+1], records[at:]),
			"exchanged": slices.Concat(records[:at], [][]byte{h.records[i+1], records[at]}, records[min(at+2, len(records)):]),
			"inserted":  slices.Concat(records[:at], [][]byte{another}, records[at:]),
		} {
			var err error
			if file.Data, err = ledger.Bundle(changed); err != nil {
				t.Fatal(err)
			}
			where := fmt.Sprintf("record %d", i)
			if what == "repeated" {
				where = fmt.Sprintf("record %d", i+1)
			}
			if wrong := verdict(t, h, files); !names(wrong, where) && (at != len(records)-1 || wrong == "") {
				t.Fatalf("record %d %s: %q", i, what, wrong)
			}
			changes++
		}
		file.Data = whole
	}
	return changes
}

// cutOff ends the log earlier: found by a kept checkpoint, and where another key
// has signed, by itself.
func cutOff(t *testing.T, h *house, step int) int64 {
	t.Helper()
	kept, changes := h.checkpoint(), int64(0)
	shorter, forged := newHouse(t, 1), newHouse(t, 2)
	for i := 0; i < len(h.records)-1; i++ {
		shorter.add(h.records[i])
		forged.add(h.records[i])
		if i%step > 0 {
			continue
		}
		if wrong := verdict(t, h, shorter.laidOut(), kept); !strings.Contains(wrong, fmt.Sprintf("has %d records and once had %d", i+1, len(h.records))) {
			t.Fatalf("cut off after record %d: %q", i, wrong)
		}
		if wrong := verdict(t, h, forged.laidOut()); !names(wrong, "checkpoint") {
			t.Fatalf("cut off after record %d and signed by another key: %q", i, wrong)
		}
		changes += 2
	}
	return changes
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
