package tracker_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"assent/ledger"
	"assent/terms"
	"assent/tracker"
)

func TestAcceptingRestoresAtOnceAndIsProved(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR")
		w.walk(deadline.Add(64*day), "p-0")
		if pos := w.position("p-0"); pos.Stage != "suspended_delivery" || w.allowed("p-0", "messages.send") || w.allowed("p-0", "calls.answer") {
			t.Fatalf("before: %+v", pos)
		}
		receipt := w.respond("p-0", terms.Accept, "k1")
		if !w.allowed("p-0", "messages.send") || !w.allowed("p-0", "calls.answer") || !w.allowed("p-0", "business.data_sharing") {
			t.Fatal("something is still off after accepting")
		}
		if pos := w.position("p-0"); pos.Status != terms.Accepted || pos.Stage != "announced" {
			t.Fatalf("after: %+v", pos)
		}
		report, err := ledger.Verify(ledger.Receipt{Record: receipt.Record, Proof: receipt.Proof}, w.verifier)
		if err != nil {
			t.Fatal(err)
		}
		if report.Record.Action != terms.Accept || report.Record.Stage != "suspended_delivery" || report.Record.Region != "BR" || len(report.Record.Documents) != 2 {
			t.Fatalf("the record says %+v", report.Record)
		}
		file, err := w.File(t.Context(), "p-0")
		if err != nil {
			t.Fatal(err)
		}
		if last := file.Transitions[0]; last.Cause != tracker.CauseAccepted || last.From != 4 || last.To != 0 {
			t.Fatalf("the newest transition is %+v", last)
		}
	})
}

func TestTheSameChoiceAgainGetsTheSameReceipt(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR", "BR")
		first := w.respond("p-0", terms.Accept, "k1")
		w.respond("p-1", terms.Accept, "k1") // the log grows meanwhile
		for _, key := range []string{"k1", "another key"} {
			again, created, err := w.Respond(t.Context(), w.choice("p-0", terms.Accept, key))
			if err != nil || created || !reflect.DeepEqual(again, first) {
				t.Fatalf("with %q: %s, created %v, %v; want %s", key, again.ReceiptID, created, err, first.ReceiptID)
			}
		}
		reordered := w.choice("p-0", terms.Accept, "k2")
		slices.Reverse(reordered.Documents)
		if again, _, err := w.Respond(t.Context(), reordered); err != nil || again.ReceiptID != first.ReceiptID {
			t.Fatalf("with the documents in another order: %v", err)
		}
		if _, _, err := w.Respond(t.Context(), w.choice("p-0", terms.Decline, "k1")); !errors.Is(err, terms.Conflict) {
			t.Fatalf("another choice under the same key: %v", err)
		}
	})
}

func TestAHundredParallelClicksAreOneAcceptance(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR")
		c := w.choice("p-0", terms.Accept, "click")
		receipts := make([]string, 100)
		var group sync.WaitGroup
		for i := range receipts {
			group.Go(func() {
				receipt, _, err := w.Respond(t.Context(), c)
				if err != nil {
					t.Error(err)
				}
				receipts[i] = receipt.ReceiptID
			})
		}
		group.Wait()
		if len(slices.Compact(receipts)) != 1 {
			t.Fatalf("receipts %v", slices.Compact(receipts))
		}
		history, err := w.History(t.Context(), "p-0")
		if err != nil || len(history) != 1 {
			t.Fatalf("%d responses, %v", len(history), err)
		}
		overview, err := w.Overview(t.Context(), "new-terms-2021")
		if err != nil || overview.Totals.Accepted != 1 {
			t.Fatalf("totals %+v, %v", overview.Totals, err)
		}
	})
}

func TestWhatIsNotTheCurrentTextIsRefusedWithTheCurrentOne(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR")
		for name, spoil := range map[string]func(*tracker.Choice){
			"another hash":       func(c *tracker.Choice) { c.Documents[0].SHA256 = strings.Repeat("0", 64) },
			"a missing document": func(c *tracker.Choice) { c.Documents = c.Documents[:1] },
			"a document twice":   func(c *tracker.Choice) { c.Documents[1] = c.Documents[0] },
			"another locale's hash": func(c *tracker.Choice) {
				c.Documents[0].Locale = "pt-BR"
			},
		} {
			c := w.choice("p-0", terms.Accept, name)
			spoil(&c)
			_, _, err := w.Respond(t.Context(), c)
			var stale *terms.Stale
			if !errors.As(err, &stale) || len(stale.Current) != 2 || stale.Current[0].Document != "terms-of-service" {
				t.Errorf("%s: %v", name, err)
			}
		}
		unknown := w.choice("p-0", terms.Accept, "unknown")
		unknown.Documents[0].Version = "1999"
		if _, _, err := w.Respond(t.Context(), unknown); !errors.Is(err, terms.NotFound) || !strings.Contains(err.Error(), "1999") {
			t.Errorf("an unknown version: %v", err)
		}
		for name, c := range map[string]tracker.Choice{
			"person":   {Person: "nobody", Campaign: "new-terms-2021", Action: terms.Accept, IdempotencyKey: "k"},
			"campaign": {Person: "p-0", Campaign: "no-such", Action: terms.Accept, IdempotencyKey: "k"},
		} {
			if _, _, err := w.Respond(t.Context(), c); !errors.Is(err, terms.NotFound) {
				t.Errorf("an unknown %s: %v", name, err)
			}
		}
		if _, _, err := w.Respond(t.Context(), tracker.Choice{Person: "p-0"}); !errors.Is(err, terms.Invalid) || strings.Count(err.Error(), "\n") != 2 {
			t.Errorf("an empty choice: %v", err)
		}
		if history, err := w.History(t.Context(), "p-0"); err != nil || len(history) != 0 {
			t.Errorf("something was recorded: %v, %v", history, err)
		}
	})
}

