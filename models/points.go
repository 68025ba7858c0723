package models

import (
	"context"
	"fmt"

	"assent/terms"
	"assent/tracker"
)

type pointRow struct {
	Name      string `gorm:"primaryKey"`
	Kind      string
	OnSilence string
	Revision  int64
	Behind    int64
	Since     instant
	Heard     instant
	Counts    object[map[string]int64]
}

func (pointRow) TableName() string { return "points" }

func (p pointRow) point() tracker.Point {
	return tracker.Point{
		Name: p.Name, Kind: p.Kind, OnSilence: p.OnSilence, Revision: uint64(p.Revision), Behind: uint64(p.Behind), Since: p.Since.time(),
		Heard: p.Heard.time(), Counts: p.Counts.it,
	}
}

func pointName(name string) string { return fmt.Sprintf("enforcement point %q", name) }

// Points lists them by name.
func (r reader) Points(ctx context.Context) ([]tracker.Point, error) {
	var rows []pointRow
	err := r.in(ctx).Order("name").Find(&rows).Error
	return all(rows, pointRow.point), r.translate(err, "enforcement points")
}

func (t *tx) PutPoint(ctx context.Context, p tracker.Point) error {
	return t.put(ctx, pointName(p.Name), &pointRow{
		Name: p.Name, Kind: p.Kind, OnSilence: p.OnSilence, Revision: int64(p.Revision), Behind: int64(p.Behind), Since: at(p.Since), Heard: at(p.Heard),
		Counts: object[map[string]int64]{p.Counts},
	})
}

func (t *tx) DeletePoint(ctx context.Context, name string) error {
	missed := func() error { return terms.Errorf(terms.NotFound, "%s does not exist", pointName(name)) }
	return t.set(ctx, pointName(name), missed, "DELETE FROM points WHERE name = ?", name)
}
