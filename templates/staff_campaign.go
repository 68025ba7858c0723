package templates

import "time"

// staffActPages are the pages of the console on which staff change something.
func staffActPages() []page {
	return append(append(staffLogPages(), staffLaunchPages()...), []page{
		{"staff/check", StaffCheck{}},
		{"staff/plans", StaffPlans{}},
		{"staff/plan", StaffPlan{}},
		{"staff/holds", StaffHolds{}},
		{"staff/reversals", StaffReversals{}},
		{"staff/reversal", StaffReversal{}},
		{"staff/next", StaffNext{}},
		{"staff/unreached", StaffUnreached{}},
		{"staff/runs", StaffRuns{}},
		{"staff/approvals", StaffApprovals{}},
		{"staff/approval", StaffApproval{}},
	}...)
}

// StaffPlans lists every plan of a campaign.
type StaffPlans struct {
	StaffCampaignFrame
	Plans   []StaffPlanLine // newest first
	Active  int             // 0: none
	Waiting bool            // the active plan binds newcomers only, until it is confirmed
}

// StaffPlanLine is one plan of the list.
type StaffPlanLine struct {
	Number    int
	Status    StaffTag
	Deadline  time.Time
	Stages    int
	Regions   int
	Created   time.Time
	By        string
	Activated time.Time // zero: never
}

// StaffPlan is one plan: its file, and what it says differently from another.
type StaffPlan struct {
	StaffCampaignFrame
	Number      int
	Status      StaffTag
	Created     time.Time
	By          string
	Activated   time.Time
	Against     int           // the plan it is compared with; 0: none
	Choices     []StaffOption // the plans it can be compared with
	Changes     []StaffChange
	Source      string
	ActivateURL string // empty: it is active
	ConfirmURL  string // empty: nothing waits for it
}

// StaffHolds lists the holds of a campaign, and has the form that places one.
type StaffHolds struct {
	StaffCampaignFrame
	Form   StaffHoldForm
	Faults []StaffFormFault
	Active []StaffHold
	Over   []StaffHold
}

// StaffFormFault is one thing to correct in a form: the id of its field, and what is wrong.
type StaffFormFault struct {
	Field, Text string
}

// StaffHoldForm is what was typed about a hold.
type StaffHoldForm struct {
	Regions                   []StaffOption
	Person, Attributes        string
	Clock, Effect             []StaffOption
	Reminders                 bool
	Starts, Ends, Spread, Ref string
	Messages                  []StaffMessage
}

// StaffMessage is a text in one language.
type StaffMessage struct {
	Tag, Name, Text string
}

// Dir is the direction the language is written in.
func (m StaffMessage) Dir() string { return Direction(m.Tag) }

// StaffReversals lists what was taken back, and has the form that takes back.
type StaffReversals struct {
	StaffCampaignFrame
	Regions, Stages, Reminders []StaffOption
	Reference                  string
	Faults                     []StaffFormFault
	Made                       []StaffReversalLine // newest first
}

// StaffReversalLine is one reversal of the list.
type StaffReversalLine struct {
	URL, Where, To, Reminders, Reason, By string
	At                                    time.Time
	Status                                StaffTag
}

// StaffReversal is one reversal with where people were, and where they are now.
type StaffReversal struct {
	StaffCampaignFrame
	Line      StaffReversalLine
	Counts    StaffTable
	Reference string
	Walking   int // people who are not recorded where the reversal leads yet
	UndoUntil time.Time
	UndoURL   string // empty: it cannot be undone any more
	Undone    time.Time
	UndoneBy  string
	UndoWhy   string
}

// StaffNext is what the next run of the sweep would do, or one at an instant.
type StaffNext struct {
	StaffCampaignFrame
	At        time.Time
	AtField   string // of the form
	Faults    []StaffFormFault
	Examined  int
	Newly     int // people who would be newly restricted
	Allowed   int // people who may be newly restricted within 24 hours
	Recent    int // people who were within the last 24
	Tables    []StaffTable
	Breaker   *StaffBreaker // nil: nothing is stopped and nothing would be
	Approved  string        // what staff said the next runs are expected to do; empty: nothing
	Walking   bool
	Failing   int
	Expect    string // how many people to fill in
	Until     string // until when
	Failures  []StaffFailure
	Unreached bool // there are people whom no notice has reached
}

// StaffBreaker tells why a campaign restricts nobody for now.
type StaffBreaker struct {
	Tripped time.Time // zero: the next run would trip it
	Would   int
	Recent  int
	Limit   int
}

// StaffFailure is a person the sweep could not handle.
type StaffFailure struct {
	Person, Error, RetryURL string
	Tries                   int
	At                      time.Time
	Left                    bool // tried as often as it will be
}

// StaffUnreached lists people whose next stage is due and whom no notice has reached, a page at a time.
type StaffUnreached struct {
	StaffCampaignFrame
	People StaffTable
	Next   string // address of the next page
	First  string // of the first, when this is not it
}

// StaffRuns lists the sweeps, and stops or goes on with stepping.
type StaffRuns struct {
	StaffFrame
	Runs []StaffRun
}

// Section is the entry of the menu that leads here.
func (StaffRuns) Section() string { return "runs" }

// StaffApprovals lists what waits for a second person, and what did.
type StaffApprovals struct {
	StaffFrame
	Open    []StaffApprovalLine
	Decided []StaffApprovalLine
}

// Section is the entry of the menu that leads here.
func (StaffApprovals) Section() string { return "approvals" }

// StaffApprovalLine is one request.
type StaffApprovalLine struct {
	URL, What, Reason, By string
	At, Expires           time.Time
	Status                StaffTag
	DecidedBy             string
	DecidedAt             time.Time
	Note                  string
}

// StaffApproval is one request for approval, and the form that decides it.
type StaffApproval struct {
	StaffFrame
	StaffApprovalLine
	Facts      []StaffFact
	Own        bool // whoever looks has asked for it, and cannot approve it
	ApproveURL string
	RejectURL  string
	ObjectURL  string // of what it is about
	Asked      bool   // it has just been asked for
}

// Section is the entry of the menu that leads here.
func (StaffApproval) Section() string { return "approvals" }
