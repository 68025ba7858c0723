package templates

import (
	"html/template"
	"time"
)

// peoplePages are the pages for people, each with the view it is made from.
func peoplePages() []page {
	return []page{
		{"people/home", Home{}},
	}
}

// Frame is what every page for people shares. Addresses left empty are not shown.
type Frame struct {
	Locale                // the language of the page; required
	Zone   *time.Location // the zone times are shown in; nil is UTC

	Brand      string // the company the terms are those of
	Imprint    string // its name and postal address, in the footer
	Languages  []Locale
	HelpURL    string
	PrivacyURL string
	TermsURL   string // "My terms"
}

// Date writes the day of an instant in the zone of the page.
func (f Frame) Date(at time.Time) string { return f.Locale.Date(at, f.Zone) }

// DateTime writes an instant to the minute in the zone of the page, and names the zone.
func (f Frame) DateTime(at time.Time) (string, error) { return f.Locale.DateTime(at, f.Zone) }

// ISO writes an instant for a machine, as a time element wants it.
func (f Frame) ISO(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// Link is one address with its words, and perhaps a short note beside it.
type Link struct {
	URL, Text, Note string
}

// Home is the front page: where a person can go from here.
type Home struct {
	Frame
	Title string
	Lead  string
	Links []Link
	Notes []template.HTML
}

// Fault is what went wrong for a person, in the words of the catalogue.
type Fault string

// The faults a person can meet. Every page says what happened, that nothing is lost, and what to do.
const (
	FaultLinkExpired     Fault = "link_expired"     // the signed link is too old, or was used up
	FaultLinkBroken      Fault = "link_broken"      // the link was cut off or changed on its way
	FaultUnknownPerson   Fault = "unknown_person"   // nobody is signed in
	FaultNotFound        Fault = "not_found"        // no such page, campaign, document or receipt
	FaultTermsChanged    Fault = "terms_changed"    // the text changed while the person read it
	FaultFormExpired     Fault = "form_expired"     // the form is too old or not ours
	FaultTooMany         Fault = "too_many"         // too many requests
	FaultNotSaved        Fault = "not_saved"        // our fault, and the choice was not recorded
	FaultOurs            Fault = "ours"             // our fault, and nothing was being recorded
	FaultNotAllowed      Fault = "not_allowed"      // the request is of a kind the page does not take
	FaultReceiptOfOthers Fault = "receipt_of_other" // the receipt belongs to somebody else
)

// Error is the page for a fault. Reference is the id of the request, which support can look up.
type Error struct {
	Frame
	Fault     Fault
	Detail    string // what exactly, when there is more to say; already in the person's language or a name
	Reference string
	RetryURL  string
	RetryAt   time.Time
}
