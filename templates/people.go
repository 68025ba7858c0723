package templates

import (
	"html/template"
	"time"
)

// peoplePages are the pages for people, each with the view it is made from.
func peoplePages() []page {
	return []page{
		{"people/home", Home{}},
		{"people/choice", Choice{}},
		{"people/nothing", Nothing{}},
		{"people/accepted", Accepted{}},
		{"people/declined", Declined{}},
		{"people/later", Later{}},
		{"people/receipt", Receipt{}},
		{"people/features", Features{}},
		{"people/mine", Mine{}},
		{"people/legal", Legal{}},
		{"people/compare", Compare{}},
		{"people/banner", Banner{}},
		{"people/error", Error{}},
		{"people/quiet", Quiet{}},
		{"people/language", Language{}},
	}
}

// Frame is what every page for people shares. Addresses left empty are not shown.
type Frame struct {
	Locale                // the language of the page; required
	Zone   *time.Location // the zone times are shown in; nil is UTC

	Brand      string       // the company the terms are those of
	Imprint    string       // its name and postal address, in the footer
	HomeURL    string       // behind the brand, and "Back to …"
	AppURL     template.URL // "Back to …" instead, for somebody who came from an app; an address that is allowed
	HelpURL    string
	PrivacyURL string
	TermsURL   string // "My terms"
	ExportURL  string // "Export my data"
	CloseURL   string // "Close my account"

	LanguageURL string // of the page that asks for a language
}

// BackURL is where "Back to …" leads: to the app somebody came from, else to the front page.
func (f Frame) BackURL() template.URL {
	if f.AppURL != "" {
		return f.AppURL
	}
	return template.URL(f.HomeURL) //nolint:gosec // a path of this site
}

// Date writes the day of an instant in the zone of the page.
func (f Frame) Date(at time.Time) string { return f.Locale.Date(at, f.Zone) }

// DateTime writes an instant to the minute in the zone of the page, and names the zone.
func (f Frame) DateTime(at time.Time) (string, error) { return f.Locale.DateTime(at, f.Zone) }

// ISO writes an instant for a machine, as a time element wants it.
func (f Frame) ISO(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// ISODay writes the day of an instant in the zone of the page for a machine: where people read a day, the time of day
// would only set apart pages that look the same.
func (f Frame) ISODay(at time.Time) string { return at.In(orUTC(f.Zone)).Format(time.DateOnly) }

// days counts the midnights, in the zone of the page, between two instants.
func (f Frame) days(from, to time.Time) int {
	midnight := func(at time.Time) time.Time {
		y, m, d := at.In(orUTC(f.Zone)).Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	return int(midnight(to).Sub(midnight(from)) / (24 * time.Hour))
}

// Link is one address with its words, and perhaps a short note beside it.
type Link struct {
	URL, Text, Note string
}

// Document is one version of one document as a person meets it.
type Document struct {
	Title   string
	Version string
	URL     string // of the full text, in the person's language
	Locale  string // BCP 47 tag of the text shown, which may differ from the page's
	SHA256  string // of the exact source bytes of that text
	Minutes int    // to read it; 0 is not shown
	Summary Summary
	Before  *Before // the version the person accepted last, else the one before; nil for the first
}

// Dir is the direction the text is written in.
func (d Document) Dir() string { return Direction(d.Locale) }

// DocumentName names a version as sentences do: "Terms of Service, version 4.0".
func (f Frame) DocumentName(d Document) (template.HTML, error) {
	return f.H("document.name", "Title", d.Title, "Version", bdi(d.Version))
}

// Before is the version of a document that a person accepted earlier or, where At is zero, the one that stood before.
type Before struct {
	Version    string
	At         time.Time
	URL        string
	CompareURL string // what changed since, word by word
}

// Step is one dated stage ahead, or already reached, for somebody who does not accept.
type Step struct {
	At       time.Time // the earliest it can come; zero when no date can be given
	Reached  bool
	Reminder string   // "", "banner" or "full_screen"
	Stops    []string // names of what it takes away
	Hours    *Hours   // it takes them only then; nil: all day
}

// Hours are a part of each day in UTC: "09:00" to "13:00".
type Hours struct{ From, Until string }

// Case is what makes one person's position another than everybody's.
type Case struct {
	Messages []string // what people in the region, or under a hold, must be told
	Reversed bool     // limits were taken back, and nothing more stops
	Hours    *Hours   // the person's stage takes something only then; nil: all day, or nothing
}

// Steps are the stages of a ladder in order.
type Steps []Step

// Restrict reports whether any step takes something away.
func (s Steps) Restrict() bool {
	for _, step := range s {
		if len(step.Stops) > 0 {
			return true
		}
	}
	return false
}

// Home is the front page: where a person can go from here.
type Home struct {
	Frame
	Title string
	Lead  string
	Links []Link
}
