package staff

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"assent/templates"
	"assent/terms"
	"assent/tracker"
)

// act is something staff do. Getting its path shows what it would do, with numbers, and asks for the reason; posting that
// page's form to the same path does it. What it is about comes in the path, the query and then the form.
type act struct {
	path string
	// check works out the page. Faults in what was given are shown by form, if there is one.
	check func(*gin.Context) (templates.StaffCheck, error)
	form  func(*gin.Context, terms.Faults) error
	// do does it and answers where to go.
	do func(c *gin.Context, reason string) (string, error)
}

// reasonField is the field that every act has.
const reasonField = "reason"

// acts are all there are.
func (s console) acts() []act {
	return slices.Concat(s.planActs(), s.launchActs(), s.noticeActs(), s.holdActs(), s.reversalActs(), s.sweepActs(), s.approvalActs(), s.personActs())
}

// given is what the request says about an act: the query when it is looked at, the form when it is done.
func given(c *gin.Context) url.Values {
	if c.Request.Method == http.MethodPost {
		return c.Request.PostForm
	}
	return c.Request.URL.Query()
}

// text is one given value without the space around it.
func text(c *gin.Context, name string) string { return strings.TrimSpace(given(c).Get(name)) }

// ask shows what an act would do.
func (s console) ask(a act) func(*gin.Context) error {
	return func(c *gin.Context) error { return s.show(c, a, http.StatusOK) }
}

// show renders the page of an act, with what kept it from being done.
func (s console) show(c *gin.Context, a act, status int, faults ...string) error {
	frame, err := s.frame(c)
	if err != nil {
		return err
	}
	view, err := a.check(c)
	var wrong terms.Faults
	switch {
	case errors.As(err, &wrong) && a.form != nil:
		return a.form(c, wrong)
	case err != nil:
		return err
	}
	view.StaffFrame, view.Action, view.Faults, view.Reason = frame, c.Request.URL.Path, faults, text(c, reasonField)
	for name, values := range given(c) {
		if name != reasonField && values[0] != "" {
			view.Fields = append(view.Fields, templates.StaffField{Name: name, Value: values[0]})
		}
	}
	slices.SortFunc(view.Fields, func(a, b templates.StaffField) int { return strings.Compare(a.Name, b.Name) })
	return s.render(c, status, "staff/check", view)
}

// perform does an act. One that cannot be done shows its page again, and why.
func (s console) perform(a act) func(*gin.Context) error {
	return func(c *gin.Context) error {
		to, err := a.do(c, text(c, reasonField))
		var awaits *tracker.Awaits
		switch {
		case errors.As(err, &awaits):
			to = "/staff/approvals/" + url.PathEscape(awaits.Approval.ID) + "?asked=1"
		case errors.Is(err, terms.Invalid):
			return s.show(c, a, http.StatusUnprocessableEntity, faultWords(err)...)
		case errors.Is(err, terms.Conflict), errors.Is(err, terms.TooMany):
			return s.show(c, a, http.StatusConflict, sentence(err.Error()))
		case err != nil:
			return err
		}
		c.Redirect(http.StatusSeeOther, to)
		return nil
	}
}

// unreasoned is what an act without a reason is refused with.
func unreasoned(reason string) error {
	if reason == "" {
		return terms.Faults{{Path: reasonField, Detail: "say why, for the record"}}
	}
	return nil
}

// faultWords are faults as sentences.
func faultWords(err error) []string {
	var faults terms.Faults
	if !errors.As(err, &faults) {
		return []string{sentence(err.Error())}
	}
	out := make([]string, len(faults))
	for i, f := range faults {
		out[i] = faultSentence(humane(f.Path), f.Detail)
	}
	return out
}

// faultSentence joins the name of what is wrong and what is wrong with it, which may begin with a verb.
func faultSentence(name, detail string) string {
	first, _, _ := strings.Cut(detail, " ")
	if strings.HasPrefix(detail, `"`) || first == "say" {
		return sentence(name + ": " + detail)
	}
	return sentence(name + " " + detail)
}

// formFaults are faults beside their fields, which are named as the fields of the API are.
func formFaults(faults terms.Faults) []templates.StaffFormFault {
	words := faultWords(faults)
	out := make([]templates.StaffFormFault, len(faults))
	for i, f := range faults {
		field, _, _ := strings.Cut(strings.TrimPrefix(f.Path, "scope."), ".")
		out[i] = templates.StaffFormFault{Field: field, Text: words[i]}
	}
	return out
}

// doneText is what a page says after an act led to it, "" where none did.
func doneText(done string) string {
	return map[string]string{
		"activated": "The plan is active.", "confirmed": "The plan binds everybody now.", "resent": "It is queued again.", "mailed": "The mail server has taken it.", "tried": "The dry run is made, and the pages are kept.", "placed": "The hold is placed.", "released": "The hold is released.",
		"reversed": "It is taken back. Every answer says so already.", "undone": "It is undone.", "expected": "The preview is approved.",
		"paused": "Stepping is paused.", "resumed": "Stepping goes on.", "retried": "The next run tries again.",
		"extended": "The person has more time.", "exempted": "The person is exempt.", "recalled": "The person is asked again.",
		"again": "They are tried again.", "called": "It is called again, from where it was.",
		"erased":   "The person is erased.",
		"approved": "It is approved and done.", "rejected": "It is rejected. Nothing was done.",
	}[done]
}

// option builds a list for a form.
func option(value, words, chosen string) templates.StaffOption {
	return templates.StaffOption{Value: value, Text: words, Chosen: value == chosen}
}
