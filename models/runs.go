package models

import (
	"context"
	"fmt"

	"assent/terms"
	"assent/tracker"
)

type runRow struct {
	ID       string
	Job      string
	Planned  instant
	Started  instant
	Finished instant
	Examined int
	Moved    int
	Told     int
	Held     int
	Waiting  int
	Failed   int
	Stopped  int
	Error    string
}

func (runRow) TableName() string { return "runs" }

func rowOfRun(r tracker.Run) runRow {
	return runRow{
		ID: r.ID, Job: r.Job, Planned: at(r.Planned), Started: at(r.Started), Finished: at(r.Finished),
		Examined: r.Examined, Moved: r.Moved, Told: r.Told, Held: r.Held, Waiting: r.Waiting, Failed: r.Failed, Stopped: r.Stopped, Error: r.Error,
	}
}

func (r runRow) run() tracker.Run {
	return tracker.Run{
		ID: r.ID, Job: r.Job, Planned: r.Planned.time(), Started: r.Started.time(), Finished: r.Finished.time(),
		Examined: r.Examined, Moved: r.Moved, Told: r.Told, Held: r.Held, Waiting: r.Waiting, Failed: r.Failed, Stopped: r.Stopped, Error: r.Error,
	}
}

func runName(id string) string { return fmt.Sprintf("run %q", id) }

func (r reader) Runs(ctx context.Context, limit int) ([]tracker.Run, error) {
	var rows []runRow
	err := r.in(ctx).Order("started DESC, id DESC").Limit(limit).Find(&rows).Error
	return all(rows, runRow.run), r.translate(err, "runs")
}

func (t *tx) StartRun(ctx context.Context, r tracker.Run) error {
	row := rowOfRun(r)
	return t.insert(ctx, runName(r.ID), &row)
}

// FinishRun writes when a run ended and what it did; Conflict when that was
// written before.
func (t *tx) FinishRun(ctx context.Context, r tracker.Run) error {
	missed := func() error {
		var row runRow
		if err := t.in(ctx).Take(&row, "id = ?", r.ID).Error; err != nil {
			return t.translate(err, runName(r.ID))
		}
		return terms.Errorf(terms.Conflict, "%s is finished already", runName(r.ID))
	}
	return t.set(ctx, runName(r.ID), missed,
		`UPDATE runs SET finished = ?, examined = ?, moved = ?, told = ?, held = ?, waiting = ?, failed = ?, stopped = ?, error = ?
		WHERE id = ? AND finished = 0`,
		at(r.Finished), r.Examined, r.Moved, r.Told, r.Held, r.Waiting, r.Failed, r.Stopped, r.Error, r.ID)
}
