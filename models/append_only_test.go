package models_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"assent/terms"
	"assent/tracker"
)

// proofs fills every table that proves something with one row.
func proofs(t *testing.T, url string) {
	t.Helper()
	ctx := context.Background()
	ref := terms.DocumentRef{Document: "terms", Version: "1"}
	do := func(steps ...func(tx tracker.Tx) error) {
		t.Helper()
		err := open(t, url).Update(ctx, func(tx tracker.Tx) error {
			for _, step := range steps {
				if err := step(tx); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	e := tracker.Enrolled{Ref: 1, Enrollment: terms.Enrollment{Person: "ana", Campaign: "c", Status: terms.Pending}}
	run := tracker.Run{ID: "run-1", Started: noon}
	reversal := tracker.Reversal{Reversal: terms.Reversal{ID: "rev-1", Campaign: "c", At: noon}}
	approval := tracker.Approval{ID: "apr-1", State: tracker.ApprovalOpen}
	do(
		func(tx tracker.Tx) error {
			return tx.PutVersion(ctx, tracker.Version{DocumentRef: ref, Texts: []tracker.Text{{Locale: "en", Markdown: "x"}}})
		},
		func(tx tracker.Tx) error { return tx.Publish(ctx, ref, noon) },
		func(tx tracker.Tx) error {
			_, err := tx.AddPlan(ctx, tracker.PlanRecord{Plan: terms.Plan{Campaign: "c"}})
			return err
		},
		func(tx tracker.Tx) error { _, err := tx.PutPeople(ctx, []tracker.Person{{ID: "ana"}}); return err },
		func(tx tracker.Tx) error { _, err := tx.Enroll(ctx, []tracker.Enrolled{e}, noon); return err },
		func(tx tracker.Tx) error {
			e.Seq = 1
			m := stepUp(e, 0)
			m.Notice = &tracker.Notice{ID: "ntc", Kind: tracker.Reported}
			_, err := tx.Save(ctx, []tracker.Move{m}, noon)
			return err
		},
		func(tx tracker.Tx) error {
			return tx.AddResponses(ctx, []tracker.Response{{ReceiptID: "rcp-1", Ref: 1}})
		},
		func(tx tracker.Tx) error {
			return tx.SaveLog(ctx, tracker.LogHead{}, tracker.LogHead{Size: 1}, [][]byte{[]byte("{}")}, nil)
		},
		func(tx tracker.Tx) error { return tx.StartRun(ctx, run) },
		func(tx tracker.Tx) error { run.Finished = noon; return tx.FinishRun(ctx, run) },
		func(tx tracker.Tx) error { return tx.StartRun(ctx, tracker.Run{ID: "run-2", Started: noon}) },
		func(tx tracker.Tx) error { return tx.AddAct(ctx, tracker.Act{Actor: "ada"}) },
		func(tx tracker.Tx) error { return tx.AddReversal(ctx, reversal) },
		func(tx tracker.Tx) error { reversal.ID = "rev-2"; return tx.AddReversal(ctx, reversal) },
		func(tx tracker.Tx) error { reversal.Undone = noon; return tx.UndoReversal(ctx, reversal) },
		func(tx tracker.Tx) error { return tx.AddApproval(ctx, approval) },
		func(tx tracker.Tx) error { approval.ID = "apr-2"; return tx.AddApproval(ctx, approval) },
		func(tx tracker.Tx) error {
			approval.State = tracker.ApprovalDone
			return tx.DecideApproval(ctx, approval)
		},
	)
}

// stepUp is a move to the next stage.
func stepUp(e tracker.Enrolled, stage int) tracker.Move {
	m := tracker.Move{Before: e, After: e, Kind: tracker.ChangeEntered, Tallies: []tracker.Tally{tracker.LeftStage(stage), tracker.EnteredStage(stage + 1)}}
	m.After.Stage, m.After.Entered, m.After.Told = stage+1, noon, noon
	m.After.NextAt = e.NextAt.Add(time.Hour)
	m.Transition = &tracker.Transition{Ref: e.Ref, Campaign: e.Campaign, Plan: 1, Country: e.Country, From: stage, To: stage + 1, Cause: tracker.CauseSweep, At: noon, Run: "run-1"}
	return m
}

func TestWhatProvesSomethingCannotBeChangedEvenByHand(t *testing.T) {
	t.Parallel()
	for name, fresh := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := fresh(t)
			proofs(t, url)
			db := raw(t, url)
			before := dump(t, db, contents)
			if strings.Count(before, "\n") != 14 {
				t.Fatalf("not every table has its row:\n%s", before)
			}
			for _, statement := range []string{
				"UPDATE versions SET title = '{}'", "UPDATE versions SET published = 0", "DELETE FROM versions",
				"UPDATE texts SET markdown = 'y'", "UPDATE texts SET version = '2'", "DELETE FROM texts",
				"INSERT INTO texts (document, version, locale, markdown, summary, sha256) VALUES ('terms', '1', 'fr', '', '', '')",
				"UPDATE plans SET plan_json = '{}'", "UPDATE plans SET source = 'y'", "DELETE FROM plans",
				"UPDATE responses SET action = 'declined'", "DELETE FROM responses",
				"UPDATE log_entries SET record = 'y'", "DELETE FROM log_entries",
				"UPDATE notices SET at = 1", "DELETE FROM notices",
				"UPDATE changes SET stage = 0", "DELETE FROM changes",
				"UPDATE runs SET moved = 1", "UPDATE runs SET started = 1, finished = 2 WHERE id = 'run-2'", "DELETE FROM runs",
				"UPDATE acts SET actor = 'bob'", "DELETE FROM acts",
				"UPDATE reversals SET reason = 'y', undone = 1 WHERE id = 'rev-1'", "UPDATE reversals SET undone_by = 'bob' WHERE id = 'rev-1'",
				"UPDATE reversals SET undone = 0 WHERE id = 'rev-2'", "UPDATE reversals SET undone = 2 WHERE id = 'rev-2'", "DELETE FROM reversals",
				"UPDATE approvals SET request = 'y', state = 'approved' WHERE id = 'apr-1'", "UPDATE approvals SET note = 'y' WHERE id = 'apr-1'",
				"UPDATE approvals SET request = 'y', note = '' WHERE id = 'apr-2'", "UPDATE approvals SET decided_by = 'bob' WHERE id = 'apr-2'",
				"UPDATE approvals SET note = 'y' WHERE id = 'apr-2'",
				"UPDATE approvals SET state = 'open' WHERE id = 'apr-2'", "UPDATE approvals SET state = 'rejected' WHERE id = 'apr-2'", "DELETE FROM approvals",
			} {
				if _, err := db.Exec(statement); err == nil {
					t.Errorf("went through: %s", statement)
				}
			}
			if after := dump(t, db, contents); after != before {
				t.Errorf("was:\n%snow:\n%s", before, after)
			}
		})
	}
}

func TestTruncatingIsRefusedToo(t *testing.T) {
	t.Parallel()
	url := engines["postgres"](t)
	proofs(t, url)
	db := raw(t, url)
	for _, table := range []string{"versions", "texts", "plans", "responses", "log_entries", "changes", "notices", "runs", "acts", "reversals", "approvals"} {
		if _, err := db.Exec("TRUNCATE " + table + " CASCADE"); err == nil {
			t.Errorf("%s was emptied", table)
		}
	}
}

// contents shows what the statements above would change.
const contents = `
	SELECT 'version ' || title || published FROM versions
	UNION ALL SELECT 'text ' || version || locale || length(markdown) FROM texts
	UNION ALL SELECT 'plan ' || length(plan_json) || length(source) FROM plans
	UNION ALL SELECT 'response ' || action FROM responses
	UNION ALL SELECT 'entry ' || leaf_index || length(record) FROM log_entries
	UNION ALL SELECT 'notice ' || at FROM notices
	UNION ALL SELECT 'changes ' || sum(stage) FROM changes
	UNION ALL SELECT 'run ' || id || started || moved FROM runs
	UNION ALL SELECT 'act ' || actor FROM acts
	UNION ALL SELECT 'reversal ' || id || reason || undone || undone_by FROM reversals
	UNION ALL SELECT 'approval ' || id || length(request) || state || note FROM approvals
	ORDER BY 1`
