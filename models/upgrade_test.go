package models_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"assent/terms"
	"assent/tracker"
)

// first makes the tables of the first migration and fills them as a program of
// that time would have.
func first(t *testing.T, engine, url string) {
	t.Helper()
	file, err := os.ReadFile("migrations/" + engine + "/0001_start.sql")
	if err != nil {
		t.Fatal(err)
	}
	db := raw(t, url)
	words := map[string]*strings.Replacer{
		"sqlite":   strings.NewReplacer("{true}", "1", "{false}", "0", "{empty}", "x''", "{record}", "x'7b7d00ff'"),
		"postgres": strings.NewReplacer("{true}", "TRUE", "{false}", "FALSE", "{empty}", "''", "{record}", `'\x7b7d00ff'`),
	}
	for _, statement := range []string{
		"CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL)",
		string(file),
		fmt.Sprintf("INSERT INTO schema_migrations (version, name, checksum) VALUES (1, 'start', '%x')", sha256.Sum256(file)),
		"INSERT INTO campaigns (campaign, plan, activated_at, enrolled_to) VALUES ('c', 2, 7, 0), ('new', 0, 0, 0)",
		`INSERT INTO plans (campaign, number, plan_json, source, created, actor, activated_at)
			VALUES ('c', 2, '{"Campaign":"c","Number":2,"Stages":[{"Key":"announced"}]}', {empty}, 1, 'ada', 7)`,
		"INSERT INTO people (id, country, locale, type, created) VALUES ('ana', 'BR', 'pt', 'personal', 1)",
		`INSERT INTO enrollments (campaign, ref, person, seq, plan, country, locale, created, joined, status, effect, stage, entered, told,
			noticed, warned, first_notice, not_before, snoozed_until, snoozes, answered, next_at)
			VALUES ('c', 1, 'ana', 5, 2, 'BR', 'pt', 1, 2, 'pending', '', 1, 3, 4, 5, 6, 7, 8, 9, 1, {true}, 10)`,
		"UPDATE revision SET value = 3",
		`INSERT INTO changes (revision, kind, at, campaign, ref, person, seq, plan, country, locale, created, joined, status, effect, stage,
			entered, told, noticed, warned, first_notice, not_before, snoozed_until, snoozes, answered, next_at)
			SELECT 1, 'entered', 11, campaign, ref, person, seq, plan, country, locale, created, joined, status, effect, stage,
			entered, told, noticed, warned, first_notice, not_before, snoozed_until, snoozes, answered, next_at FROM enrollments`,
		`INSERT INTO transitions (ref, campaign, seq, plan, country, from_stage, to_stage, cause, at, run)
			VALUES (1, 'c', 5, 2, 'BR', 0, 1, 'sweep', 11, 'run-1')`,
		`INSERT INTO notices (ref, id, campaign, plan, stage, kind, channel, presented, delivered, at)
			VALUES (1, 'ntc_x', 'c', 2, 1, 'stage', 'in_app', {false}, {false}, 11), (1, 'ntc_y', 'c', 2, 1, 'reported', 'push', {false}, {true}, 12)`,
		`INSERT INTO changes (revision, kind, at, campaign, ref, person, seq, plan, stage) VALUES (2, 'removed', 13, 'c', 2, 'ben', 5, 2, 1)`,
		"INSERT INTO changes (revision, kind, at, campaign) VALUES (3, 'plan', 14, 'c')",
		`INSERT INTO responses (leaf_index, receipt_id, ref, campaign, plan, action, documents, effect, idempotency_key, fingerprint, recorded_at,
			record, checkpoint) VALUES (0, 'rcp-1', 1, 'c', 2, 'declined', '[]', '', 'k1', 'ff', 15, {record}, {empty})`,
		`INSERT INTO holds (campaign, id, region, person, reason, reference, clock, effect, starts, ends, placed_by, placed_at, released_by)
			VALUES ('c', 'hld-1', 'BR', '', 'court order', '', 'stop', 'freeze', 1, 2, 'ada', 1, 'grace')`,
		`INSERT INTO runs (id, job, planned, started, finished, examined, moved, told, held, waiting, failed, error)
			VALUES ('run-1', 'sweep', 1, 2, 3, 4, 1, 0, 0, 3, 0, '')`,
	} {
		run(t, db, words[engine].Replace(statement))
	}
}

