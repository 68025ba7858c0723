package cli_test

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"assent/config"
	"assent/ledger"
	"assent/models"
	"assent/terms"
	"assent/tracker"

	"golang.org/x/mod/sumdb/note"
)

// tracker opens the deployment as a server would, with its keys.
func (m machine) tracker() *tracker.Tracker {
	m.t.Helper()
	store, err := models.Open(m.t.Context(), "sqlite:"+filepath.Join(m.dir, "assent.db"), models.Options{})
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { _ = store.Close() })
	return m.trackerOn(store)
}

// trackerOn is tracker, on a store that is open already.
func (m machine) trackerOn(store *models.Store) *tracker.Tracker {
	m.t.Helper()
	base, err := os.ReadFile("../config.yaml")
	if err != nil {
		m.t.Fatal(err)
	}
	settings, err := config.Load(base, "", nil)
	if err != nil {
		m.t.Fatal(err)
	}
	d := tracker.Deps{
		Store: store, Catalogue: settings.Catalogue, Now: time.Now, Random: rand.Reader,
		Committed: func(context.Context, uint64) error { return nil },
	}
	for i, line := range strings.Fields(m.read("secrets", "ledger.key")) {
		signer, err := note.NewSigner(line)
		if err != nil {
			m.t.Fatal(err)
		}
		if i == 0 {
			d.Signer = signer
		} else {
			d.Besides = append(d.Besides, signer)
		}
	}
	return tracker.New(d)
}

func (m machine) read(path ...string) string {
	m.t.Helper()
	data, err := os.ReadFile(filepath.Join(append([]string{m.dir}, path...)...))
	if err != nil {
		m.t.Fatal(err)
	}
	return string(data)
}

// choose records a choice of somebody and returns the receipt's file.
func (m machine) choose(person string, action terms.Action) string {
	m.t.Helper()
	t := m.tracker()
	defer func() { _ = t.Store.(*models.Store).Close() }()
	offer, err := t.Offer(m.t.Context(), person, "c")
	if err != nil {
		m.t.Fatal(err)
	}
	c := tracker.Choice{
		Person: person, Campaign: "c", Action: action, IdempotencyKey: rand.Text(), Method: ledger.MethodAPI, Actor: "key_1",
		Details: ledger.Details{PeerIP: "192.0.2.7", UserAgent: "a phone"},
	}
	for _, v := range offer.Versions {
		text := v.Texts[0]
		c.Documents = append(c.Documents, terms.DocumentText{Document: v.Document, Version: v.Version, Locale: text.Locale, SHA256: text.SHA256})
	}
	receipt, _, err := t.Respond(m.t.Context(), c)
	if err != nil {
		m.t.Fatal(err)
	}
	return receipt.ReceiptID
}

// fails runs a command line that must not succeed, and returns what it says.
func (m machine) fails(args ...string) string {
	m.t.Helper()
	code, out, errs := m.run(args...)
	if code != 1 {
		m.t.Fatalf("assent %s: exit code %d\n%s%s", strings.Join(args, " "), code, out, errs)
	}
	return errs
}

// copyDatabase keeps the database aside, and gives it back when called.
func (m machine) copyDatabase() (restore func()) {
	m.t.Helper()
	files := map[string]string{}
	for _, name := range []string{"assent.db", "assent.db-wal"} {
		if data, err := os.ReadFile(filepath.Join(m.dir, name)); err == nil {
			files[name] = string(data)
		}
	}
	return func() {
		for _, name := range []string{"assent.db-wal", "assent.db-shm"} {
			_ = os.Remove(filepath.Join(m.dir, name))
		}
		for name, data := range files {
			m.file(name, data)
		}
	}
}

