package tracker_test

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"assent/evidence"
	"assent/internal/testenv"
	"assent/ledger"
	"assent/messaging/mailbox"
	"assent/models"
	"assent/terms"
	"assent/tracker"
)

// erika is somebody of whom everything is known that can be: each text about her
// has a word of its own.
const erika = "acct-7731-erika"

// words are what must be nowhere once she is erased.
func words() []string {
	return []string{
		erika, "erika.postfach@example.org", "kaios-of-erika", "Agent-of-erika", "203.0.113.77", "device-of-erika", "key-of-erika", "hold-of-erika",
		"paper-of-erika", "message-to-erika", "release-of-erika", "refused-of-erika", "time-for-erika", "failure-of-erika", "letter-to-erika", "said-by-erika", "phone-of-erika",
	}
}

// life lets erika and three others live through a campaign, and returns the
// bytes that open what the log has of her.
func (w *world) life() [][]byte {
	w.t.Helper()
	ctx := w.t.Context()
	attributes, err := terms.ParseAttributes(map[string]string{"app": "kaios-of-erika"})
	if err != nil {
		w.t.Fatal(err)
	}
	w.launch("BR", "DE", "IN")
	her := tracker.Person{ID: erika, Attributes: attributes, Contact: &tracker.Contact{Email: "erika.postfach@example.org", Zone: "America/Sao_Paulo"}}
	w.person(her)
	w.person(tracker.Person{ID: "bot-1", Type: terms.Bot, Owner: erika})
	w.walk(announce.Add(day), erika, "p-0", "p-1")
	webhook, err := w.AddWebhook(ctx, tracker.Webhook{URL: "https://example.org/hook"}, "mei")
	if err != nil {
		w.t.Fatal(err)
	}
	for i, action := range []terms.Action{terms.Decline, terms.Accept} {
		c := w.choice(erika, action, fmt.Sprintf("key-of-erika-%d", i))
		c.Details = ledger.Details{UserAgent: "Agent-of-erika", ClientIP: "203.0.113.77", Device: "device-of-erika"}
		if _, _, err := w.Respond(ctx, c); err != nil {
			w.t.Fatal(err)
		}
		w.respond(fmt.Sprintf("p-%d", i), action, fmt.Sprintf("key-%d", i))
	}
	w.acts(webhook.ID)
	w.talk()
	var bytes [][]byte
	w.view(func(r tracker.Reader) error {
		p, err := r.Person(ctx, erika)
		if err != nil {
			return err
		}
		keys, err := r.PersonKeys(ctx, []int64{p.Ref})
		if err != nil {
			return err
		}
		choices, err := r.Responses(ctx, erika)
		bytes = append(bytes, keys[p.Ref])
		for _, c := range choices {
			bytes = append(bytes, c.Salt)
		}
		return err
	})
	return bytes
}

