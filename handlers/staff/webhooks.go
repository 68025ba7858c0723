package staff

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"assent/templates"
	"assent/terms"
	"assent/tracker"
)

// webhooks lists whom changes are told. Adding one, and its secrets, which are
// shown once, are for the command line and the API.
func (s console) webhooks(c *gin.Context) error {
	frame, err := s.frame(c)
	if err != nil {
		return err
	}
	all, err := s.Tracker.Webhooks(c.Request.Context())
	if err != nil {
		return err
	}
	view := templates.StaffWebhooks{StaffFrame: frame, Webhooks: templates.StaffTable{
		ID: "webhooks", Title: "Who is told of changes", Say: "Add one with `assent webhook add`, or over the API; its secret is shown only then.", None: "Nobody is.",
		Head: []templates.StaffCell{{Text: "Address"}, {Text: "State"}, {Text: "Hears of"}, {Text: "Told up to revision", Number: true}},
	}}
	for _, w := range all {
		state := templates.StaffCell{Text: webhookState(w), Tone: webhookTone(w)}
		view.Webhooks.Rows = append(view.Webhooks.Rows, []templates.StaffCell{
			{Text: w.URL, Note: w.Description, URL: webhookPath(w.ID)}, state, {Text: kindsOf(w)}, {Text: strconv.FormatUint(w.Place, 10), Number: true},
		})
	}
	return s.render(c, http.StatusOK, "staff/webhooks", view)
}

func webhookPath(id string, more ...string) string {
	return "/staff/webhooks/" + strings.Join(append([]string{url.PathEscape(id)}, more...), "/")
}

func webhookState(w tracker.Webhook) string {
	switch {
	case !w.Disabled.IsZero():
		return "Stopped"
	case w.Failing > 0:
		return "Failing"
	}
	return "Called"
}

func webhookTone(w tracker.Webhook) string {
	return map[string]string{"Stopped": "bad", "Failing": "warn", "Called": "good"}[webhookState(w)]
}

func kindsOf(w tracker.Webhook) string {
	if len(w.Kinds) == 0 {
		return "Everything"
	}
	names := make([]string, len(w.Kinds))
	for i, kind := range w.Kinds {
		names[i] = string(kind)
	}
	return strings.Join(names, ", ")
}

func (s console) webhook(c *gin.Context) error {
	frame, err := s.frame(c)
	if err != nil {
		return err
	}
	w, err := s.webhookOf(c)
	if err != nil {
		return err
	}
	dead, err := s.Tracker.WebhookLetters(c.Request.Context(), w.ID, true)
	if err != nil {
		return err
	}
	waiting, err := s.Tracker.WebhookLetters(c.Request.Context(), w.ID, false)
	if err != nil {
		return err
	}
	view := templates.StaffWebhook{StaffFrame: frame, URL: w.URL, Facts: webhookFacts(w),
		Dead:    letterTable("dead", "Given up", "Given up", "Nothing was given up.", dead),
		Waiting: letterTable("waiting", "Tried again", "Next try", "Everything is delivered.", waiting),
	}
	if len(dead) > 0 {
		view.RetryURL = webhookPath(w.ID, "retry")
	}
	if !w.Disabled.IsZero() {
		view.EnableURL = webhookPath(w.ID, "enable")
	}
	return s.render(c, http.StatusOK, "staff/webhook", view)
}

func (s console) webhookOf(c *gin.Context) (tracker.Webhook, error) {
	all, err := s.Tracker.Webhooks(c.Request.Context())
	if err != nil {
		return tracker.Webhook{}, err
	}
	for _, w := range all {
		if w.ID == c.Param("webhook") {
			return w, nil
		}
	}
	return tracker.Webhook{}, terms.Errorf(terms.NotFound, "the webhook %s does not exist", c.Param("webhook"))
}

func webhookFacts(w tracker.Webhook) []templates.StaffFact {
	facts := []templates.StaffFact{
		{Name: "State", Value: webhookState(w), Note: w.Why}, {Name: "Id", Value: w.ID}, {Name: "Whose", Value: w.Description}, {Name: "Hears of", Value: kindsOf(w)},
		{Name: "Since", Value: date(w.Created)}, {Name: "Told up to revision", Value: strconv.FormatUint(w.Place, 10), Note: "but for the letters below"},
	}
	if w.Failing > 0 {
		facts = append(facts, templates.StaffFact{Name: "Failed in a row", Value: strconv.Itoa(w.Failing), Note: w.Said})
	}
	return facts
}

func letterTable(id, title, when, none string, letters []tracker.WebhookLetter) templates.StaffTable {
	t := templates.StaffTable{ID: id, Title: title, None: none,
		Head: []templates.StaffCell{{Text: "Change", Number: true}, {Text: "Tries", Number: true}, {Text: when}, {Text: "Why it failed"}}}
	for _, l := range letters {
		at := templates.StaffCell{At: l.NextAt}
		switch {
		case !l.Dead.IsZero():
			at.At = l.Dead
		case l.NextAt.IsZero():
			at.Text = "After those before it"
		}
		t.Rows = append(t.Rows, []templates.StaffCell{{Text: strconv.FormatUint(l.Revision, 10), Number: true}, {Text: strconv.Itoa(l.Tries), Number: true}, at, {Text: l.Said}})
	}
	return t
}

func (s console) retryWebhook(c *gin.Context) error {
	if _, err := s.Tracker.RetryWebhook(c.Request.Context(), c.Param("webhook"), member(c)); err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, webhookPath(c.Param("webhook"))+"?done=again")
	return nil
}

func (s console) enableWebhook(c *gin.Context) error {
	if _, err := s.Tracker.EnableWebhook(c.Request.Context(), c.Param("webhook"), member(c)); err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, webhookPath(c.Param("webhook"))+"?done=called")
	return nil
}
