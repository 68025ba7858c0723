package templates

import "time"

// staffLaunchPages are the pages before a campaign is launched.
func staffLaunchPages() []page {
	return []page{
		{"staff/launch", StaffLaunch{}},
		{"staff/sheet", StaffSheet{}},
		{"staff/notices", StaffNotices{}},
		{"staff/notice-preview", StaffNoticePreview{}},
	}
}

// StaffFinding is one thing that the launch gate found.
type StaffFinding struct {
	Tag   StaffTag
	Words string
	Where []string
	Mend  string // where it is mended; empty: there is nothing to mend
	URL   string // of that place; empty: it is not on this server
}

// More reports whether there are more places than can be read at a glance.
func (f StaffFinding) More() bool { return len(f.Where) > 4 }

// StaffLaunch is what stands before one plan of a campaign.
type StaffLaunch struct {
	StaffCampaignFrame
	Plans     []StaffOption
	Found     []StaffFinding // against it, worst first
	Notes     []StaffFinding // to know: how the summaries read
	Passed    []StaffFinding
	Blocking  int
	Required  bool
	DryRunURL string
	Events    StaffTable
}

// StaffSheet shows pages that were kept together, one language or one state at a time.
type StaffSheet struct {
	StaffCampaignFrame
	Plan              int
	Made              time.Time
	SHA256            string
	Languages, States []StaffOption
	Shots             []StaffShot
	All               int
}

// Shown is how many of them the page shows.
func (s StaffSheet) Shown() int { return len(s.Shots) }

// StaffShot is one kept page.
type StaffShot struct{ State, Language, URL, SHA256 string }

// Short is enough of the SHA-256 to tell pages apart.
func (s StaffShot) Short() string { return s.SHA256[:min(len(s.SHA256), 12)] }

// StaffNotices is what became of a campaign's notices.
type StaffNotices struct {
	StaffCampaignFrame
	Counts       StaffTable
	Facts        []StaffFact
	Troubled     []StaffFailure
	RetryDeadURL string // where all that was refused is sent again; "" where nothing was
	Kinds        []StaffOption
	PreviewURL   string
}

// StaffNoticePreview is one notice on every channel in every language.
type StaffNoticePreview struct {
	StaffCampaignFrame
	Kind                   string
	Kinds, Regions, Stages []StaffOption
	Languages              []StaffNoticeWords
	KindKey, Region, Stage string // what is shown
	CanTest                bool   // there is a mail server
	TestURL                string
}

// StaffNoticeWords is a notice in one language: the mail, and what an app shows and pushes.
type StaffNoticeWords struct {
	Tag, Name              string
	Subject, Text, MailURL string
	Title, Summary         string
	Buttons                []string // in the order that apps keep
}

// Dir is the direction the language is written in.
func (w StaffNoticeWords) Dir() string { return Direction(w.Tag) }
