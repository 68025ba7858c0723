package tracker

import (
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"assent/terms"
)

// Bounds of what waits for the writer.
const (
	maxTogether = 256   // choices in one transaction
	maxWaiting  = 4_096 // choices in the queue; more are turned away
)

// queue lets concurrent choices share a transaction. Whoever finds nobody
// writing writes, and those who come meanwhile wait. Then the first of them
// writes for all: what has gathered goes together, no timer holds it back, and a
// choice that comes alone is written at once. The zero value is an empty queue.
type queue struct {
	mu      sync.Mutex
	writing bool
	waiting []*waiter // nobody waits while nobody writes
}

type waiter struct {
	*answer
	turn chan bool // true: it is yours to write; false: it is done
}

// submit returns what became of a choice. write fills in the answers of a batch,
// one for each of different people, and returns what is left to do when the next
// batch may already be written; a batch is answered when that is done.
func (q *queue) submit(c Choice, write func([]*answer) (settle func())) (*answer, error) {
	own := &waiter{&answer{Choice: c}, make(chan bool, 1)}
	mine, err := q.enter(own)
	if err != nil {
		return own.answer, err
	}
	if mine || <-own.turn {
		q.lead(own, write)
	}
	return own.answer, own.err
}

// enter puts a choice into the queue, and reports whether it is the caller's to
// write.
func (q *queue) enter(w *waiter) (bool, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) >= maxWaiting {
		return false, terms.Errorf(terms.Unavailable, "%d choices are waiting to be recorded; try again in a moment", len(q.waiting))
	}
	q.waiting = append(q.waiting, w)
	mine := !q.writing
	q.writing = true
	return mine, nil
}

// lead writes for all who wait, passes the turn on, and tells them. Those it
// writes for hear of it in any case.
func (q *queue) lead(own *waiter, write func([]*answer) (settle func())) {
	batch := q.take()
	answers := make([]*answer, len(batch))
	for i, w := range batch {
		answers[i] = w.answer
	}
	defer func() {
		for _, w := range batch {
			if w != own {
				w.turn <- false
			}
		}
	}()
	settle := func() func() {
		defer q.pass()
		return write(answers)
	}()
	settle()
}

// take takes the next batch: those who have waited longest, but of each person
// one choice only, so that the next of the same person finds this one recorded.
func (q *queue) take() []*waiter {
	q.mu.Lock()
	defer q.mu.Unlock()
	var batch, rest []*waiter
	people := make(map[string]bool, len(q.waiting))
	for _, w := range q.waiting {
		if len(batch) == maxTogether || people[w.Person] {
			rest = append(rest, w)
			continue
		}
		people[w.Person] = true
		batch = append(batch, w)
	}
	q.waiting = rest
	return batch
}

// pass gives the turn to whoever has waited longest.
func (q *queue) pass() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.writing = len(q.waiting) > 0; q.writing {
		q.waiting[0].turn <- true
	}
}

// errEnded is of work whose goroutine was ended in the middle of it.
var errEnded = errors.New("the work was broken off")

// panicked is a panic on its way to the caller whose choice caused it.
type panicked struct {
	value any
	stack []byte
}

// Error tells what was thrown, and where.
func (p *panicked) Error() string { return fmt.Sprintf("%v\n%s", p.value, p.stack) }

// guarded returns a panic of a function as an error.
func guarded(do func() error) error {
	err := errEnded
	func() {
		defer func() {
			if value := recover(); value != nil {
				err = &panicked{value, debug.Stack()}
			}
		}()
		err = do()
	}()
	return err
}

// Waiting is how many choices wait for others to be recorded.
func (t *Tracker) Waiting() int {
	t.queue.mu.Lock()
	defer t.queue.mu.Unlock()
	return len(t.queue.waiting)
}
