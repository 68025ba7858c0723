package evidence_test

import (
	"archive/zip"
	"bytes"
	"context"
	"maps"
	"slices"
	"testing"
	"testing/fstest"

	"assent/evidence"
)

// FuzzVerifyLog puts something else in the place of one file of a log.
func FuzzVerifyLog(f *testing.F) {
	h := newHouse(f, 1).add(choices(f, 0, 300)...)
	whole, known := h.laidOut(), h.known()
	names := slices.Sorted(maps.Keys(whole))
	for i, name := range names {
		f.Add(i, whole[name].Data)
		f.Add(i, bytes.ReplaceAll(whole[name].Data, []byte("\n"), []byte("\r\n")))
		f.Add(i, whole[name].Data[:len(whole[name].Data)/2])
	}
	f.Add(0, []byte("example.com/assent\n9223372036854775807\nAAAA\n\n— example.com/assent AAAA\n"))
	f.Fuzz(func(t *testing.T, i int, data []byte) {
		if i < 0 || i >= len(names) {
			return
		}
		files := copied(whole)
		files[names[i]] = &fstest.MapFile{Data: data}
		report, err := evidence.VerifyLog(context.Background(), files, known, evidence.LogOptions{})
		if err == nil && (!bytes.Equal(data, whole[names[i]].Data) && names[i] != "checkpoint" || report.Checkpoint.Head != h.head) {
			t.Fatalf("%s can be %q", names[i], data)
		}
	})
}

// FuzzVerifyPack reads packs of a house that has handed out no receipt.
func FuzzVerifyPack(f *testing.F) {
	known := newHouse(f, 1).known()
	pack := func(files map[string]string) []byte {
		var out bytes.Buffer
		w := zip.NewWriter(&out)
		for _, name := range slices.Sorted(maps.Keys(files)) {
			file, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store}) // not packed, so that changes reach what is read
			if err == nil {
				_, err = file.Write([]byte(files[name]))
			}
			if err != nil {
				f.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			f.Fatal(err)
		}
		return out.Bytes()
	}
	f.Add([]byte{})
	f.Add(pack(nil))
	f.Add(pack(map[string]string{"manifest.json": `{"format":1,"receipts":[],"made_at":"2021-05-20T10:00:00Z","files":[]}`}))
	f.Add(pack(map[string]string{"manifest.json": `{"format":1,"receipts":["rcp_1","rcp_1"],"made_at":"2021-05-20T10:00:00Z","files":[{"path":"../x","bytes":-1,"sha256":""}]}`}))
	f.Add(pack(map[string]string{"manifest.json": "{}", "receipts/rcp_1/receipt.json": `{"record":{},"proof":{}}`, "person.json": "null", "checkpoint": "\n\n"}))
	f.Fuzz(func(t *testing.T, data []byte) {
		report, err := evidence.VerifyPack(bytes.NewReader(data), int64(len(data)), known)
		if err == nil && len(report.Receipts) > 0 {
			t.Fatalf("accepted %+v", report)
		}
		_ = report.String()
	})
}
