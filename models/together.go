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

// write is one of them, and what became of it.
type write struct {
	fn   func(context.Context, *tx) error
	err  error
	done chan struct{}
}

// mostTogether bounds a transaction, and so how long others wait for it.
const mostTogether = 128

// do runs fn in a transaction and returns when it is durable, or fn's error. What
// fn writes stands only if it returns nil, and an error of its own must come
// before its first write. A write that has begun to wait is finished, whatever
// becomes of its context.
func (w *together) do(ctx context.Context, s *Store, fn func(context.Context, *tx) error) error {
	one := &write{fn: fn, done: make(chan struct{})}
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
		if err := s.update(ctx, func(t *tx) error { return each(ctx, t, batch) }); err != nil {
			alone(ctx, s, batch, err)
		}
		for _, one := range batch {
			close(one.done)
		}
	}
}

// each runs the writes of a batch. One that failed to write fails them all.
func each(ctx context.Context, t *tx, batch []*write) error {
	for _, one := range batch {
		if one.err = one.fn(ctx, t); t.missed != nil {
			return t.missed
		}
	}
	return nil
}

// alone runs each write of a batch that failed in a transaction of its own.
func alone(ctx context.Context, s *Store, batch []*write, err error) {
	for _, one := range batch {
		if one.err = err; len(batch) > 1 {
			one.err = s.update(ctx, func(t *tx) error { return one.fn(ctx, t) })
		}
	}
}
