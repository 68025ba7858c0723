package gate

import (
	"context"
	"fmt"
	"math"

	"golang.org/x/sync/errgroup"
)

// Load reads every position and what changed meanwhile. Until it has finished
// once, Ready is false and answers are the defaults.
func (g *Gate) Load(ctx context.Context) error {
	if err := g.following.enter(ctx); err != nil {
		return err
	}
	defer g.following.leave()
	g.turned = g.options.Now()
	revision, err := g.source.Revision(ctx)
	if err != nil {
		return fmt.Errorf("read the newest revision: %w", err)
	}
	if err := g.readBooks(ctx); err != nil {
		return err
	}
	g.revision.Store(revision)
	for campaign := range g.books {
		g.again[campaign] = true
	}
	for len(g.again) > 0 { // following may find a book that changed meanwhile
		for campaign := range g.again {
			delete(g.again, campaign)
			if err := g.placeAll(ctx, campaign); err != nil {
				return err
			}
		}
		if err := g.follow(ctx); err != nil {
			return err
		}
	}
	g.trim()
	g.loaded.Store(true)
	g.settle()
	return nil
}

// placeAll places everybody of a campaign at once: two read, each a half, while
// one places what they read.
func (g *Gate) placeAll(ctx context.Context, campaign string) error {
	const atOnce = 4 // pages, whose room is used again
	pages, free := make(chan []Row, atOnce), make(chan []Row, atOnce)
	for range atOnce {
		free <- nil
	}
	readers, ctx := errgroup.WithContext(ctx)
	middle := g.books[campaign].Middle
	readers.Go(func() error { return g.readPages(ctx, campaign, 0, middle, free, pages) })
	readers.Go(func() error { return g.readPages(ctx, campaign, middle, math.MaxInt64, free, pages) })
	failed := make(chan error, 1)
	go func() {
		defer close(pages)
		failed <- readers.Wait()
	}()
	revision := g.revision.Load()
	for rows := range pages {
		for i := range rows {
			g.place(&rows[i], revision)
		}
		free <- rows[:0]
	}
	return <-failed
}

// readPages reads the people after one and up to another.
func (g *Gate) readPages(ctx context.Context, campaign string, after, upTo int64, free <-chan []Row, to chan<- []Row) error {
	for after < upTo {
		rows, err := g.source.Rows(ctx, <-free, campaign, after, page)
		if err != nil {
			return fmt.Errorf("read positions of campaign %s after %d: %w", campaign, after, err)
		}
		read := len(rows)
		if read > 0 {
			after = rows[read-1].Ref
		}
		for len(rows) > 0 && rows[len(rows)-1].Ref > upTo { // the other reads them
			rows = rows[:len(rows)-1]
		}
		if to <- rows; read < page {
			return nil
		}
	}
	return nil
}
