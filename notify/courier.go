package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"assent/terms"
	"assent/tracker"
)

const (
	round      = 100         // changes of one webhook that are looked at before its place is kept
	keptAfter  = time.Second // how long a round may take before its place is kept
	waitingMax = 100         // letters of a webhook that may wait; with more it is down
	downAfter  = 5           // calls in a row that fail until a webhook is down
	leaseTTL   = 30 * time.Second
	lease      = "webhooks"
)

// schedule is how long after each try the next one comes, as Standard Webhooks
// recommends: a receiver may be away for three days.
func schedule() []time.Duration {
	return []time.Duration{
		5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
	}
}

// Options is what a courier works with. All are required but Schedule.
type Options struct {
	Tracker  *tracker.Tracker
	Guard    Guard
	Now      func() time.Time // the real clock
	Log      *slog.Logger
	Holder   string                 // of this process, for the lease
	Moved    func() <-chan struct{} // is closed when there are new changes
	Schedule []time.Duration        // nil: that of Standard Webhooks
}

// Courier calls webhooks. Of several processes on one database one does at a
// time, because two would spoil the order.
type Courier struct {
	Options
	client *http.Client

	mu     sync.Mutex
	busy   map[string]bool
	rested map[string]time.Time // when a webhook that is down is tried again
	until  time.Time            // this process leads
}

// New returns a courier.
func New(o Options) *Courier {
	if o.Schedule == nil {
		o.Schedule = schedule()
	}
	return &Courier{Options: o, client: o.Guard.Client(), busy: map[string]bool{}, rested: map[string]time.Time{}}
}

// Run delivers until the context ends, and returns when nothing is under way
// any more.
func (c *Courier) Run(ctx context.Context) {
	var calls sync.WaitGroup
	defer calls.Wait()
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		moved := c.Moved()
		if err := c.start(ctx, &calls); err != nil && ctx.Err() == nil {
			c.Log.WarnContext(ctx, "webhooks cannot be looked at", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-moved:
		case <-ticker.C:
		}
	}
}

// start begins a round for each webhook that has none under way.
func (c *Courier) start(ctx context.Context, calls *sync.WaitGroup) error {
	list, err := c.Tracker.Webhooks(ctx)
	if err != nil || len(list) == 0 {
		return err
	}
	if led, err := c.lead(ctx); err != nil || !led {
		return err
	}
	for _, w := range list {
		if w.Disabled.IsZero() && c.take(w.ID) {
			calls.Go(func() {
				defer c.leave(w.ID)
				c.work(ctx, w)
			})
		}
	}
	return nil
}

// lead makes sure that this process is the one that delivers.
func (c *Courier) lead(ctx context.Context) (bool, error) {
	now := c.Now()
	if now.Before(c.until.Add(-leaseTTL / 2)) {
		return true, nil
	}
	led, err := c.Tracker.Lead(ctx, lease, c.Holder, now, now.Add(leaseTTL))
	if led {
		c.until = now.Add(leaseTTL)
	}
	return led && err == nil, err
}

func (c *Courier) take(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy[id] {
		return false
	}
	c.busy[id] = true
	return true
}

func (c *Courier) leave(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.busy, id)
}

// work goes on with a webhook while there is something to deliver.
func (c *Courier) work(ctx context.Context, w tracker.Webhook) {
	for more := true; more && ctx.Err() == nil; {
		var err error
		if more, err = c.round(ctx, w.ID); err != nil && ctx.Err() == nil {
			c.Log.WarnContext(ctx, "a webhook's round failed", "webhook", w.ID, "error", err)
			return
		}
	}
}

// rounding is one round of a webhook.
type rounding struct {
	*Courier
	webhook tracker.Webhook
	begun   time.Time
	blocked map[int64]bool // lanes in which a letter waits
	waiting int
	out     tracker.WebhookRound
	gone    bool
}

// round tries the letters that are due, then new changes, and keeps what became
// of them. It reports whether there is more to do at once.
func (c *Courier) round(ctx context.Context, id string) (bool, error) {
	w, letters, err := c.read(ctx, id)
	if err != nil || !w.Disabled.IsZero() {
		return false, err
	}
	r := rounding{Courier: c, webhook: w, begun: c.Now(), blocked: map[int64]bool{}}
	r.out = tracker.WebhookRound{From: w.Place, To: w.Place, Failing: w.Failing, Said: w.Said}
	for _, l := range letters {
		if err := r.again(ctx, l); err != nil {
			return false, err
		}
	}
	more, err := r.fresh(ctx)
	if err != nil {
		return false, err
	}
	if r.out.To == w.Place && len(r.out.Done)+len(r.out.Letters) == 0 && r.out.Failing == w.Failing {
		return false, r.retire(ctx)
	}
	if err := c.Tracker.Deliver(context.WithoutCancel(ctx), id, r.out); err != nil {
		return false, fmt.Errorf("keep what became of a round: %w", err)
	}
	return more, r.retire(ctx)
}

