package staff

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"assent/templates"
	"assent/terms"
	"assent/tracker"
)

func (s console) person(c *gin.Context) error {
	frame, err := s.frame(c)
	if err != nil {
		return err
	}
	view := templates.StaffPerson{StaffFrame: frame, Query: strings.TrimSpace(c.Query("id"))}
	if view.Query == "" {
		return s.render(c, http.StatusOK, "staff/person", view)
	}
	status := http.StatusOK
	view.Person, err = s.record(c, view.Query)
	if errors.Is(err, terms.NotFound) {
		status, view.Fault = http.StatusNotFound, sentence(err.Error())
		if _, err := s.Tracker.Held(c.Request.Context(), view.Query); err == nil {
			view.GoneHeldURL, view.GoneEraseURL = heldURL(view.Query), eraseURL(view.Query)
		}
	} else if err != nil {
		return err
	}
	return s.render(c, status, "staff/person", view)
}

// record gathers what is known of a person; NotFound when nobody has the id.
func (s console) record(c *gin.Context, id string) (*templates.PersonRecord, error) {
	ctx := c.Request.Context()
	file, err := s.Tracker.File(ctx, id)
	if err != nil {
		return nil, err
	}
	record := &templates.PersonRecord{
		ID: file.Person.ID, Country: regionName(file.Person.Country), Locale: file.Person.Locale,
		AccountType: string(file.Person.Type), Created: file.Person.Created, Revision: file.Revision,
		Flags: flags(s.Tracker.Catalogue, file.Standing), HeldURL: heldURL(id), EraseURL: eraseURL(id),
	}
	explained, err := s.Tracker.Explain(ctx, id)
	if err != nil {
		return nil, err
	}
	plans := map[string]terms.Plan{}
	for _, why := range explained.Campaigns {
		offer, err := s.Tracker.Offer(ctx, id, why.Campaign)
		if err != nil {
			return nil, err
		}
		plans[why.Campaign] = offer.Plan.Plan
		view := position(why)
		view.Circumstances = circumstances(offer)
		offerActs(&view, offer, s.Tracker.Now())
		record.Positions = append(record.Positions, view)
	}
	record.Timeline = timeline(file, plans)
	if len(file.Responses) > 0 {
		record.EvidenceURL = "/staff/people/evidence?id=" + url.QueryEscape(id)
	}
	return record, nil
}

func flags(catalogue terms.Catalogue, standing terms.Standing) []templates.PersonFlag {
	var out []templates.PersonFlag
	for _, state := range standing.Capabilities {
		c, _ := catalogue.Find(state.Capability)
		out = append(out, templates.PersonFlag{
			Key: state.Capability, Value: valueWords(state.Value), Why: flagWhy(c, state),
			Limited: c.Stricter(state.Value, c.Default()), Exit: c.ExitRight,
		})
	}
	return out
}

func valueWords(v terms.Value) string {
	switch {
	case v.Kind != terms.Boolean:
		return v.String()
	case v.Bool():
		return "on"
	default:
		return "off"
	}
}

func flagWhy(c terms.Capability, s terms.State) string {
	switch s.Reason {
	case terms.ReasonStage:
		return "Taken away by the stage " + humane(s.Stage)
	case terms.ReasonNotGranted:
		return "Only acceptance turns it on"
	case terms.ReasonVoid:
		return "Accepted, but acceptance has no effect in this region"
	case terms.ReasonHeld:
		return "Accepted, but off while a hold covers the person"
	case terms.ReasonGranted:
		return "Turned on by acceptance"
	}
	if c.ExitRight {
		return "An exit right: no campaign can take it away"
	}
	return "No campaign limits it"
}

// timeline merges what happened, newest first.
func timeline(f tracker.File, plans map[string]terms.Plan) []templates.PersonEvent {
	var out []templates.PersonEvent
	for _, r := range f.Responses {
		out = append(out, templates.PersonEvent{At: r.RecordedAt, Kind: "response", What: humane(string(r.Action)), Detail: documentList(r.Documents), Receipt: r.ReceiptID})
	}
	for _, t := range f.Transitions {
		out = append(out, transitionEvent(t, plans[t.Campaign]))
	}
	for _, n := range f.Notices {
		out = append(out, noticeEvent(n, plans[n.Campaign]))
	}
	slices.SortStableFunc(out, func(a, b templates.PersonEvent) int { return b.At.Compare(a.At) })
	return out
}

func documentList(documents []terms.DocumentText) string {
	var out []string
	for _, d := range documents {
		out = append(out, fmt.Sprintf("%s %s (%s)", d.Document, d.Version, d.Locale))
	}
	return strings.Join(out, ", ")
}

func transitionEvent(t tracker.Transition, p terms.Plan) templates.PersonEvent {
	e := templates.PersonEvent{At: t.At, Kind: "transition", What: stageName(p, t.From) + " to " + stageName(p, t.To),
		Detail: fmt.Sprintf("%s, plan %d", capital(cause(t.Cause)), t.Plan)}
	if t.To < t.From {
		e.Kind = "restore"
	}
	return e
}

func noticeEvent(n tracker.Notice, p terms.Plan) templates.PersonEvent {
	e := templates.PersonEvent{At: n.At, Kind: "notice"}
	switch n.Kind {
	case tracker.FinalWarning:
		e.What = "Final warning in " + stageName(p, n.Stage)
	case tracker.Reported:
		e.What = "Notice reported in " + stageName(p, n.Stage)
	default:
		e.What = "Notice of " + stageName(p, n.Stage)
	}
	channel := map[tracker.Channel]string{tracker.InApp: "In the app", tracker.Email: "By e-mail", tracker.Push: "By push message"}[n.Channel]
	switch {
	case n.Presented:
		e.Detail = channel + ", seen"
	case n.Delivered:
		e.Detail = channel + ", delivered"
	default:
		e.Detail = channel + ", on offer; not known to be seen"
	}
	return e
}
