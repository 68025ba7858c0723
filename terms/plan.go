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
	Grants       []string // capabilities that acceptance turns on
	Stages       []Stage
	Regions      []Region
}

// Audience says whom a campaign asks.
type Audience struct {
	AccountTypes []AccountType
}

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
type Stage struct {
	Key          string
	FromAnnounce bool           // After counts from the announcement, not from the personal clock
	After        time.Duration  // since the personal clock's start
	Dwell        *time.Duration // least time in this stage; nil: the planned gap to the next
	Spread       time.Duration  // days over which people enter it
	FinalWarning time.Duration  // least time between the warning given here and a restricting next stage
	Reminder     Reminder
	Off          []string   // capabilities set to their most restrictive value
	Set          []SetValue // typed capabilities lowered to a value
}

// SetValue lowers one typed capability.
type SetValue struct {
	Capability string
	Value      Value
}

// Restricts reports whether entering the stage takes something away.
func (s Stage) Restricts() bool { return len(s.Off)+len(s.Set) > 0 }

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

// Region overrides a plan for some countries.
type Region struct {
	Key        string
	Countries  []string // ISO 3166-1 alpha-2
	AnnounceAt time.Time
	Deadline   time.Time
	Reminder   *Reminder
	LastStage  string // the ladder goes no further here; "": to its end
	Effect     Effect
	Message    Texts // text people in the region must be shown
}

// Local is a plan as it stands for one country: the region's overrides applied.
type Local struct {
	Region     string // key of the region, "" for the rest of the world
	AnnounceAt time.Time
	Deadline   time.Time
	Reminder   *Reminder
	Last       int // index of the last stage that can be entered
	Effect     Effect
	Message    Texts
}

// In returns the plan as it stands for a country.
func (p Plan) In(country string) Local {
	l := Local{AnnounceAt: p.AnnounceAt, Deadline: p.Deadline, Last: len(p.Stages) - 1, Effect: Full}
	i := slices.IndexFunc(p.Regions, func(r Region) bool { return slices.Contains(r.Countries, country) })
	if i < 0 {
		return l
	}
	r := p.Regions[i]
	l.Region, l.Reminder, l.Message = r.Key, r.Reminder, r.Message
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
	return l
}

// StageIndex returns the index of the stage with a key, or -1.
func (p Plan) StageIndex(key string) int {
	return slices.IndexFunc(p.Stages, func(s Stage) bool { return s.Key == key })
}

// dwell is the least time in stage i. Left out, it is the planned gap to the
// next stage, so that whoever enters late still gets its full length; from the
// announcement to the first dated stage that is the notice period.
func (p Plan) dwell(i int) time.Duration {
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
