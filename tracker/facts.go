package tracker

import (
	"time"

	"assent/terms"
)

// Version is a state of a document. It can be replaced while Published is
// zero, and never after.
type Version struct {
	terms.DocumentRef
	Title       terms.Texts
	Material    bool
	EffectiveAt time.Time
	Published   time.Time
	Texts       []Text // in order of locale
}

// Text is a version in one language. Markdown is kept byte for byte and SHA256
// is the lower-case hex digest of exactly those bytes.
type Text struct {
	Locale   string
	Markdown string
	Summary  string // Markdown
	SHA256   string
}

// Campaign is the running state of a campaign; what it asks is in its plan.
type Campaign struct {
	Key         string
	Plan        int // number of the active plan, 0 while there is none
	Confirmed   int // number of the newest plan that also binds those who were in before it
	ActivatedAt time.Time
	EnrolledTo  int64  // the walk has brought people up to this Ref under the plan and holds in force
	Ruled       uint64 // revision of the newest change of its rules: plans, holds, reversals
}

// PlanRecord is a numbered plan with the file it came from.
type PlanRecord struct {
	terms.Plan
	Source      []byte
	Created     time.Time
	Actor       string
	ActivatedAt time.Time
}

// Person is an account of the platform. Ref is the store's own number for it,
// ascending in order of arrival.
type Person struct {
	Ref     int64
	ID      string
	Country string // ISO 3166-1 alpha-2
	Locale  string // BCP 47
	Type    terms.AccountType
	Created time.Time

	Attributes terms.Attributes
	Owner      string // id of the person whose choice a bound account follows, "" for none

	Contact *Contact // to be kept with the person; nil: leave what is known. It is never read back here
}

// Account is a person with everything that a page of theirs is made from.
type Account struct {
	Person    Person
	Language  string  // that the person chose, "" for that of Person
	Zone      string  // that the platform named, "" for none
	Places    []Place // in order of campaign
	Answered  bool    // a choice of this person is recorded
	Published int     // how many versions of documents are. None is ever taken back, so it says which ones
}

// Place is an enrollment with its campaign.
type Place struct {
	Enrolled Enrolled
	Campaign Campaign
}

// Enrolled is an enrollment as it is kept. Seq grows with every write and is
// what a write compares before it sets.
type Enrolled struct {
	terms.Enrollment
	Ref    int64 // of the person
	Locale string
	Seq    int64
	NextAt time.Time // when the sweep looks next; zero: not before a fact changes

	Unreached bool // the next stage is due and waits for a notice that reaches the person
}

// Cursor is a place in the walk of due enrollments, which goes in order of
// (NextAt, Ref).
type Cursor struct {
	NextAt time.Time
	Ref    int64
}

// Cause says what moved a person from one stage to another.
type Cause string

// The causes of a transition.
const (
	CauseSweep     Cause = "sweep"
	CauseAccepted  Cause = "accepted"
	CauseWithdrawn Cause = "withdrawn"
	CauseReversal  Cause = "reversal"
	CausePlan      Cause = "plan"      // another plan
	CauseExtension Cause = "extension" // more time, with everything back
	CauseExemption Cause = "exemption"
	CauseOwner     Cause = "owner"  // a bound account followed
	CauseRegion    Cause = "region" // the person moved to another country
)

// Transition is a recorded change of stage. It is read from the journal of
// changes, of which no row is ever changed.
type Transition struct {
	Person   string
	Ref      int64
	Campaign string
	Plan     int
	Country  string
	From, To int
	Cause    Cause
	At       time.Time
	Run      string // id of the run that did it, "" when the person did
}

// NoticeKind says what a notice tells.
type NoticeKind string

// The kinds of notice.
const (
	StageNotice  NoticeKind = "stage"         // what the stage means, and what comes next
	FinalWarning NoticeKind = "final_warning" // the next stage takes something away
	Reported     NoticeKind = "reported"      // an app or channel reports one of its own
	CameBack     NoticeKind = "bounced"       // one that had been sent came back: it reached nobody
)

