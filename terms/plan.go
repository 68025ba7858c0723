package terms

import (
	"slices"
	"time"
)

// AccountType says what kind of account a person is on the platform.
type AccountType string

// The account types. Bots and service accounts cannot read terms, so no plan
// asks them unless its audience names them.
const (
	Personal AccountType = "personal"
	Business AccountType = "business"
	Bot      AccountType = "bot"
	Service  AccountType = "service"
)

// AccountTypes lists the valid account types.
func AccountTypes() []AccountType { return []AccountType{Personal, Business, Bot, Service} }

// Effect says whether an acceptance counts where the person is.
type Effect string

// The effects of an acceptance.
const (
	Full Effect = "full" // recorded and in force
	Void Effect = "void" // recorded, without effect: grants stay off
)

// DocumentRef names one version of one document.
type DocumentRef struct {
	Document string
	Version  string
}

// DocumentText names the exact text of a version in one language. SHA256 is
// the lower-case hex digest of the exact source bytes.
type DocumentText struct {
	Document string
	Version  string
	Locale   string
	SHA256   string
}

// Ref returns which version the text belongs to.
func (d DocumentText) Ref() DocumentRef { return DocumentRef{d.Document, d.Version} }

// Plan is the immutable, numbered schedule of a campaign. Editing a plan makes
// plan n+1. All instants are UTC.
type Plan struct {
	Campaign     string
	Number       int // 0 until the tracker numbers it
	Title        Texts
	Documents    []DocumentRef
	AnnounceAt   time.Time
	Deadline     time.Time
	NoticePeriod time.Duration // least time between first notice and first restriction
	Audience     Audience
	Snooze       Snooze
	Extensions   Extensions
	Grants       []string // capabilities that acceptance turns on
	Stages       []Stage
	Regions      []Region
	Mapping      []StageMapping // where people at stages of earlier plans belong

	// What follows is no part of a plan as it is written: InForce adds it.

	Reversals []Reversal // made and undone, in order of time
	Basis     string     // tells plans in force apart that have the same number
}

// StageMapping says which stage of this plan people at a stage of an earlier
// plan belong to, where that stage was renamed or removed.
type StageMapping struct {
	From, To string
}

// Audience says whom a campaign asks. Accounts of the Bound types are not asked
// themselves: where the platform names an owner for one, it stands where its
// owner stands, and otherwise it is exempt.
type Audience struct {
	AccountTypes []AccountType
	Bound        []AccountType
}

// Extensions is how much more time staff can give one person: at most Max
// times, each at most Longest from the day it is given.
type Extensions struct {
	Max     int
	Longest time.Duration
}

// DefaultExtensions are those of a plan that says nothing about them.
func DefaultExtensions() Extensions { return Extensions{Max: 3, Longest: 90 * 24 * time.Hour} }

// Includes reports whether an account of this type is asked.
func (a Audience) Includes(t AccountType) bool { return slices.Contains(a.AccountTypes, t) }

// Snooze is the budget of "decide later": each silences reminders For a while,
// at most Max times.
type Snooze struct {
	For time.Duration
	Max int
}

// Stage is one step of the ladder. Stages accumulate: what an earlier stage
// took away stays away. Stage 0 takes nothing away.
//
// A stage can be tried before it counts. One in Shadow takes nothing away:
// people enter it by the same rules as any other, so that its transitions say
// whom it would have concerned. One with a BrownOut takes away what it lists
// only during a window of each day; the stage after it can take the same for
// good.
type Stage struct {
	Key          string
	FromAnnounce bool           // After counts from the announcement, not from the personal clock
	After        time.Duration  // since the personal clock's start
	Dwell        *time.Duration // least time in this stage; nil: the planned gap to the next
	Spread       time.Duration  // days over which people enter it
	FinalWarning time.Duration  // least time between the warning given here and a restricting next stage
	Reminder     Reminder
	Shadow       bool
	BrownOut     *BrownOut
	Off          []string   // capabilities set to their most restrictive value
	Set          []SetValue // typed capabilities lowered to a value
}

// BrownOut is a window of each day in UTC, from At after midnight, For so long.
type BrownOut struct {
	At  time.Duration
	For time.Duration
}

// Open reports whether an instant lies in the window.
func (b BrownOut) Open(now time.Time) bool {
	since := now.Sub(now.Truncate(day)) - b.At
	if since < 0 {
		since += day
	}
	return since < b.For
}

// turns reports whether the window opens or closes after one instant and not
// after another.
func (b BrownOut) turns(after, now time.Time) bool {
	return b.edge(b.At, after, now) || b.edge(b.At+b.For, after, now)
}

func (b BrownOut) edge(at time.Duration, after, now time.Time) bool {
	next := after.Truncate(day).Add(at % day)
	if !next.After(after) {
		next = next.Add(day)
	}
	return !next.After(now)
}

