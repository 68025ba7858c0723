package terms

import "time"

// Status is where a person stands on the question itself.
type Status string

// The statuses of an enrollment.
const (
	Pending  Status = "pending"
	Accepted Status = "accepted"
	Declined Status = "declined"
	Exempt   Status = "exempt"
)

// Action is what a person chose.
type Action string

// The actions a response can record.
const (
	Accept   Action = "accepted"
	Decline  Action = "declined"
	Withdraw Action = "withdrawn"
)

// Enrollment is one person in one campaign: the facts the rules work on.
// A zero time means "not yet".
type Enrollment struct {
	Person   string
	Campaign string
	Plan     int

	Country    string // ISO 3166-1 alpha-2
	Attributes Attributes
	Created    time.Time
	Joined     time.Time // when the person came into the campaign

	Status      Status
	Effect      Effect    // of the acceptance; "" when there is none
	Excused     bool      // exempt by an act of staff, not by account type
	ExemptUntil time.Time // end of that exemption; zero: open
	Bound       bool      // stands where its owner stands; no sweep moves it

	Stage   int       // index into the plan's stages
	Entered time.Time // when the person came into that stage
	Told    time.Time // when the stage's own notice was handed to a channel
	Noticed time.Time // when a notice in this stage was presented or delivered
	Warned  time.Time // when this stage's final warning was handed to a channel

	FirstNotice  time.Time // first notice presented or delivered in the campaign
	NotBefore    time.Time // the personal clock starts no earlier: an extension, or a new clock after a withdrawal
	Extensions   int       // how often staff gave more time
	SnoozedUntil time.Time
	Snoozes      int
	Answered     bool // the person has declined, snoozed or dismissed once (for regions that ask once)
}

// Enroll returns the facts of a person who comes into a campaign now.
func Enroll(p Plan, person, country string, t AccountType, created, now time.Time) Enrollment {
	e := Enrollment{
		Person: person, Campaign: p.Campaign, Plan: p.Number, Country: country,
		Created: created, Joined: now, Entered: now, Status: Pending,
	}
	if !p.Audience.Includes(t) {
		e.Status = Exempt
	}
	return e
}

// Follow returns the facts of a bound account whose owner stands at these.
func (e Enrollment) Follow(owner Enrollment, now time.Time) Enrollment {
	if e.Stage != owner.Stage {
		e.Stage, e.Entered = owner.Stage, now
	}
	e.Bound, e.Plan, e.Status, e.Effect = true, owner.Plan, owner.Status, owner.Effect
	return e
}

// Unbind returns the facts of an account that has no owner any more: exempt,
// since nobody could accept for it.
func (e Enrollment) Unbind(now time.Time) Enrollment {
	e = e.restart(now)
	e.Bound, e.Status, e.Effect = false, Exempt, ""
	return e
}

// Notice returns the facts after a notice was presented or delivered.
func (e Enrollment) Notice(now time.Time) Enrollment {
	if e.FirstNotice.IsZero() {
		e.FirstNotice = now
	}
	if e.Noticed.IsZero() {
		e.Noticed = now
	}
	return e
}

// Missed returns the facts after a notice that had counted turns out to have
// reached nobody: it counts for nothing that is still ahead. What it led to
// stays. Others reached the person at these instants, zero for none: the first
// in this stage, and the first of all.
func (e Enrollment) Missed(noticed, first time.Time) Enrollment {
	e.Noticed, e.FirstNotice = noticed, first
	return e
}

// Respond returns the facts after the person's choice, which proves that a
// notice was seen. Accepting restores at once; withdrawing an acceptance, or
// declining after it, starts a new clock with the full notice period. The stage
// of someone else who declines does not change, and who is exempt stays so.
func (e Enrollment) Respond(p Plan, a Action, now time.Time) Enrollment {
	if a == Accept {
		e = e.Notice(now).restart(now)
		e.Status, e.Effect = Accepted, p.In(e.Country).Effect
		return e
	}
	if e.Status == Accepted {
		e = e.reopened(p, now)
	}
	e = e.Notice(now)
	if a == Decline {
		e.Answered = true
		if e.Status != Exempt {
			e.Status = Declined
		}
	}
	return e
}

