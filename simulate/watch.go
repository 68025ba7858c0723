package simulate

import (
	"context"
	"time"

	"assent/tracker"
)

// watched is a store that shows each move it has saved to whoever wants to act
// on it, as an app would hear of it.
type watched struct {
	tracker.Store
	saw func(tracker.Move)
}

// Update runs fn in one write transaction and shows its moves once it is in.
func (w watched) Update(ctx context.Context, fn func(tracker.Tx) error) error {
	var moves []tracker.Move
	err := w.Store.Update(ctx, func(tx tracker.Tx) error {
		moves = moves[:0]
		return fn(noting{tx, &moves})
	})
	if err == nil {
		for _, m := range moves {
			w.saw(m)
		}
	}
	return err
}

type noting struct {
	tracker.Tx
	moves *[]tracker.Move
}

// Save writes moves and notes those that were written.
func (n noting) Save(ctx context.Context, moves []tracker.Move, at time.Time) ([]uint64, error) {
	revisions, err := n.Tx.Save(ctx, moves, at)
	for i, revision := range revisions {
		if revision != 0 {
			*n.moves = append(*n.moves, moves[i])
		}
	}
	return revisions, err
}
