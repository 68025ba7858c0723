package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"assent/gate"
)

const (
	// followEvery is how long the gate may lag behind changes that another process
	// committed, where the database tells nobody of them; its own are applied before
	// the use-case returns.
	followEvery = 250 * time.Millisecond
	// readWithin is how long the database may take to answer one question of the
	// gate's, of a few thousand rows at most. A connection that has gone silent must
	// not keep the gate from trying another.
	readWithin = 10 * time.Second
	// listenAgain is how long to wait before listening anew.
	listenAgain = time.Second
)

// load brings the gate up to what there is before anybody is answered.
func (a *app) load(ctx context.Context) error {
	a.heard.Store(realClock().UnixMicro())
	if err := a.gate.Load(ctx); err != nil {
		return fmt.Errorf("load positions: %w", err)
	}
	return nil
}

// follow keeps the gate up with the log of changes until the context ends: as
// soon as the database tells of a commit, where it does, and at intervals. When
// the database was put back to an older state, the server has to end.
func (a *app) follow(ctx context.Context, failed chan<- error) <-chan struct{} {
	told, deaf := a.listen(ctx)
	followed := a.every(ctx, followEvery, told, "following changes failed; answers stay as last known", func(ctx context.Context) error {
		began := realClock()
		if err := a.gate.CatchUp(ctx, 0); err != nil {
			return err
		}
		err := a.gate.Check(ctx)
		switch {
		case err == nil:
			a.heard.Store(began.UnixMicro())
		case errors.Is(err, gate.ErrPutBack):
			select {
			case failed <- fmt.Errorf("%w: start this server again", err):
			default: // it has failed already
			}
		}
		return err
	})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		<-followed
		<-deaf
	}()
	return ended
}

// listen returns a channel that receives when another process has committed
// changes, and one that is closed once it no longer does. Nothing depends on it
// but how soon they are seen.
func (a *app) listen(ctx context.Context) (<-chan struct{}, <-chan struct{}) {
	told, deaf := make(chan struct{}, 1), make(chan struct{})
	go func() {
		defer close(deaf)
		for ctx.Err() == nil {
			err := a.store.Listen(ctx, func(revision uint64) {
				if revision != 0 && revision <= a.gate.Revision() {
					return // our own
				}
				select {
				case told <- struct{}{}:
				default: // it is told already
				}
			})
			if ctx.Err() == nil {
				a.log.DebugContext(ctx, "the database does not tell of changes; they are looked for", "error", err)
			}
			select {
			case <-ctx.Done():
			case <-time.After(listenAgain):
			}
		}
	}()
	return told, deaf
}

// staleness is for how long the gate may not know of what was committed.
func (a *app) staleness() time.Duration { return realClock().Sub(time.UnixMicro(a.heard.Load())) }
