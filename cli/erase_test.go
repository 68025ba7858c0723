package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"assent/terms"
)

func TestAPersonIsExportedAndErasedAndTheLogSaysSo(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.launch()
	m.succeeds("sweep")
	receipt := m.choose("ana", terms.Accept)
	m.choose("ben", terms.Accept)
	file := filepath.Join(m.dir, "ana.json")
	m.succeeds("export", "person", "ana", "--out", file)
	m.fails("export", "person", "ana", "--out", file) // not over one that is there
	m.fails("export", "person", "nobody", "--out", file+"2")
	var held struct {
		Person string
		Held   map[string][]map[string]any
	}
	if err := json.Unmarshal([]byte(m.read("ana.json")), &held); err != nil || held.Person != "ana" || held.Held["responses"][0]["receipt_id"] != receipt {
		t.Fatalf("%+v, %v", held, err)
	}

	backup := filepath.Join(m.dir, "backup.db")
	m.succeeds("backup", backup)
	m.fails("erase", "--person", "ana")
	if code, _, _ := m.run("erase", "--reason", "asked"); code != 2 {
		t.Errorf("without a person: exit code %d", code)
	}
	m.says(m.succeeds("scrub"), "0 erasures")
	m.says(m.succeeds("erase", "--person", "ana", "--reason", "asked by letter"), "details of 2 records", "says so") // the choice, and its export
	m.fails("erase", "--person", "ana", "--reason", "asked by letter")
	m.says(m.succeeds("scrub"), "0 erasures") // followers have three days to hear of it
	m.says(m.succeeds("scrub", "--now", "--json"), `"finished":1`)
	log, key := filepath.Join(m.dir, "log"), filepath.Join(m.dir, "secrets", "ledger.public")
	m.succeeds("export", "log", log)
	m.says(m.succeeds("verify", log, "--key", key), "details of 2 records were destroyed on purpose", "erasure 1")

	// An older copy knows ana again, until she is erased once more.
	m.succeeds("restore", backup, "--replace")
	m.succeeds("export", "person", "ana", "--out", file+"3")
	m.says(m.succeeds("erase", "--again", log), "1 people were erased again")
	m.fails("export", "person", "ana", "--out", file+"4")
	m.succeeds("export", "person", "ben", "--out", file+"5")
	m.says(m.succeeds("erase", "--again", log), "0 people")
	bundle, err := filepath.Glob(filepath.Join(log, "tile", "entries", "*"))
	if err != nil || len(bundle) != 1 {
		t.Fatal(bundle, err)
	}
	files, err := filepath.Glob(filepath.Join(bundle[0], "*"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if err := os.WriteFile(files[0], []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	m.says(m.fails("erase", "--again", log), "cannot be relied on")
}