// acts are what staff and the program do about erika.
func (w *world) acts(webhook string) {
	w.t.Helper()
	ctx := w.t.Context()
	mine := terms.Hold{Scope: terms.Scope{Person: erika}, Reason: "hold-of-erika", Reference: "paper-of-erika", Message: terms.Texts{"en": "message-to-erika"}}
	first, second := w.hold(mine), w.hold(mine)
	_, err := w.ReleaseHold(ctx, campaign, first.ID, "release-of-erika", "mei")
	w.approve(w.asked(err))
	_, err = w.ReleaseHold(ctx, campaign, second.ID, "release-of-erika", "mei")
	open := w.asked(err)
	_, err = w.ReleaseHold(ctx, campaign, second.ID, "release-of-erika", "mei")
	if _, err := w.Reject(ctx, w.asked(err).ID, "refused-of-erika", "ben"); err != nil || open.ID == "" {
		w.t.Fatal(err)
	}
	w.withdraw(erika)
	if _, err := w.Extend(ctx, tracker.Extension{Person: erika, Campaign: campaign, Until: w.clock().Add(20 * day), Reason: "time-for-erika"}, "mei"); err != nil {
		w.t.Fatal(err)
	}
	if err := w.SignOut(ctx, erika, w.clock()); err != nil {
		w.t.Fatal(err)
	}
	err = w.Store.Update(ctx, func(tx tracker.Tx) error {
		p, err := tx.Person(ctx, erika)
		if err != nil {
			return err
		}
		_, failed := tx.AddFailure(ctx, tracker.Failure{Campaign: campaign, Person: erika, Ref: p.Ref, Error: "failure-of-erika"})
		d := tracker.Delivery{Notice: "ntc_x", Channel: tracker.Email, Ref: p.Ref, Campaign: campaign, Plan: 1, Kind: tracker.LetterTold, State: tracker.Dead, Reason: "letter-to-erika"}
		newest, err := tx.Revision(ctx)
		letter := tracker.WebhookLetter{Webhook: webhook, Revision: newest, Lane: 7, Dead: w.clock(), Said: "letter-to-erika"}
		return errors.Join(failed, err, tx.AddDeliveries(ctx, []tracker.Delivery{d}), tx.PutWebhookLetter(ctx, letter))
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// talk has erika write, others bring her into a group, and somebody call her.
func (w *world) talk() {
	w.t.Helper()
	ctx, box, at := w.t.Context(), models.NewMailbox(w.Store.(*models.Store)), w.clock()
	post := func(id, from, to, group, body, answers string) error {
		m := mailbox.Message{ID: id, ClientID: "of-" + id, From: from, To: to, Group: group, Body: body, Kind: mailbox.Text, SentAt: at}
		_, err := box.Post(ctx, mailbox.Draft{Message: m, Answers: answers, Begins: true})
		return err
	}
	first := post("m1", "p-0", erika, "", "hello", "")
	second := post("m2", erika, "p-0", "", "said-by-erika", "m1")
	_, made := box.MakeGroup(ctx, mailbox.Group{ID: "g", Title: "us"}, mailbox.Message{ID: "m3", From: "p-0", Group: "g", Kind: mailbox.Made, SentAt: at})
	_, joined := box.Join(ctx, mailbox.Message{ID: "m4", From: "p-0", Group: "g", Kind: mailbox.Joined, Whom: erika, SentAt: at})
	third := post("m5", erika, "", "g", "said-by-erika", "")
	handed := box.Hand(ctx, mailbox.Handed{Person: erika, Device: "phone-of-erika", Place: 1})
	rings := box.Ring(ctx, mailbox.Message{ID: "call", From: "p-0", To: erika, Kind: mailbox.MissedCall, Call: mailbox.Voice, SentAt: at}, at.Add(time.Minute))
	blocked := errors.Join(box.Block(ctx, erika, "p-1", true), box.Block(ctx, "p-2", erika, true))
	if err := errors.Join(first, second, made, joined, third, handed, rings, blocked); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) withdraw(person string) {
	w.t.Helper()
	c := w.choice(person, terms.Withdraw, "key-of-erika-again")
	c.Documents = nil
	if _, _, err := w.Respond(w.t.Context(), c); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) view(ask func(tracker.Reader) error) {
	w.t.Helper()
	if err := w.Store.View(w.t.Context(), ask); err != nil {
		w.t.Fatal(err)
	}
}

// database is the database as somebody sees it who goes past the program.
func (w *world) database() *sql.DB {
	w.t.Helper()
	driver, address := "pgx", w.url
	if path, ok := strings.CutPrefix(w.url, "sqlite:"); ok {
		driver, address = "sqlite3", path+"?_busy_timeout=10000"
	}
	db, err := sql.Open(driver, address)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = db.Close() })
	return db
}

// cells are all values of the database, by "table.column".
func (w *world) cells() map[string][]string {
	w.t.Helper()
	db := w.database()
	list := "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
	if strings.HasPrefix(w.url, "sqlite:") {
		list = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
	}
	cells := map[string][]string{}
	for _, table := range w.column(db, list) {
		rows, err := db.QueryContext(w.t.Context(), "SELECT * FROM "+table)
		if err != nil {
			w.t.Fatal(err)
		}
		names, err := rows.Columns()
		if err != nil {
			w.t.Fatal(err)
		}
		cells[table+"."] = nil
		values, into := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		for rows.Next() {
			if err := rows.Scan(into...); err != nil {
				w.t.Fatal(err)
			}
			for i, v := range values {
				if data, ok := v.([]byte); ok {
					v = string(data)
				}
				cells[table+"."+names[i]] = append(cells[table+"."+names[i]], fmt.Sprint(v))
			}
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			w.t.Fatal(err)
		}
	}
	return cells
}

func (w *world) column(db *sql.DB, query string) []string {
	w.t.Helper()
	rows, err := db.QueryContext(w.t.Context(), query)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var list []string
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			w.t.Fatal(err)
		}
		list = append(list, one)
	}
	if err := rows.Err(); err != nil {
		w.t.Fatal(err)
	}
	return list
}

