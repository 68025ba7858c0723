package tracker

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"time"

	"assent/terms"
)

// ClaimLetters takes deliveries that are due for one process, which has until
// lease, by the real clock, to begin each. Nobody else can take them meanwhile.
func (t *Tracker) ClaimLetters(ctx context.Context, claim string, lease time.Time, limit int) ([]Delivery, error) {
	now := t.instant()
	due := func(r Reader) ([]Delivery, error) { return r.DueDeliveries(ctx, Queued, now, limit) }
	if list, err := read(ctx, t, due); err != nil || len(list) == 0 {
		return nil, err
	}
	var claimed []Delivery
	err := t.Store.Update(ctx, func(tx Tx) error {
		list, err := due(tx)
		if err != nil {
			return err
		}
		for _, d := range list {
			d.State, d.NextAt, d.Claim, d.Lease = Claimed, time.Time{}, claim, lease
			if err := tx.SetDelivery(ctx, Queued, d); err != nil {
				return err
			}
			claimed = append(claimed, d)
		}
		return nil
	})
	return claimed, err
}

// BeginLetter records that a claimed delivery is being handed over from now on,
// until lease at the longest. Conflict when the claim was lost meanwhile: then it
// must not be sent.
func (t *Tracker) BeginLetter(ctx context.Context, d Delivery, lease time.Time) error {
	return t.Store.Update(ctx, func(tx Tx) error {
		now, err := tx.Delivery(ctx, d.Notice, d.Channel)
		if err != nil {
			return err
		}
		if now.Claim != d.Claim {
			return terms.Errorf(terms.Conflict, "another process has the delivery of notice %q", d.Notice)
		}
		now.State, now.Lease = Sending, lease
		return tx.SetDelivery(ctx, Claimed, now)
	})
}

// LapseLetters looks after deliveries of processes that are taken for dead at an
// instant of the real clock. What had only been claimed is queued again; what was
// being handed over may have been sent, so it is left to staff: one letter that
// staff look after is better than the same one twice.
func (t *Tracker) LapseLetters(ctx context.Context, wall time.Time) error {
	now := t.instant()
	lapsed := func(r Reader) ([]Delivery, error) { return r.LapsedDeliveries(ctx, wall, MaxBatch) }
	if list, err := read(ctx, t, lapsed); err != nil || len(list) == 0 {
		return err
	}
	return t.Store.Update(ctx, func(tx Tx) error {
		list, err := lapsed(tx)
		if err != nil {
			return err
		}
		for _, d := range list {
			was := d.State
			d.Claim, d.Lease, d.State, d.NextAt = "", time.Time{}, Queued, now
			if was == Sending {
				d.State, d.NextAt, d.Reason = Uncertain, time.Time{}, "the process that was handing it over did not live to see the answer"
			}
			if err := tx.SetDelivery(ctx, was, d); err != nil {
				return err
			}
		}
		return nil
	})
}

// Outcome is what came of handing a letter over.
type Outcome string

// The outcomes.
const (
	Taken       Outcome = "taken"       // the server has it
	Refused     Outcome = "refused"     // for good
	NoMailbox   Outcome = "no_mailbox"  // for good, because of the address
	NotNow      Outcome = "not_now"     // it may be tried again
	Unanswered  Outcome = "unanswered"  // the whole message went out and no answer came
	Unreachable Outcome = "unreachable" // there is no server; it is not about this letter
)

// unreachableFor is how long letters wait for a server that cannot be reached.
const unreachableFor = time.Minute

// SettleLetter records what came of a letter. What the server said goes into the
// reason, so it must hold nothing personal.
func (t *Tracker) SettleLetter(ctx context.Context, l Letter, o Outcome, reason string) error {
	now := t.instant()
	pause, err := t.backoff(l.Tries)
	if err != nil {
		return err
	}
	d := l.Delivery
	d.Claim, d.Lease, d.NextAt, d.Reason = "", time.Time{}, time.Time{}, reason
	switch o {
	case Taken:
		d.State, d.Sent, d.Said, d.NextAt = Sent, now, l.Say, now.Add(t.Post.CountsAfter)
		d.Tries++
	case NotNow:
		if d.Tries++; d.Tries < t.Post.Tries {
			d.State, d.NextAt = Queued, now.Add(pause)
		} else {
			d.State = Dead
		}
	case Unreachable:
		d.State, d.NextAt = Queued, now.Add(unreachableFor)
	case Unanswered:
		d.State = Uncertain
		d.Tries++
	case NoMailbox:
		d.State = Bounced
		d.Tries++
	default:
		d.State = Dead
		d.Tries++
	}
	return t.concluded(ctx, l, d, now, o == NoMailbox)
}

// DeferLetter puts a claimed letter back until it is right, or drops it: as its
// Wait and Drop say.
func (t *Tracker) DeferLetter(ctx context.Context, l Letter) error {
	d := l.Delivery
	d.Claim, d.Lease, d.NextAt, d.State, d.Reason = "", time.Time{}, l.Wait, Queued, ""
	if l.Drop != "" {
		d.State, d.NextAt, d.Reason = Dropped, time.Time{}, l.Drop
	}
	return t.concluded(ctx, l, d, t.instant(), false)
}