func TestAnOlderCopyOfTheDatabaseIsRefusedAgainstTheKeptCheckpoint(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.says(m.succeeds("doctor"), "no checkpoint is kept", "ledger.checkpoint_file")
	kept := filepath.Join(m.dir, "kept")
	m.more = []string{"ASSENT_LEDGER_CHECKPOINT_FILE=" + kept}
	m.launch()
	m.choose("ana", terms.Accept)
	m.says(m.succeeds("doctor"), "log       good: 4 records")
	m.says(m.succeeds("doctor"), "continues the 4 of "+kept) // whatever ends leaves it behind
	first := m.read("kept")                                  // three acts of staff and a choice
	restore := m.copyDatabase()
	m.choose("ben", terms.Decline)
	m.succeeds("sweep")
	newest := m.read("kept")
	if newest == first || !strings.Contains(newest, "\n5\n") {
		t.Fatalf("kept is\n%s", newest)
	}

	restore()
	for _, command := range [][]string{{"doctor"}, {"sweep"}, {"serve"}} {
		m.says(m.fails(command...), "has 4 records and once had 5", "Restore a newer copy", kept, newest, first)
	}
	if m.read("kept") != newest {
		t.Error("the proof was overwritten")
	}

	m.choose("ben", terms.Accept) // the copy goes on, and becomes another branch
	m.says(m.fails("doctor"), "the first 5 records of the log are no longer the same", newest, "Two histories")

	if err := os.Rename(kept, kept+".proof"); err != nil { // accepted
		t.Fatal(err)
	}
	m.succeeds("sweep")
	m.says(m.succeeds("doctor"), "continues the 5 of "+kept)
	m.says(m.fails("doctor", "--checkpoint", kept+".proof"), "no longer the same", newest)
	m.says(m.succeeds("doctor", "--checkpoint", m.file("first", first)), "continues the 4 records")
}

func TestAKeptCheckpointOfAnotherLogIsRefused(t *testing.T) {
	t.Parallel()
	m, other := newMachine(t), newMachine(t)
	other.more = []string{"ASSENT_LEDGER_CHECKPOINT_FILE=" + filepath.Join(other.dir, "kept")}
	other.launch()
	other.choose("ana", terms.Accept)
	other.succeeds("doctor")
	m.more = []string{"ASSENT_LEDGER_CHECKPOINT_FILE=" + filepath.Join(other.dir, "kept")}
	m.says(m.fails("doctor"), "not a checkpoint of the log localhost/assent")
	m.more = []string{"ASSENT_LEDGER_CHECKPOINT_FILE=" + m.file("garbage", "nothing\n")}
	m.says(m.fails("doctor"), "ledger.checkpoint_file")
}

func TestAKeyOfTheLogIsRotatedAndRetired(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.launch()
	first := m.tracker()
	m.choose("ana", terms.Accept)
	old := strings.TrimSpace(m.read("secrets", "ledger.public"))
	m.says(m.fails("ledger", "retire"), "only one key signs")

	out := m.succeeds("ledger", "rotate")
	public := strings.Fields(m.read("secrets", "ledger.public"))
	if len(public) != 2 || public[1] != old || public[0] == old {
		t.Fatalf("public keys after rotating: %q", public)
	}
	m.says(out, public[0]+"\tsigns\n", old+"\tsigns beside the newest\n")
	checkpoint := func(want ...int) {
		t.Helper()
		text, err := m.tracker().Checkpoint(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for i, key := range public {
			known, err := ledger.Verifiers(key)
			if err != nil {
				t.Fatal(err)
			}
			if c, err := ledger.ParseCheckpoint(string(text), known); (err == nil) != (want[i] == 1) {
				t.Errorf("by the key %d: %+v, %v", i, c, err)
			}
		}
	}
	checkpoint(1, 1)
	m.choose("ben", terms.Accept)
	checkpoint(1, 1)

	m.says(m.succeeds("ledger", "retire"), public[0]+"\tsigns\n", old+"\tretired")
	checkpoint(1, 0)
	if private := strings.Fields(m.read("secrets", "ledger.key")); len(private) != 1 {
		t.Fatalf("%d private keys are left", len(private))
	}
	m.choose("ana", terms.Withdraw)
	m.says(m.succeeds("doctor"), "6 records")
	if first.Signer.Name() != "localhost/assent" {
		t.Error("the name of the log changed")
	}
	for i := 0; i < 2; i++ { // again: three keys, of which one signs
		m.succeeds("ledger", "rotate")
	}
	m.succeeds("ledger", "retire")
	if n := len(strings.Fields(m.succeeds("ledger", "keys"))); n < 4 {
		t.Errorf("%d words on four keys", n)
	}
}
