package messaging

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"assent/messaging/mailbox"
)

// handed collects how far devices have been brought, to be written down many
// at a time: nobody waits for that. What is lost of it in a crash is handed
// over a second time, under the same ids.
type handed struct {
	wake chan struct{}

	mu     sync.Mutex
	places map[Caller]int64
}

func newHanded() *handed { return &handed{wake: make(chan struct{}, 1), places: map[Caller]int64{}} }

func (h *handed) note(to Caller, place int64) {
	h.mu.Lock()
	h.places[to] = max(h.places[to], place)
	h.mu.Unlock()
	select {
	case h.wake <- struct{}{}:
	default: // it is told already
	}
}

func (h *handed) take() []mailbox.Handed {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := make([]mailbox.Handed, 0, len(h.places))
	for to, place := range h.places {
		list = append(list, mailbox.Handed{Person: to.Person, Device: to.Device, Place: place})
	}
	clear(h.places)
	return list
}

// collecting is how long what devices have been handed is collected, so that it
// does not take a transaction between any two of messages.
const collecting = 100 * time.Millisecond

// keepHanded writes down how far devices have been brought, until stop is closed.
func (s *Server) keepHanded(ctx context.Context, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			s.writeHanded(ctx)
			return
		case <-s.handed.wake:
			s.writeHanded(ctx)
			select {
			case <-stop:
			case <-time.After(collecting):
			}
		}
	}
}

func (s *Server) writeHanded(ctx context.Context) {
	list := s.handed.take()
	if len(list) == 0 {
		return
	}
	if err := s.options.Mailbox.Hand(ctx, list...); err != nil { // it is with the next that is handed over
		s.options.Log.ErrorContext(ctx, "delivery not recorded", slog.Any("error", err))
	}
}
