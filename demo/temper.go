package demo

import (
	"hash/fnv"
	"time"

	"assent/terms"
)

// grid is how often people act: everybody who opens the app within a stretch
// of this length does so at its start.
const grid = 6 * time.Hour

// slots is how many stretches a day has.
const slots = int(24 * time.Hour / grid)

// temper is how one person tends to behave. It follows from who the person is
// and never changes, and what it makes of a day depends on nothing else.
type temper struct {
	seed     uint64
	utc      int     // hours ahead of UTC
	opens    float64 // chance to open the app on a day
	attitude attitude
}

// attitude is how a person takes to new terms.
type attitude int

const (
	eager     attitude = iota // accepts soon
	undecided                 // accepts when it becomes pressing
	reluctant                 // waits until it hurts
	opposed                   // declines
	played                    // by a visitor: looks, and never chooses
)

func temperOf(person, country string) temper {
	t := temper{seed: seedOf(person)}
	for _, m := range markets() {
		if m.country == country {
			t.utc = m.utc
		}
	}
	if person == Ana || person == Ben {
		t.opens, t.attitude = 1, played
		return t
	}
	switch habit := t.roll(0, "habit"); {
	case habit < 0.56: // lives in it
		t.opens = 0.93
	case habit < 0.84:
		t.opens = 0.4
	case habit < 0.96:
		t.opens = 0.06
	default: // has a new phone, or a new messenger
		t.opens = 0.001
	}
	switch view := t.roll(0, "attitude"); {
	case view < 0.46:
		t.attitude = eager
	case view < 0.82:
		t.attitude = undecided
	case view < 0.94:
		t.attitude = reluctant
	default:
		t.attitude = opposed
	}
	return t
}

// opensOn says in which slot of a day, given as days since 1970, the person
// first opens the app, and false for a day without.
func (t temper) opensOn(day int) (int, bool) {
	if t.roll(day, "open") >= t.opens {
		return 0, false
	}
	u := t.roll(day, "hour")
	local := 6 + int(17*u*u) // from six in the morning, more often early
	return (local - t.utc + 24) % 24 * slots / 24, true
}

// sight is what a person is shown of a campaign on opening the app.
type sight struct {
	campaign   string
	reminder   terms.Reminder
	first      bool // nothing of this stage was seen before
	declined   bool // the person has declined and may think again
	restricted bool // something has been taken away
	snoozes    int  // "decide later" choices left
	untilDue   int  // days to the deadline, negative after it
}

// deed is what the person does about it.
type deed string

const (
	nothing  deed = ""
	looks    deed = "looks"
	accepts  deed = "accepts"
	declines deed = "declines"
	snoozes  deed = "snoozes"
)

// does says what a person makes of a sight on a day.
func (t temper) does(day int, s sight) deed {
	switch {
	case s.reminder.Mode == terms.NoReminder && s.first:
		return looks
	case !t.prompted(day, s):
		return nothing
	}
	likely := t.inclination(s.pressure())
	if s.snoozes == 0 || s.declined {
		likely.snooze = 0
	}
	if s.declined {
		likely.decline = 0
	}
	switch u := t.roll(day, s.campaign); {
	case u < likely.accept:
		return accepts
	case u < likely.accept+likely.decline:
		return declines
	case u < likely.accept+likely.decline+likely.snooze:
		return snoozes
	case s.first:
		return looks
	default:
		return nothing
	}
}

// prompted reports whether the app brings the question up on this day: on first
// sight of a stage, and then as often as its reminder says, or once a week.
func (t temper) prompted(day int, s sight) bool {
	if s.first || s.reminder.EveryOpen {
		return true
	}
	every := int(s.reminder.Every / (24 * time.Hour))
	if s.reminder.Every == 0 {
		every = 7
	}
	return every <= 1 || day%every == int(t.seed%uint64(every))
}

// pressure is how much a sight urges a choice.
type pressure int

const (
	calm      pressure = iota
	pressing           // the deadline is near
	insistent          // the reminder fills the screen
	hurting            // something has been taken away
)

func (s sight) pressure() pressure {
	switch {
	case s.restricted:
		return hurting
	case s.reminder.Mode == terms.FullScreen:
		return insistent
	case s.untilDue >= 0 && s.untilDue <= 12:
		return pressing
	default:
		return calm
	}
}

// inclination is how likely a person who is asked now chooses something. For
// the rest of the time people look away.
type inclination struct{ accept, decline, snooze float64 }

func (t temper) inclination(p pressure) inclination {
	switch t.attitude {
	case eager:
		return inclination{accept: 0.5, snooze: 0.05}
	case undecided:
		return inclination{[...]float64{calm: 0.08, pressing: 0.3, insistent: 0.13, hurting: 0.4}[p], 0.003, 0.06}
	case reluctant:
		return inclination{[...]float64{calm: 0.008, pressing: 0.06, insistent: 0.03, hurting: 0.12}[p], 0.02, 0.08}
	case opposed:
		return inclination{accept: [...]float64{hurting: 0.02}[p], decline: 0.25}
	default:
		return inclination{}
	}
}

// roll draws a number in [0, 1) that depends on the person, the day and what
// it is for.
func (t temper) roll(day int, about string) float64 {
	x := t.seed ^ uint64(day)*0x9e3779b97f4a7c15 ^ seedOf(about)
	// The finisher of SplitMix64.
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return float64((x^x>>31)>>11) / (1 << 53)
}

func seedOf(s string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s)) // hash.Hash never returns an error
	return h.Sum64()
}
