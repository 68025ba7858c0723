package tracker

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"assent/terms"
)

// BounceKind says what came back.
type BounceKind string

// The kinds of bounce.
const (
	HardBounce BounceKind = "hard"      // the address takes no mail
	SoftBounce BounceKind = "soft"      // not this time: a full mailbox, a server that is down
	Complaint  BounceKind = "complaint" // the person called it unwanted
)

// softLimit is after how many soft bounces in a row an address is taken for one
// that takes no mail.
const softLimit = 3

// Bounce is what a mail system reports of a mail that had been sent.
type Bounce struct {
	Notice string // id of the notice, or the whole Message-ID; or else
	Email  string // the address
	Kind   BounceKind
	Code   string // RFC 3463 status such as 5.1.1, "" for none
}

var statusCode = regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}$`)

func (b Bounce) check() error {
	var faults terms.Faults
	if !slices.Contains([]BounceKind{HardBounce, SoftBounce, Complaint}, b.Kind) {
		faults = append(faults, terms.Fault{Path: "kind", Detail: fmt.Sprintf("%q is not one of hard, soft, complaint", b.Kind)})
	}
	if b.Code != "" && !statusCode.MatchString(b.Code) {
		faults = append(faults, terms.Fault{Path: "code", Detail: "must be a status such as 5.1.1"})
	}
	if (b.Notice == "") == (b.Email == "") {
		faults = append(faults, terms.Fault{Path: "notice", Detail: "name either the notice or the email"})
	}
	return faults.OrNil()
}

// Bounced records that a mail came back. A notice that had counted counts no
// more for what is still ahead: a stage that was entered stays, the next one
// waits until something reaches the person. NotFound when no such mail was sent;
// repeating a report changes nothing.
func (t *Tracker) Bounced(ctx context.Context, b Bounce) error {
	if err := b.check(); err != nil {
		return err
	}
	now := t.instant()
	return t.commit(ctx, func(tx Tx) error {
		list, err := t.returned(ctx, tx, b)
		if err != nil {
			return err
		}
		for _, d := range list {
			if err := t.bounce(ctx, tx, d, b, now); err != nil {
				return err
			}
		}
		return nil
	})
}

// returned are the mails a report is about: of an address the last one to each
// who has it.
func (t *Tracker) returned(ctx context.Context, tx Tx, b Bounce) ([]Delivery, error) {
	if b.Notice != "" {
		id, _, _ := strings.Cut(strings.Trim(b.Notice, "<> "), "@")
		d, err := tx.Delivery(ctx, id, Email)
		if err == nil && d.Sent.IsZero() && d.State != Uncertain && d.State != Bounced {
			err = terms.Errorf(terms.NotFound, "notice %q was not sent by e-mail", id)
		}
		return []Delivery{d}, err
	}
	contacts, err := tx.ContactsAt(ctx, b.Email)
	if err != nil {
		return nil, err
	}
	var list []Delivery
	for _, c := range contacts {
		last, err := tx.LastSentTo(ctx, c.Ref)
		if err != nil {
			return nil, err
		}
		list = append(list, last...)
	}
	if len(list) == 0 {
		return nil, terms.Errorf(terms.NotFound, "nothing was sent to that address")
	}
	return list, nil
}

func (t *Tracker) bounce(ctx context.Context, tx Tx, d Delivery, b Bounce, now time.Time) error {
	if d.State == Bounced && b.Kind != Complaint {
		return nil
	}
	contact, err := tx.Contact(ctx, d.Ref)
	if err != nil && !isKind(err, terms.NotFound) {
		return err
	}
	if err == nil {
		switch {
		case b.Kind == Complaint && contact.Silenced.IsZero():
			contact.Silenced = now
		case b.Kind == SoftBounce:
			contact.Soft++
		}
		same := !contact.Changed.After(d.Sent) // the address may be another one by now
		if same && contact.Bounced.IsZero() && (b.Kind == HardBounce || contact.Soft >= softLimit) {
			contact.Bounced = now
		}
		if err := tx.PutContacts(ctx, []Contact{contact}); err != nil {
			return err
		}
	}
	if b.Kind == Complaint { // it did arrive
		return nil
	}
	was := d.State
	d.State, d.NextAt, d.Reason = Bounced, time.Time{}, strings.TrimSpace(string(b.Kind)+" "+b.Code)
	if err := tx.SetDelivery(ctx, was, d); err != nil || d.Person == "" {
		return err
	}
	return t.takeBack(ctx, tx, d, now)
}

// takeBack records that a mail reached nobody, and has it count no more.
func (t *Tracker) takeBack(ctx context.Context, tx Tx, d Delivery, now time.Time) error {
	before, err := tx.Enrollment(ctx, d.Person, d.Campaign)
	if isKind(err, terms.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	r, err := t.rulesOf(ctx, tx, d.Campaign)
	if err != nil {
		return err
	}
	p, err := r.planOf(before)
	if err != nil {
		return err
	}
	notices, err := tx.Notices(ctx, d.Person, MaxBatch)
	if err != nil {
		return err
	}
	counted := slices.IndexFunc(notices, func(n Notice) bool { return countedFor(n, d) && !cameBack(notices, n) })
	id := mailNotice(d, now) // it has not counted yet
	if counted >= 0 {
		id = notices[counted].ID
	}
	m := Move{Before: before, After: before, Kind: ChangeNoticed, Notice: &Notice{
		ID: id + bouncedSuffix, Person: d.Person, Ref: d.Ref, Campaign: d.Campaign, Plan: d.Plan, Stage: d.Stage,
		Kind: CameBack, Channel: d.Channel, At: now,
	}}
	if counted >= 0 && !before.Answered { // whoever has answered has seen it, whatever became of the mail
		m.After.Enrollment = missed(before.Enrollment, notices, counted)
	}
	m.After = t.schedule(p, m.After, r.holds, now)
	return t.save(ctx, tx, r, []Move{m}, now)
}

// bouncedSuffix ends the id of what says that a notice came back.
const bouncedSuffix = ".bounced"

// countedFor reports whether a notice stands for a mail. Ids had no instant in them
// before a mail could be sent again.
func countedFor(n Notice, d Delivery) bool {
	return n.Kind != CameBack && n.Campaign == d.Campaign && (n.ID == mailNotices(d) || strings.HasPrefix(n.ID, mailNotices(d)+"."))
}

// missed are the facts without notice i, which had counted.
func missed(e terms.Enrollment, notices []Notice, i int) terms.Enrollment {
	id, counted, first, here := notices[i].ID, notices[i].At, time.Time{}, time.Time{}
	for _, n := range slices.Backward(notices) { // oldest first
		if n.ID == id || n.Campaign != e.Campaign || !n.Presented && !n.Delivered || cameBack(notices, n) {
			continue
		}
		if first.IsZero() {
			first = n.At
		}
		if here.IsZero() && !n.At.Before(e.Entered) {
			here = n.At
		}
	}
	noticed, began := e.Noticed, e.FirstNotice
	if noticed.Equal(counted) {
		noticed = here
	}
	if began.Equal(counted) {
		began = first
	}
	return e.Missed(noticed, began)
}

func cameBack(notices []Notice, n Notice) bool {
	return slices.ContainsFunc(notices, func(other Notice) bool { return other.Kind == CameBack && other.ID == n.ID+bouncedSuffix })
}

// Deliveries lists what is in trouble, newest first, or for a person everything.
func (t *Tracker) Deliveries(ctx context.Context, person string) ([]Delivery, error) {
	return read(ctx, t, func(r Reader) ([]Delivery, error) {
		if person == "" {
			return r.Deliveries(ctx, Troubled(), "", listLength)
		}
		if _, err := r.Person(ctx, person); err != nil {
			return nil, err
		}
		return r.Deliveries(ctx, DeliveryStates(), person, listLength)
	})
}

// TroubledIn lists the mails of a campaign that are in trouble, newest first, as
// far as they are among the newest of all that are.
func (t *Tracker) TroubledIn(ctx context.Context, campaign string) ([]Delivery, error) {
	list, err := t.Deliveries(ctx, "")
	return slices.DeleteFunc(list, func(d Delivery) bool { return d.Campaign != campaign }), err
}

// DeliveryCounts is how many mails of a campaign are in each state, of all
// campaigns for "".
func (t *Tracker) DeliveryCounts(ctx context.Context, campaign string) (map[DeliveryState]int64, error) {
	return read(ctx, t, func(r Reader) (map[DeliveryState]int64, error) { return r.DeliveryCounts(ctx, Email, campaign) })
}

// Resend has a delivery that is in trouble tried again, under the same id, so
// that a mail system that has seen it can tell. An address that took no mail is
// tried again too. Conflict for one that is not in trouble.
func (t *Tracker) Resend(ctx context.Context, notice, reason, actor string) (Delivery, error) {
	now := t.instant()
	var d Delivery
	err := t.Store.Update(ctx, func(tx Tx) error {
		var err error
		if d, err = tx.Delivery(ctx, notice, Email); err != nil {
			return err
		}
		if !slices.Contains(Troubled(), d.State) {
			return terms.Errorf(terms.Conflict, "notice %q is %s: there is nothing to try again", notice, d.State)
		}
		if d, err = tryAgain(ctx, tx, d, now); err != nil {
			return err
		}
		return t.note(ctx, tx, Act{At: now, Actor: actor, Action: "notice.resend", Object: notice, Reason: reason})
	})
	return d, err
}

// ResendDead has every mail of a campaign that the mail server refused tried again,
// as after a relay that refused everything, and returns how many. What came back, or
// may have been sent, is looked at one by one.
func (t *Tracker) ResendDead(ctx context.Context, campaign, reason, actor string) (int, error) {
	now, done := t.instant(), 0
	for more := true; more; {
		err := t.Store.Update(ctx, func(tx Tx) error {
			list, err := tx.StuckDeliveries(ctx, Dead, campaign, MaxBatch)
			if err != nil {
				return err
			}
			for _, d := range list {
				if _, err := tryAgain(ctx, tx, d, now); err != nil {
					return err
				}
			}
			done, more = done+len(list), len(list) == MaxBatch
			if more {
				return nil
			}
			return t.note(ctx, tx, Act{At: now, Actor: actor, Action: "notice.resend_dead", Object: campaign, Reason: reason, After: facts("notices", done)})
		})
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

// tryAgain queues a delivery that is in trouble.
func tryAgain(ctx context.Context, tx Tx, d Delivery, now time.Time) (Delivery, error) {
	was := d.State
	d.State, d.NextAt, d.Tries = Queued, now, 0
	if err := tx.SetDelivery(ctx, was, d); err != nil {
		return d, err
	}
	c, err := tx.Contact(ctx, d.Ref)
	if err == nil && !c.Bounced.IsZero() {
		c.Bounced, c.Soft = time.Time{}, 0
		err = tx.PutContacts(ctx, []Contact{c})
	}
	if isKind(err, terms.NotFound) {
		err = nil
	}
	return d, err
}