func TestAnUpgradeKeepsWhatAnOlderProgramWrote(t *testing.T) {
	t.Parallel()
	us := func(n int64) time.Time { return time.UnixMicro(n).UTC() }
	ana := tracker.Enrolled{Ref: 1, Locale: "pt", Seq: 5, NextAt: us(10), Enrollment: terms.Enrollment{
		Person: "ana", Campaign: "c", Plan: 2, Country: "BR", Created: us(1), Joined: us(2), Status: terms.Pending, Stage: 1, Entered: us(3),
		Told: us(4), Noticed: us(5), Warned: us(6), FirstNotice: us(7), NotBefore: us(8), SnoozedUntil: us(9), Snoozes: 1, Answered: true,
	}}
	want := map[string]any{
		"campaigns":  []tracker.Campaign{{Key: "c", Plan: 2, Confirmed: 2, ActivatedAt: us(7)}, {Key: "new"}},
		"extensions": terms.DefaultExtensions(),
		"stages":     []terms.Stage{{Key: "announced"}},
		"people":     []tracker.Person{{Ref: 1, ID: "ana", Country: "BR", Locale: "pt", Type: terms.Personal, Created: us(1)}},
		"enrollment": ana,
		"changes": []tracker.Change{
			{Revision: 1, Kind: tracker.ChangeEntered, At: us(11), Plan: 2, Stage: 1, Enrolled: ana},
			{Revision: 2, Kind: tracker.ChangeRemoved, At: us(13), Plan: 2, Stage: 1, From: 1, Enrolled: tracker.Enrolled{Enrollment: terms.Enrollment{Person: "ben", Campaign: "c"}}},
			{Revision: 3, Kind: tracker.ChangePlan, At: us(14), Enrolled: tracker.Enrolled{Enrollment: terms.Enrollment{Campaign: "c"}}},
		},
		"transitions": []tracker.Transition{{
			Person: "ana", Ref: 1, Campaign: "c", Plan: 2, Country: "BR", From: 0, To: 1, Cause: tracker.CauseSweep, At: us(11), Run: "run-1",
		}},
		"notices": []tracker.Notice{
			{ID: "ntc_y", Person: "ana", Ref: 1, Campaign: "c", Plan: 2, Stage: 1, Kind: tracker.Reported, Channel: tracker.Push, Delivered: true, At: us(12)},
			{ID: "ntc_1", Person: "ana", Ref: 1, Campaign: "c", Plan: 2, Stage: 1, Kind: tracker.StageNotice, Channel: tracker.InApp, At: us(11)},
		},
		"responses": []tracker.Response{{
			ReceiptID: "rcp-1", Ref: 1, Campaign: "c", Plan: 2, Action: terms.Decline, IdempotencyKey: "k1", Fingerprint: "ff", RecordedAt: us(15),
			Record: []byte("{}\x00\xff"),
		}},
		"records": [][]byte{[]byte("{}\x00\xff")},
		"holds": []tracker.Hold{{
			Hold: terms.Hold{
				ID: "hld-1", Campaign: "c", Scope: terms.Scope{Region: "BR"}, Reason: "court order", Clock: terms.ClockStop, Effect: terms.Freeze,
				Starts: us(1), Ends: us(2),
			},
			PlacedBy: "ada", PlacedAt: us(1), ReleasedBy: "grace",
		}},
		"runs": []tracker.Run{{ID: "run-1", Job: "sweep", Planned: us(1), Started: us(2), Finished: us(3), Examined: 4, Moved: 1, Waiting: 3}},
	}
	for name, fresh := range blank {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := fresh(t)
			first(t, name, url)
			got := facts(t, url)
			for what := range want {
				if fmt.Sprintf("%+v", got[what]) != fmt.Sprintf("%+v", want[what]) {
					t.Errorf("%s:\n got %+v\nwant %+v", what, got[what], want[what])
				}
			}
		})
	}
}

// facts upgrades a database and reads everything that first wrote.
func facts(t *testing.T, url string) map[string]any {
	t.Helper()
	ctx, got := context.Background(), map[string]any{}
	err := open(t, url).View(ctx, func(r tracker.Reader) error {
		plan, err := r.Plan(ctx, "c", 2)
		if err != nil {
			return err
		}
		got["extensions"], got["stages"] = plan.Extensions, plan.Stages
		for what, read := range map[string]func() (any, error){
			"campaigns":   func() (any, error) { return r.Campaigns(ctx) },
			"people":      func() (any, error) { return r.People(ctx, 0, 10) },
			"enrollment":  func() (any, error) { return r.Enrollment(ctx, "ana", "c") },
			"changes":     func() (any, error) { return r.Changes(ctx, 0, 10) },
			"transitions": func() (any, error) { return r.Transitions(ctx, "c", "", 10) },
			"notices":     func() (any, error) { return r.Notices(ctx, "ana", 10) },
			"responses":   func() (any, error) { return r.Responses(ctx, "ana") },
			"records":     func() (any, error) { return r.Records(ctx, 0, 10) },
			"holds":       func() (any, error) { return r.Holds(ctx, "c") },
			"runs":        func() (any, error) { return r.Runs(ctx, 10) },
		} {
			if got[what], err = read(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}