// telling are the columns, each with the words in it that lead to erika.
func (w *world) telling(opens [][]byte) map[string][]string {
	w.t.Helper()
	lane := sha256.Sum256([]byte(erika))
	marks := append(words(), fmt.Sprintf("%x", lane[:8]))
	for _, secret := range opens {
		marks = append(marks, string(secret))
	}
	found := map[string][]string{}
	for column, values := range w.cells() {
		for _, value := range values {
			for _, mark := range marks {
				if strings.Contains(value, mark) && !slices.Contains(found[column], mark) {
					found[column] = append(found[column], mark)
				}
			}
		}
	}
	return found
}

// aboutNobody are the tables that hold nothing about one person. A new table
// belongs here or, in package models, among the holdings: then it is handed out
// to the person, and erased.
func aboutNobody() []string {
	return []string{
		"versions", "texts", "campaigns", "plans", "snapshots", "counts", "days", "runs", "revision", "log_head", "tiles", "api_keys", "staff",
		"reversals", "breakers", "restrictions", "pause", "leases", "spent", "erasures", "chats", "webhooks", "delivery_counts", "places", "mailings", "points", "schema_migrations",
	}
}

func TestEveryTableIsKnownToHoldSomethingAboutAPersonOrNot(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR")
		held, err := w.Held(t.Context(), "p-0")
		if err != nil {
			t.Fatal(err)
		}
		known := aboutNobody()
		for _, h := range held {
			known = append(known, h.Name)
		}
		for column := range w.cells() {
			if table, _, _ := strings.Cut(column, "."); !slices.Contains(known, table) {
				t.Errorf("table %s: does it hold something about a person? Add it to holdings in package models, or to the list here", table)
			}
		}
	})
}

func TestWhatIsHeldOnAPersonIsHandedOut(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		opens := w.life()
		held, err := w.Held(t.Context(), erika)
		if err != nil {
			t.Fatal(err)
		}
		handed := map[string]string{}
		for _, h := range held {
			data, err := json.Marshal(h.Rows)
			if err != nil {
				t.Fatal(err)
			}
			handed[h.Name] += string(data)
			if len(h.Rows) == 0 && h.Name != "people" {
				t.Errorf("the life of the test leaves nothing in %s", h.Name)
			}
		}
		handed["people"] += handed["accounts_owned"]
		for column, marks := range w.telling(opens) {
			table, name, _ := strings.Cut(column, ".")
			for _, mark := range marks {
				said := strings.Contains(handed[table], mark) || strings.Contains(handed[table], hex.EncodeToString([]byte(mark)))
				implied := []string{"people.owner", "chat_messages.sender"} // whose it is says so
				private := column == "chat_messages.body"                   // which she has in her conversations
				if !said && !private && !slices.Contains(implied, column) {
					t.Errorf("%s holds %q, which is not handed out under %s", column, mark, name)
				}
			}
		}
		if !strings.Contains(handed["accounts_owned"], "bot-1") || !strings.Contains(handed["enrollments"], `"joined":"2021-01-`) {
			t.Errorf("%s\n%s", handed["accounts_owned"], handed["enrollments"])
		}
		if _, err := w.Held(t.Context(), "nobody"); !errors.Is(err, terms.NotFound) {
			t.Errorf("of nobody: %v", err)
		}
	}, releasesNeedTwo)
}

func releasesNeedTwo(d *tracker.Deps) {
	d.Approvals = tracker.Approvals{Acts: []string{tracker.ActRelease}, Expire: 7 * day}
}

