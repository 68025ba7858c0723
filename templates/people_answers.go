package templates

import (
	"fmt"
	"time"
)

// Answer is what the three result pages share: a recorded choice.
type Answer struct {
	Campaign   string // its title
	At         time.Time
	Reference  string // id of the receipt
	ReceiptURL string
	ChangeURL  string // the choice page
	Documents  []Document
}

// Accepted is the page after accepting. It can be bookmarked.
type Accepted struct {
	Frame
	Answer
	From     time.Time // when the terms begin to apply; shown while it is ahead of At
	Restored []string  // names of what came back at this moment
	Granted  []string  // names of what accepting turned on
	Void     bool      // recorded, without effect where the person is
}

// Ahead reports whether the accepted terms apply only later.
func (a Accepted) Ahead() bool { return a.From.After(a.At) }

// Declined is the page after declining, or after withdrawing an acceptance.
type Declined struct {
	Frame
	Answer
	Withdrawn bool
	Keeps     []string // names of what no stage takes away
	Steps     Steps    // what changes, and when
}

// Later is the page after "decide later", which is not a recorded choice.
type Later struct {
	Frame
	Campaign  string
	RemindAt  time.Time
	Left      int // how often this can be chosen again
	ChangeURL string
}

// Receipt is what proves a choice, for the person who made it.
type Receipt struct {
	Frame
	Answer
	Action      string // "accepted", "declined" or "withdrawn"
	Person      string
	PresentedAt time.Time // when the page was shown; zero when that is not known
	ReceivedAt  time.Time
	Spoken      Locale // the language the choice was made in
	Method      string // "page", "signed_link", "api", "import", "on_behalf"
	Sentence    string // above the buttons, word for word
	Button      string // word for word
	Region      string
	Stage       string   // key; "" for none
	Known       bool     // what the stage takes
	Off         []string // what it takes
	Proof       *Proof
	JSONURL     string
}

// StageWords says what the stage means to a person: its key is a word of those who run the campaign.
func (r Receipt) StageWords() (string, error) {
	if len(r.Off) == 0 {
		return r.T("receipt.stage.works")
	}
	names, err := r.List(r.Off)
	if err != nil {
		return "", err
	}
	return r.T("receipt.stage.off", "Names", names)
}

// Proof is the entry's place in the tamper-evident log.
type Proof struct {
	Index      int    // of the entry, from 0
	Size       int    // of the log the checkpoint signs
	LeafHash   string // base64
	Checkpoint string // the signed note
	KeyURL     string // where the public key is
}

// Entry is the entry's number for people, who count from 1.
func (p Proof) Entry() int { return p.Index + 1 }

// ActionName says what was chosen.
func (f Frame) ActionName(action string) (string, error) {
	switch action {
	case "accepted":
		return f.T("action.accepted")
	case "declined":
		return f.T("action.declined")
	case "withdrawn":
		return f.T("action.withdrawn")
	}
	return "", fmt.Errorf("no such action: %q", action)
}

// MethodName says how the choice reached us.
func (r Receipt) MethodName() (string, error) {
	switch r.Method {
	case "page":
		return r.T("method.page")
	case "signed_link":
		return r.T("method.link")
	case "api":
		return r.T("method.api")
	case "import":
		return r.T("method.import")
	case "on_behalf":
		return r.T("method.behalf")
	}
	return "", fmt.Errorf("no such method: %q", r.Method)
}
