package clients

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"assent/terms"
)

// journalKept is how many of the newest changes are kept ready to be sent.
const journalKept = 4096

// journal has the newest changes ready for all who follow them, so that many
// readers cost the database as much as one. Whoever is further behind reads
// page by page.
type journal struct {
	read func(ctx context.Context, after uint64) ([]entry, error)

	mu   sync.Mutex
	kept []entry // in order, without gaps
}

// entry is one change, rendered.
type entry struct {
	revision uint64
	json     []byte
}

// after returns changes after a revision, in order and without gaps; none when
// there is none yet.
func (j *journal) after(ctx context.Context, revision uint64) ([]entry, error) {
	j.mu.Lock()
	if len(j.kept) > 0 && revision+1 < j.kept[0].revision {
		j.mu.Unlock()
		return j.read(ctx, revision)
	}
	defer j.mu.Unlock()
	if n := len(j.kept); n > 0 && revision < j.kept[n-1].revision {
		first := revision + 1 - j.kept[0].revision
		return j.kept[first:min(first+changesPage, uint64(n))], nil
	}
	list, err := j.read(ctx, revision)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	if n := len(j.kept); n > 0 && list[0].revision != j.kept[n-1].revision+1 {
		j.kept = nil // somebody asks for what lies beyond; their list begins anew
	}
	if len(j.kept)+len(list) > journalKept { // what readers hold is never written to again
		j.kept = append([]entry(nil), j.kept[max(0, len(j.kept)-journalKept/2):]...)
	}
	j.kept = append(j.kept, list...)
	return list, nil
}

// entries reads and renders a page of the log of changes.
func (h *Handlers) entries(ctx context.Context, after uint64) ([]entry, error) {
	feed, err := h.Tracker.Changes(ctx, after, changesPage)
	if err != nil {
		return nil, fmt.Errorf("read changes after %d: %w", after, err)
	}
	if after > feed.Newest {
		return nil, putBack(after, feed.Newest)
	}
	list := make([]entry, len(feed.Changes))
	for i, change := range feed.Changes {
		data, err := json.Marshal(changeOf(change, feed.Stages[i]))
		if err != nil {
			return nil, fmt.Errorf("render change %d: %w", change.Revision, err)
		}
		list[i] = entry{change.Revision, data}
	}
	return list, nil
}

// followChanges sends every change after a revision as it comes.
func (h *Handlers) followChanges(c *gin.Context) error {
	from := resumed(c)
	if from == "" {
		from = "0"
	}
	after, err := strconv.ParseUint(from, 10, 63)
	if err != nil {
		return terms.Faults{{Path: "after", Detail: fmt.Sprintf("%q is not a revision: give the last one you applied, or 0", from)}}
	}
	ctx := c.Request.Context()
	moved := h.Gate.Moved() // before reading, so that nothing comes in between
	list, err := h.journal.after(ctx, after)
	if err != nil {
		return err
	}
	s := h.streaming(c, time.Second)
	h.readers.Add(1)
	defer h.readers.Add(-1)
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	for s.err == nil {
		for _, one := range list {
			s.event("change", strconv.FormatUint(one.revision, 10), one.json)
			after = one.revision
		}
		s.flush()
		if len(list) == 0 {
			select {
			case <-ctx.Done():
				return nil
			case <-h.Stopping:
				return nil
			case <-moved:
			case <-ticker.C:
				s.buffer = append(s.buffer, ": still here\n\n"...)
			}
		}
		moved = h.Gate.Moved()
		if list, err = h.journal.after(ctx, after); err != nil {
			return nil // the reader comes back with the last revision it has
		}
	}
	return nil
}