func TestErasingDestroysWhateverLeadsToAPerson(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		opens := w.life()
		before := w.telling(opens)
		for _, column := range []string{"people.id", "contacts.email", "response_details.details", "act_details.details", "holds.reason", "approvals.note", "responses.idempotency_key"} {
			if before[column] == nil {
				t.Errorf("the life of the test leaves nothing in %s", column)
			}
		}
		mine := w.receiptsOf(erika)
		done, err := w.ErasePerson(t.Context(), erika, "asked on paper, 12 March", "mei")
		if err != nil || len(done.Erasures) != 1 || done.Records < 10 {
			t.Fatalf("%+v, %v", done, err)
		}
		_, err = w.ErasePerson(t.Context(), erika, "once more", "mei")
		fails(t, err, terms.NotFound, "was erased")
		left := w.telling(opens)
		if len(left) != 1 || !slices.Equal(left["changes.person"], []string{erika}) {
			t.Errorf("left before the followers have heard: %q", left)
		}
		if n, err := w.Scrub(t.Context(), w.Store.(*models.Store).Scrub, false); err != nil || n != 1 {
			t.Fatalf("%d, %v", n, err)
		}
		if left := w.telling(opens); len(left) != 0 {
			t.Errorf("left: %q", left)
		}
		if n, err := w.Scrub(t.Context(), nil, false); err != nil || n != 0 {
			t.Errorf("a second time: %d, %v", n, err)
		}
		_, err = w.ErasePerson(t.Context(), erika, "once more", "mei")
		fails(t, err, terms.NotFound, "was erased")
		w.provable(mine)
		w.logHolds(done)
	}, releasesNeedTwo)
}

func (w *world) receiptsOf(person string) []string {
	w.t.Helper()
	d, err := w.Dossier(w.t.Context(), person)
	if err != nil {
		w.t.Fatal(err)
	}
	return d.Receipts
}

// provable checks that receipts of somebody who was erased, and everybody
// else's, still hold.
func (w *world) provable(receipts []string) {
	w.t.Helper()
	known, err := ledger.Verifiers(w.verifier)
	if err != nil {
		w.t.Fatal(err)
	}
	dossiers := []tracker.Dossier{}
	for _, id := range append(w.receiptsOf("p-0"), receipts...) {
		d, err := w.ReceiptDossier(w.t.Context(), id)
		if err != nil {
			w.t.Fatal(err)
		}
		dossiers = append(dossiers, d)
	}
	for i, d := range dossiers {
		var pack bytes.Buffer
		if err := evidence.WritePack(w.t.Context(), w.Tracker, d, w.verifier, &pack); err != nil {
			w.t.Fatal(err)
		}
		report, err := evidence.VerifyPack(bytes.NewReader(pack.Bytes()), int64(pack.Len()), known)
		if err != nil {
			w.t.Fatal(err)
		}
		if said := report.String(); (i > 0) != strings.Contains(said, "may have been erased") {
			w.t.Errorf("receipt %d: %s", i, said)
		}
	}
}

// logHolds checks the whole log as somebody else would who has an export of it.
func (w *world) logHolds(done tracker.Erased) {
	w.t.Helper()
	dir := w.t.TempDir()
	if _, err := evidence.ExportLog(w.t.Context(), w.Tracker, w.verifier, dir, nil); err != nil {
		w.t.Fatal(err)
	}
	known, err := ledger.Verifiers(w.verifier)
	if err != nil {
		w.t.Fatal(err)
	}
	report, err := evidence.VerifyLog(w.t.Context(), os.DirFS(dir), known, evidence.LogOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, says := range []string{"erasure 1", fmt.Sprintf("The details of %d records were destroyed on purpose", done.Records)} {
		if !strings.Contains(report.String(), says) {
			w.t.Errorf("the report does not say %q:\n%s", says, report)
		}
	}
	act, err := w.Act(w.t.Context(), done.Erasures[0].ID)
	if err != nil || act.Action != "person.erase" || act.Reason == "" || act.Receipt == nil || act.Receipt.Proof.LeafIndex != done.Erasures[0].LeafIndex {
		w.t.Errorf("%+v, %v", act, err)
	}
}

// TestNothingOfTheErasedIsInAnyFile looks at every byte of the database and of a
// copy made afterwards.
func TestNothingOfTheErasedIsInAnyFile(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		opens := w.life()
		for i := range 60 { // enough for pages to be split and joined
			w.person(tracker.Person{ID: fmt.Sprintf("acct-77%02d-other", i)})
			w.respond(fmt.Sprintf("acct-77%02d-other", i), terms.Accept, fmt.Sprint(i))
		}
		there := func() []string {
			var found []string
			data := w.files()
			for _, mark := range words() {
				if bytes.Contains(data, []byte(mark)) {
					found = append(found, mark)
				}
			}
			for _, secret := range opens {
				if bytes.Contains(data, secret) || bytes.Contains(data, []byte(hex.EncodeToString(secret))) {
					found = append(found, hex.EncodeToString(secret))
				}
			}
			return found
		}
		if found := there(); len(found) < len(words())-3 {
			t.Fatalf("only %q are found before: the test looks in the wrong place", found)
		}
		if _, err := w.ErasePerson(t.Context(), erika, "asked on paper", "mei"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Scrub(t.Context(), w.Store.(*models.Store).Scrub, true); err != nil {
			t.Fatal(err)
		}
		if found := there(); len(found) > 0 {
			t.Errorf("still there: %q", found)
		}
		w.respond("p-2", terms.Accept, "later")
	}, releasesNeedTwo)
}