// Channel is a way a notice reaches a person.
type Channel string

// The channels.
const (
	InApp Channel = "in_app"
	Email Channel = "email"
	Push  Channel = "push"
)

// Notice is a message about the campaign. One that is neither Presented nor
// Delivered is on offer: an app that asks gets it. Those a sweep hands out are
// not stored apart: a change of kind told, warned, entered or restored is one,
// with an ID made of its revision ("ntc_17"). It proves nothing about having
// been seen.
type Notice struct {
	ID        string
	Person    string
	Ref       int64
	Campaign  string
	Plan      int
	Stage     int
	Kind      NoticeKind
	Channel   Channel
	Presented bool
	Delivered bool
	At        time.Time
}

// Move is one compare-and-set write of an enrollment with everything that must
// be written with it: the transition, the counts, the day's tallies and the
// change that consumers follow. Of a transition only From, Cause and Run are
// taken: the rest, and the instant, are those of the change.
type Move struct {
	Before, After Enrolled
	Transition    *Transition
	Notice        *Notice // one reported by an app or channel
	Tallies       []Tally // one is added to each
	Kind          ChangeKind
}

// Tally names a count kept per campaign and UTC day.
type Tally string

// The tallies. Entered and left ones carry the stage: see EnteredStage.
const (
	TallyEnrolled  Tally = "enrolled"
	TallyNoticed   Tally = "noticed" // first notice of a person
	TallyAccepted  Tally = "accepted"
	TallyDeclined  Tally = "declined"
	TallyWithdrawn Tally = "withdrawn"
	TallySnoozed   Tally = "snoozed"
)

// ChangeKind says what happened to a person's position.
type ChangeKind string

// The kinds of change.
const (
	ChangeEnrolled ChangeKind = "enrolled"
	ChangeTold     ChangeKind = "told"
	ChangeWarned   ChangeKind = "warned"
	ChangeEntered  ChangeKind = "entered"
	ChangeRestored ChangeKind = "restored"
	ChangeAnswered ChangeKind = "responded"
	ChangeSnoozed  ChangeKind = "snoozed"
	ChangeNoticed  ChangeKind = "noticed"
	ChangeNext     ChangeKind = "rescheduled" // only when to look next has changed
	ChangePlan     ChangeKind = "plan"
	ChangeHold     ChangeKind = "hold"
	ChangeReversal ChangeKind = "reversal"
	ChangeExtended ChangeKind = "extended"
	ChangeExempted ChangeKind = "exempted"
	ChangeRecalled ChangeKind = "recalled" // asked again, with a new clock
	ChangeRemoved  ChangeKind = "removed"
)

// Change is one entry of the journal that gates, feeds and channels follow: the
// outbox. Revisions grow by one per change, in the order of commit.
//
// Plan and Stage are those the change left the person at, 0 for a change of the
// campaign as a whole. Enrolled is the position as it is when the change is
// read: at least as new as the change. Followers keep the state and apply
// changes in order, so that they end where a copy from each moment would have
// led them, sooner. Only Campaign is set for a change of the campaign as a whole
// and for a position that is gone; ChangeRemoved has Person besides.
type Change struct {
	Revision uint64
	Kind     ChangeKind
	At       time.Time
	Plan     int
	Stage    int
	From     int // the stage before it
	Enrolled Enrolled
}

// Count is one cell of the rollup of enrollments.
type Count struct {
	Country string
	Status  terms.Status
	Stage   int
	People  int64
}

// Day is one tally of one UTC day, written YYYY-MM-DD.
type Day struct {
	Day    string
	Tally  Tally
	People int64
}

// Run is the ledger row of one sweep.
type Run struct {
	ID       string
	Job      string
	Planned  time.Time
	Started  time.Time
	Finished time.Time // zero while it runs, or when it died
	Examined int
	Moved    int // entered a stage or were restored
	Told     int // were handed a notice or final warning
	Held     int // under a hold
	Waiting  int // looked at and not due, or never reached by a notice
	Failed   int
	Stopped  int // left where they are by the breaker, or a pause
	Error    string
}

