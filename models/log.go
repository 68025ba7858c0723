package models

import (
	"context"
	"fmt"

	"assent/terms"
	"assent/tracker"
)

func (r reader) Head(ctx context.Context) (tracker.LogHead, error) {
	var head tracker.LogHead
	err := r.in(ctx).Raw("SELECT size, root, checkpoint FROM log_head").Row().Scan(&head.Size, &head.Root, &head.Checkpoint)
	return head, r.translate(err, "the head of the log")
}

func (r reader) Records(ctx context.Context, from int64, limit int) ([][]byte, error) {
	records := [][]byte{}
	err := r.in(ctx).Raw("SELECT record FROM log_entries WHERE leaf_index >= ? ORDER BY leaf_index LIMIT ?", from, limit).Scan(&records).Error
	return records, r.translate(err, "the records of the log")
}

func (r reader) Tile(ctx context.Context, path string) ([]byte, error) {
	var data []byte
	err := r.in(ctx).Raw("SELECT data FROM tiles WHERE path = ?", path).Row().Scan(&data)
	return data, r.translate(err, fmt.Sprintf("tile %q", path))
}

// logEntry is a record at its place in the log.
type logEntry struct {
	leafIndex int64
	record    []byte
}

func (t *tx) SaveLog(ctx context.Context, from, to tracker.LogHead, records [][]byte, tiles []tracker.Tile) error {
	if int64(len(records)) != to.Size-from.Size {
		return t.wrote(fmt.Errorf("%d records for the numbers from %d to %d", len(records), from.Size, to.Size), "the log")
	}
	missed := func() error {
		return terms.Errorf(terms.Conflict, "the log is no longer at size %d: read its head again", from.Size)
	}
	err := t.set(ctx, "the head of the log", missed,
		"UPDATE log_head SET size = ?, root = ?, checkpoint = ? WHERE size = ?", to.Size, blob(to.Root), blob(to.Checkpoint), from.Size)
	if err != nil {
		return err
	}
	entries := make([]logEntry, len(records))
	for i, record := range records {
		entries[i] = logEntry{from.Size + int64(i), record}
	}
	err = t.each(ctx, "a record of the log", "INSERT INTO log_entries (leaf_index, record) SELECT :leaf_index, :record {from}",
		newBatch(entries,
			number("leaf_index", func(e *logEntry) int64 { return e.leafIndex }),
			binary("record", func(e *logEntry) []byte { return e.record })))
	if err != nil {
		return err
	}
	return t.each(ctx, "tiles", `INSERT INTO tiles (path, data) SELECT :path, :data {from} WHERE true
		ON CONFLICT (path) DO UPDATE SET data = excluded.data`,
		newBatch(tiles,
			text("path", func(t *tracker.Tile) string { return t.Path }),
			binary("data", func(t *tracker.Tile) []byte { return t.Data })))
}