// files are the bytes of the database's own files and of a copy; of PostgreSQL,
// those of a dump.
func (w *world) files() []byte {
	w.t.Helper()
	path, ok := strings.CutPrefix(w.url, "sqlite:")
	if !ok {
		dump, err := exec.CommandContext(w.t.Context(), testenv.PostgresProgram(w.t, "pg_dump"), w.url).Output()
		if err != nil {
			w.t.Fatal(err)
		}
		return dump
	}
	copied := w.t.TempDir() + "/copy.db"
	w.exec("VACUUM INTO '" + copied + "'")
	var all []byte
	for _, name := range []string{path, path + "-wal", path + "-shm", copied} {
		data, err := os.ReadFile(name)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			w.t.Fatal(err)
		}
		all = append(all, data...)
	}
	return all
}

func TestErasingNeedsAReasonThatDoesNotNameThePerson(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR")
		for _, reason := range []string{"", "p-0 asked for it"} {
			_, err := w.ErasePerson(t.Context(), "p-0", reason, "mei")
			fails(t, err, terms.Invalid, "reason")
		}
		_, err := w.ErasePerson(t.Context(), "nobody", "x", "mei")
		fails(t, err, terms.NotFound)
	})
}

func TestSomebodyWhoIsNotInTheLogIsErasedWithoutAPseudonym(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR", "DE")
		done, err := w.ErasePerson(t.Context(), "p-0", "asked on paper", "mei")
		if err != nil || len(done.Erasures) != 1 || done.Records != 0 || done.Erasures[0].Ref == 0 {
			t.Fatalf("%+v, %v", done, err)
		}
		acts, err := w.ActList(t.Context(), tracker.ActQuery{Limit: 1})
		if err != nil || acts[0].Action != "person.erase" || acts[0].Person != "" || acts[0].LeafIndex != done.Erasures[0].LeafIndex {
			t.Fatalf("%+v, %v", acts, err)
		}
		if keys := w.cells()["person_keys.ref"]; len(keys) != 0 {
			t.Errorf("keys of pseudonyms were drawn: %q", keys)
		}
	})
}

func TestAnAccountThatIsGoneCanStillBeErased(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		opens := w.life()
		if err := w.DeletePerson(t.Context(), erika, "mei"); err != nil {
			t.Fatal(err)
		}
		w.person(tracker.Person{ID: erika}) // and came back under the same name
		w.respond(erika, terms.Decline, "key-of-erika-back")
		done, err := w.ErasePerson(t.Context(), erika, "asked on paper", "mei")
		if err != nil || len(done.Erasures) != 2 {
			t.Fatalf("%+v, %v", done, err)
		}
		if _, err := w.Scrub(t.Context(), w.Store.(*models.Store).Scrub, true); err != nil {
			t.Fatal(err)
		}
		if left := w.telling(opens); len(left) != 0 {
			t.Errorf("left: %q", left)
		}
	}, releasesNeedTwo)
}

func TestTheJournalNamesWhoIsGoneForAWhile(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR")
		if _, err := w.ErasePerson(t.Context(), "p-0", "asked on paper", "mei"); err != nil {
			t.Fatal(err)
		}
		named := func() string { return strings.Join(slices.Compact(w.cells()["changes.person"]), "") }
		for _, step := range []struct {
			passes time.Duration
			name   string
			done   int
		}{{0, "p-0", 0}, {3*day - time.Microsecond, "p-0", 0}, {time.Microsecond, "", 1}} {
			w.pass(step.passes)
			n, err := w.Scrub(t.Context(), w.Store.(*models.Store).Scrub, false)
			if err != nil || n != step.done || named() != step.name {
				t.Errorf("%s later: %d finished, the journal names %q, %v", step.passes, n, named(), err)
			}
		}
	}, func(d *tracker.Deps) { d.KeepNames = 3 * day })
}