func TestDecliningIsRecordedAndCanBeChanged(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR")
		w.respond("p-0", terms.Decline, "k1")
		if pos := w.position("p-0"); pos.Status != terms.Declined || pos.Reminder.Mode != terms.NoReminder {
			t.Fatalf("declined: %+v", pos)
		}
		w.respond("p-0", terms.Accept, "k2")
		if pos := w.position("p-0"); pos.Status != terms.Accepted {
			t.Fatalf("changed: %+v", pos)
		}
		if history, _ := w.History(t.Context(), "p-0"); len(history) != 2 {
			t.Fatalf("%d choices on record, want both", len(history))
		}
	})
}

func TestWithdrawingNeedsAnAcceptance(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR")
		withdrawal := tracker.Choice{Person: "p-0", Campaign: "new-terms-2021", Action: terms.Withdraw, IdempotencyKey: "k0", Method: ledger.MethodAPI, Actor: "key_test"}
		if _, _, err := w.Respond(t.Context(), withdrawal); !errors.Is(err, terms.Conflict) {
			t.Fatalf("without one: %v", err)
		}
		w.respond("p-0", terms.Accept, "k1")
		withdrawal.IdempotencyKey = "k2"
		receipt, created, err := w.Respond(t.Context(), withdrawal)
		if err != nil || !created || len(receipt.Documents) != 2 {
			t.Fatalf("with one: %+v, %v", receipt.Response, err)
		}
		if w.allowed("p-0", "business.data_sharing") {
			t.Fatal("the grant is still on")
		}
		w.set(deadline.Add(200 * day))
		if got := w.respond("p-0", terms.Accept, "k3"); got.Action != terms.Accept {
			t.Fatalf("accepting again: %+v", got.Response)
		}
	})
}

func TestWhereAcceptanceHasNoEffectItIsRecordedAsSuch(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("TR")
		receipt := w.respond("p-0", terms.Accept, "k1")
		if receipt.Effect != terms.Void || w.allowed("p-0", "business.data_sharing") {
			t.Fatalf("effect %s", receipt.Effect)
		}
	})
}

func TestEveryReceiptIsProvedHoweverTheLogGrows(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR", "BR", "BR", "BR", "BR")
		var receipts []string
		acts := w.logged() // of staff, before
		for i := range 5 {
			for round, a := range []terms.Action{terms.Decline, terms.Accept} {
				w.set(w.clock().Add(time.Minute))
				receipts = append(receipts, w.respond(id(i), a, string(rune('a'+round))).ReceiptID)
			}
		}
		for i, r := range receipts {
			receipt, err := w.Receipt(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			if receipt.LeafIndex != acts+int64(i) || receipt.Proof.TreeSize != acts+int64(i+1) {
				t.Fatalf("receipt %d is leaf %d of %d, not the same as when it was handed out", i, receipt.LeafIndex, receipt.Proof.TreeSize)
			}
			if _, err := ledger.Verify(ledger.Receipt{Record: receipt.Record, Proof: receipt.Proof}, w.verifier); err != nil {
				t.Fatalf("receipt %d: %v", i, err)
			}
		}
		bundle, err := w.Tile(t.Context(), "tile/entries/000.p/10")
		if err != nil {
			t.Fatal(err)
		}
		if records, err := ledger.ParseBundle(bundle); err != nil || len(records) != 10 {
			t.Fatalf("%d records in the bundle, %v", len(records), err)
		}
	})
}

func TestAChoiceMadeUnderAPlanThatWasReplacedIsStale(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR")
		w.replace(func(p *terms.Plan) { p.Deadline = deadline.Add(30 * day) })
		c := w.choice("p-0", terms.Accept, "k1")
		c.Plan = 1
		_, _, err := w.Respond(t.Context(), c)
		var stale *terms.Stale
		if !errors.As(err, &stale) || len(stale.Current) != 2 {
			t.Fatalf("under the plan before: %v", err)
		}
		c.Plan = 2
		if _, created, err := w.Respond(t.Context(), c); err != nil || !created {
			t.Fatalf("under the active plan: %v", err)
		}
	})
}

func TestAPageIsKeptUnderItsDigestAndRecordsNothing(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR")
		page := []byte("<!doctype html><p>what is asked")
		for range 2 {
			digest, err := w.KeepPage(t.Context(), page)
			if err != nil {
				t.Fatal(err)
			}
			kept, err := w.KeptPage(t.Context(), digest)
			if err != nil || string(kept.HTML) != string(page) || !kept.Stored.Equal(w.clock()) {
				t.Fatalf("kept %+v, %v", kept, err)
			}
		}
		_, err := w.KeptPage(t.Context(), "00")
		fails(t, err, terms.NotFound, "00")
	})
}

// logged is how many records the log has.
func (w *world) logged() int64 {
	w.t.Helper()
	var head tracker.LogHead
	err := w.Store.View(w.t.Context(), func(r tracker.Reader) error {
		var err error
		head, err = r.Head(w.t.Context())
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return head.Size
}