// LateBy is how long after its planned time the run started.
func (r Run) LateBy() time.Duration { return r.Started.Sub(r.Planned) }

// Snapshot is a page as it was shown, stored once by the hash of its bytes.
type Snapshot struct {
	SHA256 string
	HTML   []byte
	Stored time.Time
}

// Response is a recorded choice. Record is the canonical evidence whose leaf
// is in the log; Salt and Details are the personal part that erasure removes.
type Response struct {
	ReceiptID      string
	Person         string
	Ref            int64
	Campaign       string
	Plan           int
	Action         terms.Action
	Documents      []terms.DocumentText
	Effect         terms.Effect
	IdempotencyKey string
	Fingerprint    string // of the request, so that a reused key with another content shows
	RecordedAt     time.Time
	LeafIndex      int64
	Record         []byte
	Checkpoint     []byte // signed head of the log as of this record
	Salt           []byte
	Details        []byte // canonical JSON of ledger.Details
}

// ResponseKey is what makes a response findable by whoever sent it: the Ref of
// the person, and the idempotency key.
type ResponseKey struct {
	Ref int64
	Key string
}

// PersonKey is the key of a person's pseudonym in the log.
type PersonKey struct {
	Ref    int64
	Person string // only where it is read; "" where nothing says any more whose it is
	Key    []byte
}

// APIKey is a key of a client. Only the SHA-256 of its secret is kept.
type APIKey struct {
	ID      string
	Hash    string
	Name    string
	Scopes  []string
	Created time.Time
	Expires time.Time // zero: never
	Revoked time.Time // zero: in force

	Previous      string    // hash of the secret before the last rotation; "" for none
	PreviousUntil time.Time // from when that one is refused
}

// StaffMember can sign in to the console: with a password, or at the provider to
// whose account the member is bound.
type StaffMember struct {
	Name     string
	Password string // its bcrypt hash; "" for none
	Created  time.Time
	Role     Role   // "" for one who was removed: the account at the provider, kept so that it opens nothing
	Email    string // in lower case; who signs in with it for the first time is this member
	Issuer   string // of the account at the provider; "" until it is bound
	Subject  string
}

// Role is what a member of staff may do on the console.
type Role string

// The roles.
const (
	Editor Role = "editor" // everything
	Viewer Role = "viewer" // look, but for what is personal beyond a standing
)

// Act is one entry of the audit log: what a member of staff, a key or the
// program itself did. Record is the canonical evidence whose leaf is in the
// log. Person, Reason, Before, After and what they are kept as, Salt and
// Details, are the part that may be personal: erasure removes it.
type Act struct {
	Place  int64 // in the audit log, ascending
	ID     string
	At     time.Time
	Actor  string
	Action string
	Object string // never a person
	Person string // whom it is about, "" for nobody
	Ref    int64  // of that person, 0 for nobody

	Before, After string // JSON, "" for nothing
	Reason        string
	Request       string // id of the HTTP request, "" for none

	LeafIndex int64 // -1: from before acts were in the log
	Record    []byte
	Salt      []byte
	Details   []byte // canonical JSON of ledger.ActDetails
}

// ActQuery says which acts to list, newest first.
type ActQuery struct {
	Before int64  // only those with a smaller Place; 0: all
	Ref    int64  // of the person they are about, 0: of anybody or nobody
	Person string // the person they are about, once more by name: of those who are gone
	Object string // what was acted on, or a campaign it belongs to; "": anything
	Limit  int
}

// LogHead is the state of the tamper-evident log.
type LogHead struct {
	Size       int64
	Root       []byte // 32 bytes; empty for an empty log
	Checkpoint []byte // signed note; empty for an empty log
}

// Tile is one stored piece of the log, by its path in the C2SP tlog-tiles
// layout without a partial suffix.
type Tile struct {
	Path string
	Data []byte
}
