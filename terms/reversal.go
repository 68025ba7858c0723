package terms

import "time"

// Reminding says what becomes of reminders after a reversal.
type Reminding string

// What becomes of reminders.
const (
	KeepReminders   Reminding = "keep"   // as the stage people are taken back to says
	SoftenReminders Reminding = "soften" // a banner now and then that can be dismissed
	StopReminders   Reminding = "stop"
)

// softened is the reminder after a reversal that softens: what was left of the
// plan of 2021 two weeks after its deadline.
func softened() Reminder { return Reminder{Mode: Banner, Every: 30 * day, Dismissible: true} }

// Reversal takes a campaign, or one region of it, back: from At on nobody is
// beyond Stage, and whoever is there already goes no further. Undone is zero
// while it is in force. Undoing it lets the ladder go on from where people are
// by then; it never takes anything from them at once.
type Reversal struct {
	ID        string
	Campaign  string
	Region    string // ISO 3166-1 country or key of a region; "": everybody
	Stage     string // key of the last stage from now on
	Reminders Reminding
	Reason    string
	Reference string
	At        time.Time
	UndoUntil time.Time
	Undone    time.Time
}

func (r Reversal) covers(country string, l Local) bool {
	return r.Region == "" || l.named(r.Region, country)
}

// Off reports whether the campaign has been taken back altogether: nobody is restricted or reminded any more, so that
// nothing is asked.
func (l Local) Off() bool {
	return l.ReversalID != "" && l.Last == 0 && l.Reminder != nil && *l.Reminder == Reminder{}
}

// reverse applies a reversal in force.
func (l *Local) reverse(p Plan, r Reversal) {
	l.ReversalID = r.ID
	l.Last = min(l.Last, max(p.StageIndex(r.Stage), 0))
	switch r.Reminders {
	case SoftenReminders:
		soft := softened()
		l.Reminder = &soft
	case StopReminders:
		l.Reminder = &Reminder{}
	}
}
