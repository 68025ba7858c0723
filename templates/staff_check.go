package templates

import (
	"html/template"
	"time"
)

// StaffCheck is what stands before every act of staff: what it would do, with numbers, and the form that does it and asks
// for the reason. The form posts to Action the Fields it was given and the reason.
type StaffCheck struct {
	StaffFrame
	Part     string // entry of the menu: "campaigns", "people", "runs" or "approvals"
	Trail    []Link // to the pages above this one
	Heading  string // what is about to be done: "Put Brazil on hold"
	Say      []string
	Facts    []StaffFact
	Warnings []string       // what is taken from people, each a sentence
	Findings []StaffFinding // of the launch gate
	Anyway   bool           // they stand in the way: the form offers to go on all the same
	Changes  []StaffChange
	Tables   []StaffTable
	Faults   []string // why it was not done
	Blocked  bool     // it cannot be done: there is no form
	Second   bool     // it waits for a second person afterwards
	Optional bool     // the reason may be left out
	Fields   []StaffField
	Reason   string // as typed, to correct it
	Action   string
	Button   string // what it does and to how many: "Take back 1,204 people"
	Back     string // where to go without doing it
}

// Section is the entry of the menu that leads here.
func (c StaffCheck) Section() string { return c.Part }

// StaffFact is a name and what it is.
type StaffFact struct {
	Name, Value string
	Note        string
}

// StaffField is a value that a form carries along.
type StaffField struct {
	Name, Value string
}

// StaffOption is one choice of a list.
type StaffOption struct {
	Value, Text string
	Chosen      bool
}

// StaffChange is one difference between two plans as a sentence.
type StaffChange struct {
	Text    string
	Path    string // in the file
	Kind    string // "added", "removed" or "changed"
	Harsher bool   // takes time or access from people
}

// StaffTable is a table of a page. The first cell of a row names it.
type StaffTable struct {
	ID    string // unique on the page
	Title string
	Say   string
	Head  []StaffCell
	Rows  [][]StaffCell
	None  string // said in place of a table without rows
}

// StaffCell is one cell: text, or a number of people, which stands at the end of its column.
type StaffCell struct {
	Text   string
	Note   string
	URL    string
	Tone   string // of a tag: "good", "warn", "bad", "hold", "plain"; empty: no tag
	Number bool
	At     time.Time // shown in place of Text
}

// When writes the instant of a cell.
func (c StaffCell) When() template.HTML { return StaffFrame{}.Moment(c.At) }

// StaffPause is what stops all stepping.
type StaffPause struct {
	At         time.Time
	Reason, By string
}

// StaffCampaignFrame is what the pages of one campaign share.
type StaffCampaignFrame struct {
	StaffFrame
	Key, Title string
	Tab        string // "overview", "plans", "launch", "notices", "holds", "reversals" or "next"
}

// Section is the entry of the menu that leads here.
func (StaffCampaignFrame) Section() string { return "campaigns" }

// StaffTab is one page of a campaign.
type StaffTab struct {
	Name, URL string
	Here      bool
}

// Tabs lead to the pages of the campaign.
func (f StaffCampaignFrame) Tabs() []StaffTab { return staffTabs(f.Key, f.Tab) }

func staffTabs(key, here string) []StaffTab {
	tabs := []StaffTab{{"Overview", "", here == "overview"}}
	for _, t := range []struct{ name, path string }{{"Plans", "plans"}, {"Launch", "launch"}, {"Notices", "notices"}, {"Holds", "holds"}, {"Take back", "reversals"}, {"Next run", "next"}} {
		tabs = append(tabs, StaffTab{t.name, "/" + t.path, here == t.path})
	}
	for i := range tabs {
		tabs[i].URL = "/staff/campaigns/" + key + tabs[i].URL
	}
	return tabs
}
