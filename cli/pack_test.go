package cli_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"assent/evidence"
	"assent/ledger"
	"assent/terms"
)

// unpacked reads the files of a ZIP.
func unpacked(t *testing.T, path string) map[string][]byte {
	t.Helper()
	archive, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = archive.Close() }()
	files := map[string][]byte{}
	for _, f := range archive.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[f.Name], err = io.ReadAll(in); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// packed writes files as a ZIP, as somebody might who has changed them.
func packed(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, data := range files {
		f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// listed brings the manifest up to a changed, added or missing file.
func listed(t *testing.T, files map[string][]byte, name string) {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(files["manifest.json"], &m); err != nil {
		t.Fatal(err)
	}
	entries := m["files"].([]any)
	i := slices.IndexFunc(entries, func(f any) bool { return f.(map[string]any)["path"] == name })
	if i < 0 {
		i, entries = len(entries), append(entries, map[string]any{"path": name})
	}
	sum := sha256.Sum256(files[name])
	entry := entries[i].(map[string]any)
	entry["sha256"], entry["bytes"] = hex.EncodeToString(sum[:]), len(files[name])
	if files[name] == nil {
		entries = slices.Delete(entries, i, i+1)
	}
	m["files"] = entries
	data, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	files["manifest.json"] = data
}

func TestAnEvidencePackProvesItselfAndShowsEveryChange(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.launch()
	m.succeeds("sweep")
	first := m.choose("ana", terms.Decline)
	m.choose("ben", terms.Accept)
	second := m.choose("ana", terms.Accept)
	path, key := filepath.Join(m.dir, "pack.zip"), filepath.Join(m.dir, "secrets", "ledger.public")
	m.says(m.succeeds("export", "evidence", "--person", "ana", "--out", path), "holds 2 choices")
	m.fails("export", "evidence", "--person", "ana", "--out", path) // not over one that is there
	m.fails("export", "evidence", "--person", "nobody", "--out", path+"2")
	if code, _, _ := m.run("export", "evidence"); code != 2 {
		t.Errorf("without a subject: exit code %d", code)
	}
	m.says(m.succeeds("verify", path, "--key", key),
		"Receipt "+first, "Receipt "+second, `is that of the person "ana"`, "still there in the log of 6 records",
		`"peer_ip":"192.0.2.7"`, "documents/ are the ones in the record", "Not proved", "history.json")
	files := unpacked(t, path)
	if text := string(files["documents/terms-of-service/1/en.md"]); text != "Be kind.\n" {
		t.Errorf("the text is %q; there are %d files", text, len(files))
	}
	m.says(string(files["history.json"]), `"kind": "stage"`, `"transitions"`)
	m.says(string(files["README.txt"]), "assent verify", "verify.mjs")

	one := filepath.Join(m.dir, "one.zip")
	m.succeeds("export", "evidence", "--receipt", first, "--out", one)
	m.says(m.succeeds("verify", one, "--key", key), "Receipt "+first)
	m.changed(files, first)
}

// changed changes each file of a pack, with and without the manifest.
func (m machine) changed(files map[string][]byte, receipt string) {
	t := m.t
	t.Helper()
	known, err := ledger.Verifiers(m.read("secrets", "ledger.public"))
	if err != nil {
		t.Fatal(err)
	}
	wrong := func(files map[string][]byte) string {
		data := packed(t, files)
		_, err := evidence.VerifyPack(bytes.NewReader(data), int64(len(data)), known)
		var found *evidence.Unproved
		if err != nil && !errors.As(err, &found) {
			t.Fatal(err)
		}
		if err == nil {
			return ""
		}
		return err.Error()
	}
	if said := wrong(files); said != "" {
		t.Fatalf("untouched: %s", said)
	}
	manifest := files["manifest.json"]
	ours := []string{"README.txt", "keys", "history.json"} // prove nothing
	for name, whole := range files {
		for at := 0; at < len(whole); at += 1 + len(whole)/40 {
			files[name] = slices.Clone(whole)
			files[name][at] ^= 2
			said := wrong(files)
			if said == "" && name != "manifest.json" || name != "manifest.json" && !strings.Contains(said, name) {
				t.Errorf("byte %d of %s: %q", at, name, said)
			}
			if name == "manifest.json" {
				continue
			}
			listed(t, files, name)
			if said := wrong(files); said == "" && !slices.Contains(ours, name) && !unsaid(whole, files[name]) {
				t.Errorf("byte %d of %s, with the manifest: unnoticed", at, name)
			}
			files["manifest.json"] = manifest
		}
		delete(files, name)
		if said := wrong(files); !strings.Contains(said, name) {
			t.Errorf("without %s: %q", name, said)
		}
		if slices.Contains(ours, name) {
			listed(t, files, name)
			if said := wrong(files); !strings.Contains(said, name+": is missing") {
				t.Errorf("without %s, in the manifest neither: %q", name, said)
			}
		}
		files[name], files["manifest.json"] = whole, manifest
	}
	files["receipts/"+receipt+"/more.json"] = []byte("{}")
	if said := wrong(files); !strings.Contains(said, "more.json: is not in the manifest") {
		t.Errorf("with one more file: %q", said)
	}
	delete(files, "receipts/"+receipt+"/more.json")
	for _, name := range []string{"documents/terms-of-service/2/en.md", "snapshots/" + strings.Repeat("0", 64) + ".html", "receipts/more/salt", "more.txt"} {
		files[name] = []byte("Pay twice.\n")
		listed(t, files, name)
		if said := wrong(files); !strings.Contains(said, name+": belongs to no receipt") {
			t.Errorf("with %s, in the manifest too: %q", name, said)
		}
		delete(files, name)
		files["manifest.json"] = manifest
	}
}

// unsaid reports whether two files are the same JSON, written differently: what
// was indented or escaped in another way says the same.
func unsaid(a, b []byte) bool {
	var x, y bytes.Buffer
	return json.Compact(&x, a) == nil && json.Compact(&y, b) == nil && bytes.Equal(x.Bytes(), y.Bytes())
}

func TestAFileThatIsNoPackIsRefused(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.succeeds("migrate")
	key := filepath.Join(m.dir, "secrets", "ledger.public")
	for name, data := range map[string]string{"empty.zip": string(packed(t, nil)), "torn.zip": "PK\x03\x04 and no more"} {
		code, out, errs := m.run("verify", m.file(name, data), "--key", key)
		if code != 3 || out != "" || !strings.Contains(errs, "NOT proved") {
			t.Errorf("%s: exit code %d: %s%s", name, code, out, errs)
		}
	}
	if err := os.Remove(filepath.Join(m.dir, "torn.zip")); err != nil {
		t.Fatal(err)
	}
}