func (c *Courier) read(ctx context.Context, id string) (tracker.Webhook, []tracker.WebhookLetter, error) {
	letters, err := c.Tracker.WebhookLetters(ctx, id, false)
	if errors.Is(err, terms.NotFound) { // removed meanwhile
		return tracker.Webhook{Disabled: c.Now()}, nil, nil
	}
	if err != nil {
		return tracker.Webhook{}, nil, err
	}
	list, err := c.Tracker.Webhooks(ctx)
	for _, w := range list {
		if w.ID == id {
			return w, letters, err
		}
	}
	return tracker.Webhook{Disabled: c.Now()}, nil, err
}

// again tries a letter that is due, unless an earlier one of its lane waits.
func (r *rounding) again(ctx context.Context, l tracker.WebhookLetter) error {
	if r.gone || l.Lane != 0 && r.blocked[l.Lane] || l.NextAt.After(r.begun) || ctx.Err() != nil || r.over() {
		r.blocked[l.Lane] = true
		r.waiting++
		return nil //nolint:nilerr // the end of the context is no failure of the letter
	}
	feed, err := r.Tracker.Changes(ctx, l.Revision-1, 1)
	if err != nil {
		return fmt.Errorf("read change %d: %w", l.Revision, err)
	}
	if len(feed.Changes) == 0 || !heard(r.webhook, feed.Changes[0]) { // whoever it was about is gone
		r.out.Done = append(r.out.Done, l.Revision)
		return nil
	}
	failed := r.call(ctx, r.webhook, messageOf(feed.Changes[0], feed.Stages[0]))
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if failed == nil {
		r.out.Done = append(r.out.Done, l.Revision)
		r.worked()
		return nil
	}
	r.failed(failed)
	r.park(l, failed)
	return nil
}

// fresh delivers changes the webhook has not heard of, and reports whether there
// are more.
func (r *rounding) fresh(ctx context.Context) (bool, error) {
	if r.gone || r.waiting >= waitingMax || r.resting() {
		return false, nil
	}
	feed, err := r.Tracker.Changes(ctx, r.webhook.Place, round)
	if err != nil {
		return false, fmt.Errorf("read changes after %d: %w", r.webhook.Place, err)
	}
	for i, change := range feed.Changes {
		if r.over() || r.gone || r.waiting >= waitingMax || r.resting() || ctx.Err() != nil {
			return !r.gone, nil //nolint:nilerr // the end of the context is no failure of the change
		}
		if heard(r.webhook, change) && !r.one(ctx, change, feed.Stages[i]) {
			return false, nil
		}
		r.out.To = change.Revision
	}
	return len(feed.Changes) == round, nil
}

// one delivers a change, or makes a letter of it; false when it was interrupted.
func (r *rounding) one(ctx context.Context, change tracker.Change, stage string) bool {
	l := tracker.WebhookLetter{Webhook: r.webhook.ID, Revision: change.Revision, Lane: laneOf(change)}
	if l.Lane != 0 && r.blocked[l.Lane] {
		r.waiting++
		r.out.Letters = append(r.out.Letters, l)
		return true
	}
	failed := r.call(ctx, r.webhook, messageOf(change, stage))
	switch {
	case failed == nil:
		r.worked()
	case ctx.Err() != nil:
		return false // the call may have arrived; it is made again, with the same id
	default:
		r.failed(failed)
		r.park(l, failed)
	}
	return true
}

// over reports whether it is time to keep what became of the round.
func (r *rounding) over() bool { return r.Now().Sub(r.begun) > keptAfter }

func (r *rounding) worked() {
	r.out.Failing, r.out.Said = 0, ""
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.rested, r.webhook.ID)
}

// failed counts; a webhook that is down is left alone for a while.
func (r *rounding) failed(f *failure) {
	r.out.Failing++
	r.out.Said, r.gone = f.said, r.gone || f.gone
	if r.out.Failing >= downAfter {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.rested[r.webhook.ID] = r.Now().Add(r.delay(min(r.out.Failing-downAfter, 2), f))
	}
}

func (r *rounding) resting() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.Now().Before(r.rested[r.webhook.ID])
}

// park keeps a change as a letter: for later, or, after the last try, as given
// up, and then those behind it go on.
func (r *rounding) park(l tracker.WebhookLetter, f *failure) {
	l.Tries++
	l.Said = f.said
	if l.Tries > len(r.Schedule) {
		l.Dead = r.Now()
	} else {
		l.NextAt = r.Now().Add(r.delay(l.Tries-1, f))
		r.blocked[l.Lane] = true
		r.waiting++
	}
	r.out.Letters = append(r.out.Letters, l)
}

// delay is the time until the next try, give or take a tenth, so that those who
// failed together do not come together; or what the receiver asks for.
func (c *Courier) delay(try int, f *failure) time.Duration {
	d := c.Schedule[min(try, len(c.Schedule)-1)]
	spread := d / 5
	return max(d-spread/2+rand.N(spread+1), f.again) //nolint:gosec // spreads attempts, hides nothing
}

// retire stops calling a receiver that answered 410: it wants no more.
func (r *rounding) retire(ctx context.Context) error {
	if !r.gone {
		return nil
	}
	_, err := r.Tracker.DisableWebhook(ctx, r.webhook.ID, "the receiver answered 410, which asks for no more", "webhooks")
	return err
}
