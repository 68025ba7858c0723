package cli_test

import (
	"database/sql"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"assent/internal/testenv"
	"assent/ledger"
	"assent/terms"
	"assent/tracker"
)

// spoil changes a database behind the back of what guards it.
func spoil(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+path+"?_foreign_keys=off")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	rows, err := db.Query("SELECT 'DROP TRIGGER ' || name FROM sqlite_master WHERE type = 'trigger'")
	if err != nil {
		t.Fatal(err)
	}
	var statements []string
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			t.Fatal(err)
		}
		statements = append(statements, one)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		t.Fatal(err)
	}
	for _, one := range append(statements, statement) {
		if _, err := db.Exec(one); err != nil {
			t.Fatal(one, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// keeps has the machine keep checkpoints, and returns where.
func (m *machine) keeps() string {
	kept := filepath.Join(m.dir, "kept")
	m.more = append(m.more, "ASSENT_LEDGER_CHECKPOINT_FILE="+kept)
	return kept
}

func TestABackupIsAVerifiedCopyInANewFile(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.keeps()
	file := filepath.Join(m.dir, "monday.db")
	m.says(m.fails("backup", file), "assent.db") // there is nothing yet, and nothing is made
	if _, err := os.Stat(filepath.Join(m.dir, "assent.db")); err == nil {
		t.Error("a database was made")
	}
	m.launch()
	m.choose("ana", terms.Accept)
	server := m.tracker() // has the database open
	var b struct {
		File, SHA256, Checkpoint string
		Bytes, Records           int64
		Verified                 bool
	}
	if err := json.Unmarshal([]byte(m.succeeds("backup", file, "--json")), &b); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 || info.Size() != b.Bytes {
		t.Errorf("%v, %v", info, err)
	}
	if want, err := server.Checkpoint(t.Context()); err != nil || b.Checkpoint != string(want) || b.Records != 4 || !b.Verified || len(b.SHA256) != 64 {
		t.Errorf("%+v, %v", b, err)
	}
	before := m.read("monday.db")
	m.says(m.fails("backup", file), "there already")
	if m.read("monday.db") != before {
		t.Error("it was overwritten")
	}
	left, err := filepath.Glob(filepath.Join(m.dir, ".*"))
	if err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
	m.says(m.succeeds("doctor", "--full"), "all 4 records of the log")
}

func TestADatabaseThatIsDamagedGivesNoBackup(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]struct{ statement, says string }{
		"a record":    {"UPDATE log_entries SET record = CAST(replace(CAST(record AS TEXT), 'terms', 'TERMS') || ' ' AS BLOB) WHERE leaf_index = 1", "record 1"},
		"a tile":      {"UPDATE tiles SET data = zeroblob(length(data)) WHERE path = 'tile/0/000'", "tile/0/000"},
		"the head":    {"UPDATE log_head SET checkpoint = CAST(replace(CAST(checkpoint AS TEXT), 'localhost', 'elsewhere') AS BLOB)", "checkpoint"},
		"a reference": {"UPDATE plans SET campaign = 'gone'", "references"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			m.launch()
			m.choose("ana", terms.Accept)
			good := filepath.Join(m.dir, "good.db")
			m.succeeds("backup", good)
			spoil(t, filepath.Join(m.dir, "assent.db"), damage.statement)
			bad := filepath.Join(m.dir, "bad.db")
			if code, _, errs := m.run("backup", bad); code == 0 || !strings.Contains(errs, damage.says) {
				t.Errorf("exit code %d: %s", code, errs)
			}
			if _, err := os.Stat(bad); err == nil {
				t.Error("a file is there")
			}
			spoil(t, good, damage.statement)
			m.says(m.fails("restore", good), "--replace")
			if code, _, errs := m.run("restore", good, "--replace"); code == 0 || !strings.Contains(errs, damage.says) {
				t.Errorf("restored, exit code %d: %s", code, errs)
			}
		})
	}
}

func TestABackupIsRestoredAndWhatWasLostIsAcceptedForTheRecord(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	kept := m.keeps()
	m.launch()
	m.choose("ana", terms.Accept)
	m.succeeds("sweep") // whatever ends keeps the checkpoint
	file := filepath.Join(m.dir, "monday.db")
	m.succeeds("backup", file)
	open := m.tracker()
	receipt, err := open.Receipt(t.Context(), m.choose("ben", terms.Accept))
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(ledger.Receipt{Record: receipt.Record, Proof: receipt.Proof})
	if err != nil {
		t.Fatal(err)
	}
	later := m.file("receipt.json", string(data))
	m.says(m.succeeds("doctor", "--checkpoint", later), "continues the 5 records of "+later)
	newest := m.read("kept")

	m.says(m.fails("restore", file), "--replace")
	m.says(m.fails("restore", file, "--replace"), "stop the server first")
	if err := open.Store.(interface{ Close() error }).Close(); err != nil {
		t.Fatal(err)
	}
	m.says(m.succeeds("restore", file, "--replace"), "in place", "4 records", "assent.db.replaced-", "last 1 records", "accept-loss --size 5")
	m.says(m.fails("restore", m.file("junk.db", "no database"), "--replace"), "junk.db was not restored", "not a database")
	m.says(m.fails("serve"), "has 4 records and once had 5", "accept-loss --size 5", newest)

	m.says(m.fails("ledger", "accept-loss", "--size", "5"), "reason")
	if code, _, errs := m.run("ledger", "accept-loss", "--size", "6", "--reason", "x"); code != 2 || !strings.Contains(errs, "is of 5 records") {
		t.Errorf("another checkpoint was named: exit code %d: %s", code, errs)
	}
	m.says(m.succeeds("ledger", "accept-loss", "--size", "5", "--reason", "the disk failed"), "goes on from 4 records", kept+".lost-5-")
	m.says(m.fails("ledger", "accept-loss", "--size", "5", "--reason", "again"), "nothing is lost")
	proof, err := filepath.Glob(kept + ".lost-5-*")
	if err != nil || len(proof) != 1 || m.read(filepath.Base(proof[0])) != newest {
		t.Errorf("proof %v, %v", proof, err)
	}
	m.says(m.succeeds("doctor", "--full"), "continues the 5 of "+kept, "all 5 records of the log")
	m.says(m.fails("doctor", "--checkpoint", later), "no longer the same", newest)
	acts, err := m.tracker().ActList(t.Context(), tracker.ActQuery{Limit: 1})
	if err != nil || len(acts) != 1 || acts[0].Action != "ledger.accept_loss" || acts[0].Reason != "the disk failed" || !strings.Contains(acts[0].Object, "of 5 records") {
		t.Errorf("%+v, %v", acts, err)
	}
	if pause, err := m.tracker().Paused(t.Context()); err != nil || pause.At.IsZero() {
		t.Errorf("stepping goes on: %v, %v", pause, err)
	}
}

func TestAnArchiveOfPostgreSQLIsRestoredAndVerifiedWhereItIsTried(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.keeps()
	m.more = append(m.more, "ASSENT_DATABASE_URL="+testenv.Postgres(t), "PATH="+os.Getenv("PATH"))
	m.succeeds("key", "create", "app", "--scope", "flags:read")
	try := testenv.Postgres(t)
	m.says(m.succeeds("backup", filepath.Join(m.dir, "read.dump")), "not restored")
	m.says(m.succeeds("backup", filepath.Join(m.dir, "tried.dump"), "--try", try), "verified with 1 records")
	m.says(m.fails("backup", filepath.Join(m.dir, "again.dump"), "--try", try), "has to be empty")
	if code, _, errs := m.run("restore", filepath.Join(m.dir, "tried.dump")); code != 2 || !strings.Contains(errs, "pg_restore") {
		t.Errorf("exit code %d: %s", code, errs)
	}
	if left, err := filepath.Glob(filepath.Join(m.dir, "again*")); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}