// concluded writes what became of a claimed delivery, and what follows from it.
func (t *Tracker) concluded(ctx context.Context, l Letter, d Delivery, now time.Time, noMailbox bool) error {
	return t.Store.Update(context.WithoutCancel(ctx), func(tx Tx) error {
		before, err := tx.Delivery(ctx, d.Notice, d.Channel)
		if err != nil {
			return err
		}
		if before.Claim != l.Claim {
			return terms.Errorf(terms.Conflict, "another process has the delivery of notice %q", d.Notice)
		}
		if err := tx.SetDelivery(ctx, before.State, d); err != nil {
			return err
		}
		if noMailbox {
			l.Contact.Bounced = now
			return tx.PutContacts(ctx, []Contact{l.Contact})
		}
		if d.State != Sent || l.Again <= 0 {
			return nil
		}
		return tx.AddDeliveries(ctx, []Delivery{{
			Notice: again(d.Notice), Channel: d.Channel, Ref: d.Ref, Campaign: d.Campaign, Plan: d.Plan, Stage: d.Stage,
			Kind: LetterReminder, Created: now, State: Queued, NextAt: t.Post.Quiet.After(now.Add(l.Again), l.Offer.Zone),
		}})
	})
}

// again is the id of the reminder after a notice: "ntc_17" has "ntc_17.1", and
// that has "ntc_17.2".
func again(notice string) string {
	var base string
	var n int
	for i := len(notice) - 1; i > 0; i-- {
		if notice[i] == '.' {
			if _, err := fmt.Sscanf(notice[i+1:], "%d", &n); err == nil {
				base = notice[:i]
			}
			break
		}
	}
	if base == "" {
		base = notice
	}
	return fmt.Sprintf("%s.%d", base, n+1)
}

// Pauses between tries: a minute, then twice as long each time, and a share of
// chance so that those refused together do not come back together.
const (
	firstPause   = time.Minute
	longestPause = 6 * time.Hour
)

func (t *Tracker) backoff(tries int) (time.Duration, error) {
	var raw [4]byte
	if _, err := io.ReadFull(t.Random, raw[:]); err != nil {
		return 0, fmt.Errorf("draw a pause: %w", err)
	}
	pause := min(firstPause<<min(tries, 10), longestPause)
	share := float64(binary.BigEndian.Uint32(raw[:])) / (1 << 32) // from 0 up to 1
	return time.Duration(float64(pause) * (0.75 + share/2)), nil
}

// CountLetters makes notices of letters that were sent and did not come back in
// time, at most so many, and reports whether there may be more. One counts for
// the stage it was written in, so not for somebody who has moved on.
func (t *Tracker) CountLetters(ctx context.Context, limit int) (bool, error) {
	now := t.instant()
	due := func(r Reader) ([]Delivery, error) { return r.DueDeliveries(ctx, Sent, now, limit) }
	if list, err := read(ctx, t, due); err != nil || len(list) == 0 {
		return false, err
	}
	more := false
	err := t.commit(ctx, func(tx Tx) error {
		list, err := due(tx)
		if err != nil {
			return err
		}
		more = len(list) == limit
		books := &books{t: t, known: map[string]rules{}}
		for _, d := range list {
			if err := t.count(ctx, tx, books, d, now); err != nil {
				return err
			}
		}
		return nil
	})
	return more, err
}

// mailNotice is the id under which a mail stands among a person's notices from an
// instant on. One that came back and is sent again stands there once more.
func mailNotice(d Delivery, at time.Time) string {
	return mailNotices(d) + "." + strconv.FormatInt(at.UnixMicro(), 36)
}

// mailNotices is what the ids of a mail begin with.
func mailNotices(d Delivery) string { return d.Notice + "." + string(d.Channel) }

func (t *Tracker) count(ctx context.Context, tx Tx, b *books, d Delivery, now time.Time) error {
	d.State, d.NextAt = Delivered, time.Time{}
	if err := tx.SetDelivery(ctx, Sent, d); err != nil {
		return err
	}
	contact, err := tx.Contact(ctx, d.Ref)
	if err == nil && contact.Soft > 0 {
		contact.Soft = 0
		err = tx.PutContacts(ctx, []Contact{contact})
	}
	if err != nil && !isKind(err, terms.NotFound) {
		return err
	}
	r, err := b.of(ctx, tx, d.Campaign)
	if err != nil {
		return err
	}
	before, err := tx.Enrollment(ctx, d.Person, d.Campaign)
	if isKind(err, terms.NotFound) || err == nil && before.Stage != d.Stage {
		return nil
	}
	if err != nil {
		return err
	}
	p, err := r.planOf(before)
	if err != nil {
		return err
	}
	m := ReportedNotice{Person: d.Person, Campaign: d.Campaign, Channel: d.Channel, Delivered: true}.move(mailNotice(d, now), before, now)
	m.After = t.schedule(p, m.After, r.holds, now)
	return t.save(ctx, tx, r, []Move{m}, now)
}
