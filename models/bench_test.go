package models_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "github.com/mattn/go-sqlite3"

	"assent/models"
	"assent/terms"
	"assent/tracker"
)

const (
	crowd = 50_000
	chunk = 1_000
)

// fill enrolls a crowd in one campaign, everybody due at noon.
func fill(b *testing.B, s *models.Store) []tracker.Enrolled {
	b.Helper()
	ctx := context.Background()
	var all []tracker.Enrolled
	for range crowd / chunk {
		err := s.Update(ctx, func(tx tracker.Tx) error {
			people := make([]tracker.Person, chunk)
			for i := range people {
				people[i] = tracker.Person{ID: fmt.Sprintf("person-%07d", len(all)+i), Country: "BR", Locale: "pt-BR", Type: terms.Personal, Created: noon}
			}
			people, err := tx.PutPeople(ctx, people)
			if err != nil {
				return err
			}
			rows := make([]tracker.Enrolled, chunk)
			for i, p := range people {
				rows[i] = tracker.Enrolled{Ref: p.Ref, Locale: p.Locale, NextAt: noon}
				rows[i].Enrollment = terms.Enrollment{Person: p.ID, Campaign: "c", Plan: 1, Country: p.Country, Created: noon, Joined: noon, Entered: noon, Status: terms.Pending}
			}
			if _, err := tx.Enroll(ctx, rows, noon); err != nil {
				return err
			}
			for i := range rows {
				rows[i].Seq = 1
			}
			all = append(all, rows...)
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return all
}

// BenchmarkSave writes chunks of a sweep that moves everybody up one stage:
// enrollment, transition, notice, counts, tallies and change.
func BenchmarkSave(b *testing.B) {
	ctx := context.Background()
	for name, fresh := range engines {
		b.Run(name, func(b *testing.B) {
			s := open(b, fresh(b))
			all := fill(b, s)
			n := 0
			for b.Loop() {
				from := n % crowd
				rows := all[from : from+chunk]
				moves := make([]tracker.Move, chunk)
				for i := range rows {
					moves[i] = stepUp(rows[i], n/crowd)
				}
				err := s.Update(ctx, func(tx tracker.Tx) error {
					revisions, err := tx.Save(ctx, moves, noon)
					if err == nil && revisions[chunk-1] == 0 {
						err = fmt.Errorf("missed")
					}
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
				for i := range rows {
					rows[i] = moves[i].After
					rows[i].Seq++
				}
				n += chunk
			}
			perRow(b, n)
		})
	}
}

func stepUp(e tracker.Enrolled, stage int) tracker.Move {
	m := tracker.Move{Before: e, After: e, Kind: tracker.ChangeEntered, Tallies: []tracker.Tally{tracker.LeftStage(stage), tracker.EnteredStage(stage + 1)}}
	m.After.Stage, m.After.Entered, m.After.Told = stage+1, noon, noon
	m.After.NextAt = e.NextAt.Add(time.Hour)
	m.Transition = &tracker.Transition{Ref: e.Ref, Campaign: e.Campaign, Plan: 1, Country: e.Country, From: stage, To: stage + 1, Cause: tracker.CauseSweep, At: noon, Run: "run-1"}
	return m
}

// BenchmarkBareUpdate is the floor of BenchmarkSave: the same rows in the same
// chunks, by the one compare-and-set alone.
func BenchmarkBareUpdate(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) {
		url := engines["sqlite"](b)
		fill(b, open(b, url))
		db, err := sql.Open("sqlite3", "file:"+strings.TrimPrefix(url, "sqlite:")+"?_journal_mode=WAL&_synchronous=FULL&_txlock=immediate")
		if err != nil {
			b.Fatal(err)
		}
		bareUpdate(b, db, func(tx *sql.Tx, first, seq int) error {
			stmt, err := tx.Prepare("UPDATE enrollments SET stage = ?, next_at = next_at + 3600000000, seq = seq + 1 WHERE campaign = 'c' AND ref = ? AND seq = ?")
			if err != nil {
				return err
			}
			defer stmt.Close()
			for i := range chunk {
				if _, err := stmt.Exec(seq, first+i, seq); err != nil {
					return err
				}
			}
			return nil
		})
	})
	b.Run("postgres", func(b *testing.B) {
		url := engines["postgres"](b)
		fill(b, open(b, url))
		db, err := sql.Open("pgx", url)
		if err != nil {
			b.Fatal(err)
		}
		bareUpdate(b, db, func(tx *sql.Tx, first, seq int) error {
			refs := make([]int64, chunk)
			for i := range refs {
				refs[i] = int64(first + i)
			}
			_, err := tx.Exec(`UPDATE enrollments e SET stage = $1, next_at = next_at + 3600000000, seq = seq + 1
				FROM unnest($2::bigint[]) AS n(ref) WHERE e.campaign = 'c' AND e.ref = n.ref AND e.seq = $1`, seq, refs)
			return err
		})
	})
}

func bareUpdate(b *testing.B, db *sql.DB, update func(tx *sql.Tx, first, seq int) error) {
	b.Helper()
	defer db.Close()
	n := 0
	for b.Loop() {
		tx, err := db.Begin()
		if err == nil {
			err = update(tx, n%crowd+1, n/crowd+1)
		}
		if err == nil {
			err = tx.Commit()
		}
		if err != nil {
			b.Fatal(err)
		}
		n += chunk
	}
	perRow(b, n)
}

func perRow(b *testing.B, rows int) {
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(rows), "µs/row")
}
