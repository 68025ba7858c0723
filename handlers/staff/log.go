package staff

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/gin-gonic/gin"

	"assent/ledger"
	"assent/templates"
	"assent/terms"
	"assent/tracker"
)

// logPage is how many acts are on a page of the log.
const logPage = 100

// auditLog lists acts, newest first: of all, or about one person.
func (s console) auditLog(c *gin.Context) error {
	frame, err := s.frame(c)
	if err != nil {
		return err
	}
	q := tracker.ActQuery{Person: c.Query("person"), Object: c.Query("object"), Limit: logPage}
	if before := c.Query("before"); before != "" {
		if q.Before, err = strconv.ParseInt(before, 10, 64); err != nil {
			return terms.Faults{{Path: "before", Detail: "is not a place in the log"}}
		}
	}
	acts, err := s.Tracker.ActList(c.Request.Context(), q)
	if err != nil {
		return err
	}
	view := templates.StaffLog{StaffFrame: frame, Acts: templates.StaffTable{
		ID: "acts", Title: "Newest first", Say: "Every entry is a record of the tamper-evident log.", None: "Nothing, from here on.",
		Head: []templates.StaffCell{{Text: "What"}, {Text: "On what"}, {Text: "Who"}, {Text: "When"}, {Text: "Why"}, {Text: "Record", Number: true}},
	}}
	for _, a := range acts {
		view.Acts.Rows = append(view.Acts.Rows, actLine(a))
	}
	page := url.Values{}
	for name, value := range map[string]string{"person": q.Person, "object": q.Object} {
		if value != "" {
			page.Set(name, value)
		}
	}
	if q.Before > 0 {
		view.First = "/staff/log?" + page.Encode()
	}
	if len(acts) == logPage {
		page.Set("before", strconv.FormatInt(acts[len(acts)-1].Place, 10))
		view.Next = "/staff/log?" + page.Encode()
	}
	return s.render(c, http.StatusOK, "staff/log", view)
}

func actLine(a tracker.Act) []templates.StaffCell {
	what, leaf := templates.StaffCell{Text: a.Action}, templates.StaffCell{Number: true}
	if a.ID != "" {
		what.URL = "/staff/log/" + url.PathEscape(a.ID)
	}
	if a.LeafIndex >= 0 {
		leaf.Text = strconv.FormatInt(a.LeafIndex, 10)
	}
	object := templates.StaffCell{Text: a.Object}
	switch {
	case a.Object == "":
		object.Text = a.Person
	case a.Person != "":
		object.Note = a.Person
	}
	return []templates.StaffCell{what, object, {Text: a.Actor}, {Text: when(a.At)}, {Text: a.Reason}, leaf}
}

// auditAct shows one act with its proof.
func (s console) auditAct(c *gin.Context) error {
	frame, err := s.frame(c)
	if err != nil {
		return err
	}
	a, err := s.Tracker.Act(c.Request.Context(), c.Param("act"))
	if err != nil {
		return err
	}
	view := templates.StaffAct{
		StaffFrame: frame, What: a.Action, Before: indented(a.Before), After: indented(a.After), Erased: len(a.Details) == 0, Record: indented(string(a.Record)),
	}
	for _, f := range []templates.StaffFact{
		{Name: "Who", Value: a.Actor}, {Name: "When", Value: when(a.At)}, {Name: "On what", Value: a.Object}, {Name: "About", Value: a.Person},
		{Name: "Why", Value: a.Reason}, {Name: "Request", Value: a.Request}, {Name: "Id", Value: a.ID},
	} {
		if f.Value != "" {
			view.Facts = append(view.Facts, f)
		}
	}
	if a.Receipt != nil {
		view.Checkpoint = a.Receipt.Proof.Checkpoint
		view.Proof = []templates.StaffFact{
			{Name: "Number in the log", Value: strconv.FormatInt(a.LeafIndex, 10), Note: fmt.Sprintf("of %d under the newest head", a.Receipt.Proof.TreeSize)},
			{Name: "Leaf", Value: ledger.Leaf(a.Record).String()},
		}
	}
	return s.render(c, http.StatusOK, "staff/act", view)
}

// indented is JSON for people to read.
func indented(text string) string {
	var out bytes.Buffer
	if json.Indent(&out, []byte(text), "", "  ") != nil {
		return text
	}
	return out.String()
}
