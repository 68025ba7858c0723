package models

import (
	"context"
	"sync"
)

// together gathers writes that come at the same time into one transaction: a
// commit waits for the disk, and one wait serves all of them.
type together struct {
	mu      sync.Mutex
	waiting []*write
	busy    bool
}

// write is one of them, and what became of it: fn, or a message to be kept,
// many of which go into one statement.
type write struct {
	fn   func(context.Context, *tx) error
	post *post
	err  error
	done chan struct{}
}

// mostTogether bounds a transaction, and so how long others wait for it.
const mostTogether = 256

// do carries a write out in a transaction and returns when it is durable, or
// its error. What fn writes stands only if it returns nil, and an error of its
// own must come before its first write. A write that has begun to wait is
// finished, whatever becomes of its context.
func (w *together) do(ctx context.Context, s *Store, one *write) error {
	one.done = make(chan struct{})
	w.mu.Lock()
	w.waiting = append(w.waiting, one)
	if !w.busy {
		w.busy = true
		go w.writeAll(context.WithoutCancel(ctx), s)
	}
	w.mu.Unlock()
	<-one.done
	return one.err
}

// writeAll writes until nobody waits.
func (w *together) writeAll(ctx context.Context, s *Store) {
	for {
		w.mu.Lock()
		if len(w.waiting) == 0 {
			w.busy = false
			w.mu.Unlock()
			return
		}
		n := min(len(w.waiting), mostTogether)
		batch := w.waiting[:n:n]
		w.waiting = w.waiting[n:]
		w.mu.Unlock()
		if err := s.update(ctx, func(t *tx) error { return inTurn(ctx, t, batch) }); err != nil {
			alone(ctx, s, batch, err)
		}
		for _, one := range batch {
			close(one.done)
		}
	}
}

// inTurn carries out the writes of a batch, messages that follow each other at
// once. One that failed to write fails them all.
func inTurn(ctx context.Context, t *tx, batch []*write) error {
	for len(batch) > 0 {
		n := round(batch)
		if n == 0 {
			n, batch[0].err = 1, batch[0].fn(ctx, t)
		} else if err := t.postAll(ctx, batch[:n]); err != nil {
			return err
		}
		if t.missed != nil {
			return t.missed
		}
		batch = batch[n:]
	}
	return nil
}

// alone carries out each write of a batch that failed in a transaction of its own.
func alone(ctx context.Context, s *Store, batch []*write, err error) {
	for i, one := range batch {
		if one.err = err; len(batch) > 1 {
			one.err = s.update(ctx, func(t *tx) error {
				if err := inTurn(ctx, t, batch[i:i+1]); err != nil {
					return err
				}
				return one.err
			})
		}
	}
}
