package staff

import (
	"fmt"
	"io"
	"net/url"

	"github.com/gin-gonic/gin"

	"assent/evidence"
	"assent/handlers/web"
	"assent/templates"
	"assent/tracker"
)

// evidencePack hands out everything that proves a person's choices.
func (s console) evidencePack(c *gin.Context) error {
	d, err := s.Tracker.Dossier(c.Request.Context(), c.Query("id"))
	if err != nil {
		return err
	}
	if err := s.Tracker.Disclosed(c.Request.Context(), tracker.ActReadEvidence, d.Person, "", member(c)); err != nil {
		return err
	}
	return web.Download(c, "evidence.zip", "application/zip", func(w io.Writer) error {
		return evidence.WritePack(c.Request.Context(), s.Tracker, d, s.LogKey, w)
	})
}

// heldOn hands out everything that is held on a person.
func (s console) heldOn(c *gin.Context) error {
	person := c.Query("id")
	held, err := s.Tracker.Held(c.Request.Context(), person)
	if err != nil {
		return err
	}
	if err := s.Tracker.Disclosed(c.Request.Context(), tracker.ActReadHeld, person, "", member(c)); err != nil {
		return err
	}
	return web.Download(c, "person.json", "application/json", func(w io.Writer) error {
		return evidence.WriteHeld(person, held, s.Tracker.Now(), w)
	})
}

// checkErase says what erasing a person destroys and what stays.
func (s console) checkErase(c *gin.Context) (templates.StaffCheck, error) {
	person := text(c, "person")
	held, err := s.Tracker.Held(c.Request.Context(), person)
	if err != nil {
		return templates.StaffCheck{}, err
	}
	count := map[string]int{}
	for _, h := range held {
		count[h.Name] += len(h.Rows)
	}
	fact := func(name, table, note string) templates.StaffFact {
		return templates.StaffFact{Name: name, Value: fmt.Sprint(count[table]), Note: note}
	}
	return templates.StaffCheck{
		Part: "people", Back: personURL(person), Trail: []templates.Link{{URL: "/staff/people", Text: "People"}, {URL: personURL(person), Text: person}},
		Heading: "Erase " + person, Button: "Erase 1 person for good",
		Say: []string{
			"Everything that leads to this person is destroyed, and cannot be brought back: the account, the contact, the details and salts of choices, what staff wrote, and the key of the pseudonym in the log.",
			"The records in the log stay, with their proofs, and lead to nobody. A tombstone among them says that the details were destroyed on purpose. Whoever holds a receipt can still prove it.",
			"Where a claim is pending, the law may let you keep evidence: ask before you go on. Do not name the person in the reason.",
		},
		Facts: []templates.StaffFact{
			fact("Choices", "responses", "their details are destroyed"), fact("Acts of staff", "act_details", "what was before and after, and why, is destroyed"),
			fact("Campaigns", "enrollments", "the person leaves them"), fact("Records that stay", "log_entries", "by a pseudonym nobody can trace"),
		},
	}, nil
}

func (s console) erase(c *gin.Context, reason string) (string, error) {
	person := text(c, "person")
	if _, err := s.Tracker.ErasePerson(c.Request.Context(), person, reason, member(c)); err != nil {
		return "", err
	}
	if s.Forget == nil {
		return "/staff/people?done=erased", nil
	}
	return "/staff/people?done=erased", s.Forget(c.Request.Context(), person)
}

// heldURL leads to everything that is held on a person.
func heldURL(id string) string { return "/staff/people/export?id=" + url.QueryEscape(id) }

// eraseURL leads to what erasing a person would do.
func eraseURL(id string) string { return "/staff/people/erase?person=" + url.QueryEscape(id) }
