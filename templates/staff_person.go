package templates

import "time"

// StaffPerson is the look-up of one person: the search, and what was found.
type StaffPerson struct {
	StaffFrame
	Query  string        // the id searched for; empty before the first search
	Fault  string        // why there is no result
	Person *PersonRecord // nil without a result

	GoneHeldURL, GoneEraseURL string // of what is still kept of an account that is gone; "" for none
}

// Section is the entry of the menu that leads here.
func (StaffPerson) Section() string { return "people" }

// PersonRecord is a person's position, what they can do, and how it came to that.
type PersonRecord struct {
	ID          string
	Country     string
	Locale      string
	AccountType string
	Created     time.Time
	Revision    uint64 // of the standing
	Positions   []PersonPosition
	Flags       []PersonFlag
	Timeline    []PersonEvent // newest first
	EvidenceURL string        // of the evidence pack; "" while there is no choice
	HeldURL     string        // of everything that is held
	EraseURL    string
}

// PersonPosition is where a person stands in one campaign, and why.
type PersonPosition struct {
	Campaign, Title string
	Status          StaffTag
	Stage           string
	Since           time.Time
	Why             []string // the rule, step by step, in plain sentences
	NextStage       string   // empty when nothing is ahead
	NextAt          time.Time
	NextWhy         string // what the next stage waits for when it has no date
	Restore         string // how everything comes back; empty when nothing is taken away

	Circumstances []StaffFact // extension, exemption, hold, reversal, trial: what makes this person's case its own
	Extend        *PersonForm // nil: there is nothing to extend
	Exempt        *PersonForm // nil: exempt or accepted already
	RecallURL     string      // ends an exemption; empty: there is none
}

// PersonForm is a form about one person in one campaign; ID tells the fields of several apart.
type PersonForm struct {
	ID               string
	Person, Campaign string
	Until            string // as typed, or what to begin with
	Least, Most      string // the first and last day it may be
	Left             string // how often it can still be done; empty: as often as needed
}

// PersonFlag is one capability as client apps see it.
type PersonFlag struct {
	Key     string
	Value   string
	Why     string
	Limited bool // the value is less than it would be without a campaign
	Exit    bool // an exit right, which no campaign can take away
}

// PersonEvent is one recorded thing that happened. Kind is "notice", "response", "transition" or "restore".
type PersonEvent struct {
	At      time.Time
	Kind    string
	What    string
	Detail  string
	Receipt string // id of the receipt of a response; empty for anything else
}
