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

	Country string // ISO 3166-1 alpha-2
	Created time.Time
	Joined  time.Time // when the person came into the campaign

	Status Status
	Effect Effect // of the acceptance; "" when there is none

	Stage   int       // index into the plan's stages
	Entered time.Time // when the person came into that stage
	Told    time.Time // when the stage's own notice was handed to a channel
	Noticed time.Time // when a notice in this stage was presented or delivered
	Warned  time.Time // when this stage's final warning was handed to a channel

	FirstNotice  time.Time // first notice presented or delivered in the campaign
	NotBefore    time.Time // the personal clock starts no earlier: an extension, or a new clock after a withdrawal
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

// Respond returns the facts after the person's choice, which proves that a
// notice was seen. Accepting restores at once; withdrawing an acceptance starts
// a new clock with the full notice period. The stage of someone who declines
// does not change.
func (e Enrollment) Respond(p Plan, a Action, now time.Time) Enrollment {
	switch a {
	case Accept:
		e = e.Notice(now).restart(now)
		e.Status, e.Effect = Accepted, p.In(e.Country).Effect
	case Decline:
		e = e.Notice(now)
		e.Status, e.Answered = Declined, true
	case Withdraw:
		e = e.restart(now).Notice(now)
		e.Status, e.Effect = Pending, ""
		e.NotBefore = now.Add(p.NoticePeriod)
	}
	return e
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

// HoldClock says what a hold does to the times that come after it.
type HoldClock string

// What a hold does to the clock.
const (
	ClockStop     HoldClock = "stop"     // every later time moves by the held time
	ClockContinue HoldClock = "continue" // times stay; what fell due happens after the hold
	ClockRestart  HoldClock = "restart"  // the notice period runs again after the hold
)

// HoldEffect says what people under a hold can do.
type HoldEffect string

// What a hold does to people already restricted.
const (
	Freeze HoldEffect = "freeze" // stay where you are
	Lift   HoldEffect = "lift"   // full access meanwhile
)

// Scope is whom a hold covers: everybody when empty, else the people of a
// country or plan region, or one person.
type Scope struct {
	Region string // ISO 3166-1 country, or the key of a region of the plan
	Person string
}

// Hold is a reasoned stop for a scope. Ends is zero while it is open.
type Hold struct {
	ID        string
	Campaign  string
	Scope     Scope
	Reason    string
	Reference string
	Clock     HoldClock
	Effect    HoldEffect
	Starts    time.Time
	Ends      time.Time
}

// Covers reports whether a person is in the hold's scope, at whatever time.
func (h Hold) Covers(p Plan, e Enrollment) bool {
	if h.Scope.Person != "" && h.Scope.Person != e.Person {
		return false
	}
	return h.Scope.Region == "" || h.Scope.Region == e.Country || h.Scope.Region == p.In(e.Country).Region
}

// Active reports whether the hold is in force at an instant: from Starts
// until just before Ends.
func (h Hold) Active(now time.Time) bool {
	return !now.Before(h.Starts) && (h.Ends.IsZero() || now.Before(h.Ends))
}