// reopened returns the facts of someone no acceptance binds any more: asked
// anew, or exempt for as long as staff have said so.
func (e Enrollment) reopened(p Plan, now time.Time) Enrollment {
	excused, until := e.Excused && (e.ExemptUntil.IsZero() || e.ExemptUntil.After(now)), e.ExemptUntil
	e = e.anew(p, now)
	if excused {
		return e.Exempt(until, now)
	}
	return e
}

// Recall returns the facts of someone who is asked again: at the foot of the
// ladder, with a new clock and the full notice period, counted from the first
// notice after now.
func (e Enrollment) Recall(p Plan, now time.Time) Enrollment {
	e = e.anew(p, now)
	e.FirstNotice, e.Told, e.Answered, e.Snoozes = time.Time{}, time.Time{}, false, 0
	return e
}

func (e Enrollment) anew(p Plan, now time.Time) Enrollment {
	e = e.restart(now)
	e.Status, e.Effect, e.Excused, e.ExemptUntil = Pending, "", false, time.Time{}
	e.NotBefore = now.Add(p.NoticePeriod)
	return e
}

// Exempt returns the facts of someone staff exempt, until an instant or, for
// zero, until further notice. Everything comes back at once. Who has accepted
// needs no exemption, and stays accepted should they be given one.
func (e Enrollment) Exempt(until, now time.Time) Enrollment {
	if e.Status == Accepted {
		return e
	}
	e = e.restart(now)
	e.Status, e.Effect, e.Excused, e.ExemptUntil = Exempt, "", true, until
	return e
}

// Extend returns the facts of someone who is given more time: the personal
// clock starts no earlier than until. With lift, what stages took away comes
// back too, and they wait for that clock again; without, the person stays.
// TooMany when the plan's budget is used up, Invalid when until is too far.
func (e Enrollment) Extend(p Plan, until time.Time, lift bool, now time.Time) (Enrollment, error) {
	budget := p.Extensions
	if budget == (Extensions{}) {
		budget = DefaultExtensions()
	}
	switch {
	case e.Status == Accepted || e.Status == Exempt || e.Bound:
		return e, Errorf(Conflict, "there is nothing to extend: the person's status is %s", e.Status)
	case e.Extensions >= budget.Max:
		return e, Errorf(TooMany, "the person was given more time %d times, which is the most this campaign allows; a hold or an exemption needs no such budget", budget.Max)
	case !until.After(now):
		return e, Faults{{"until", "must lie ahead"}}
	case until.After(now.Add(budget.Longest)):
		return e, Faults{{"until", "is further away than the " + FormatDuration(budget.Longest) + " this campaign allows; the latest is " + now.Add(budget.Longest).UTC().Format(time.RFC3339)}}
	}
	e.Extensions++
	e.NotBefore = latest(e.NotBefore, until)
	if free := p.lastFree(e.Stage); lift && free < e.Stage {
		e = e.restart(now)
		e.Stage, e.Told = free, now
	}
	return e, nil
}

// lastFree is the highest stage up to one that takes nothing away.
func (p *Plan) lastFree(stage int) int {
	for i := range stage + 1 {
		if p.Stages[i].Takes() {
			return max(i-1, 0)
		}
	}
	return stage
}

// Snooze returns the facts after "decide later", which also proves that the
// notice was seen; an error of kind TooMany when the budget is used up.
func (e Enrollment) Snooze(p Plan, now time.Time) (Enrollment, error) {
	if e.Snoozes >= p.Snooze.Max {
		return e, Errorf(TooMany, "you have put this off %d times, which is the most this campaign allows; accept or decline when you are ready", p.Snooze.Max)
	}
	e = e.Notice(now)
	e.Snoozes++
	e.Answered = true
	e.SnoozedUntil = now.Add(p.Snooze.For)
	return e, nil
}

// restart puts the person at the foot of the ladder, as of now.
func (e Enrollment) restart(now time.Time) Enrollment {
	e.Stage, e.Entered = 0, now
	e.Noticed, e.Warned, e.SnoozedUntil = time.Time{}, time.Time{}, time.Time{}
	return e
}