// hours are those of the brown-outs of a plan, which they share; zero for none.
func (p Plan) hours() BrownOut {
	for _, s := range p.Stages {
		if s.Takes() && s.BrownOut != nil {
			return *s.BrownOut
		}
	}
	return BrownOut{}
}

const day = 24 * time.Hour

// SetValue lowers one typed capability.
type SetValue struct {
	Capability string
	Value      Value
}

// Restricts reports whether the stage lists something to take away, and so
// waits for notice, warning and dwell: one in shadow too.
func (s Stage) Restricts() bool { return len(s.Off)+len(s.Set) > 0 }

// Takes reports whether the stage really takes something away, if only for a
// part of the day.
func (s Stage) Takes() bool { return s.Restricts() && !s.Shadow }

// Mode is how a client shows a reminder.
type Mode string

// The reminder modes. The empty mode shows none.
const (
	NoReminder Mode = ""
	Banner     Mode = "banner"
	FullScreen Mode = "full_screen"
)

// Reminder says how and how often a client reminds.
type Reminder struct {
	Mode        Mode
	Every       time.Duration // at most once in this time; 0: no limit of its own
	EveryOpen   bool          // each time the app is opened
	Dismissible bool
	AskOnce     bool // silent after the person answered or dismissed it once
}

// Recorded says what becomes of the responses that were recorded without
// effect, in a region whose effect is lifted to full.
type Recorded string

// What can become of responses without effect.
const (
	Effective Recorded = "effective" // they count from now on
	AskAgain  Recorded = "ask_again" // people are asked again, with a new clock
)

// Region overrides a plan for some countries.
type Region struct {
	Key        string
	Countries  []string      // ISO 3166-1 alpha-2
	Documents  []DocumentRef // asked for here in place of the plan's; none: the plan's
	AnnounceAt time.Time
	Deadline   time.Time
	Reminder   *Reminder // in place of the stages'; an empty one: none at all
	LastStage  string    // the ladder goes no further here; "": to its end
	Effect     Effect
	Recorded   Recorded // needed where an earlier plan had the effect void and this one has full
	Message    Texts    // text people in the region must be shown

	former string // key of the region by the plan that Gentler merged with
}

// Local is a plan as it stands for one country: the region's overrides and the
// reversals in force applied.
type Local struct {
	Region     string // key of the region, "" for the rest of the world
	Documents  []DocumentRef
	AnnounceAt time.Time
	Deadline   time.Time
	Reminder   *Reminder
	Last       int // index of the last stage that can be entered
	Effect     Effect
	Recorded   Recorded
	Message    Texts
	ReversalID string // the newest reversal in force, "" for none

	former string
}

// In returns the plan as it stands for a country.
func (p Plan) In(country string) Local {
	l := Local{AnnounceAt: p.AnnounceAt, Deadline: p.Deadline, Last: len(p.Stages) - 1, Effect: Full, Documents: p.Documents}
	i := slices.IndexFunc(p.Regions, func(r Region) bool { return slices.Contains(r.Countries, country) })
	if i >= 0 {
		l.override(p, p.Regions[i])
	}
	for _, r := range p.Reversals {
		if r.Undone.IsZero() && r.covers(country, l) {
			l.reverse(p, r)
		}
	}
	return l
}

func (l *Local) override(p Plan, r Region) {
	l.Region, l.former, l.Reminder, l.Recorded, l.Message = r.Key, r.former, r.Reminder, r.Recorded, r.Message
	if len(r.Documents) > 0 {
		l.Documents = r.Documents
	}
	if !r.AnnounceAt.IsZero() {
		l.AnnounceAt = r.AnnounceAt
	}
	if !r.Deadline.IsZero() {
		l.Deadline = r.Deadline
	}
	if r.LastStage != "" {
		l.Last = p.StageIndex(r.LastStage)
	}
	if r.Effect != "" {
		l.Effect = r.Effect
	}
}

// named reports whether a region of a scope means this one: its key, or the
// one an earlier plan gave it, or the country.
func (l Local) named(region, country string) bool {
	return region == country || region == l.Region || l.former != "" && region == l.former
}

// StageIndex returns the index of the stage with a key, or -1.
func (p Plan) StageIndex(key string) int {
	return slices.IndexFunc(p.Stages, func(s Stage) bool { return s.Key == key })
}

// dwell is the least time in stage i. Left out, it is the planned gap to the
// next stage, so that whoever enters late still gets its full length; from the
// announcement to the first dated stage that is the notice period.
func (p *Plan) dwell(i int) time.Duration {
	s := p.Stages[i]
	switch {
	case s.Dwell != nil:
		return *s.Dwell
	case i+1 >= len(p.Stages):
		return 0
	case s.FromAnnounce != p.Stages[i+1].FromAnnounce:
		return p.NoticePeriod
	default:
		return p.Stages[i+1].After - s.After
	}
}
