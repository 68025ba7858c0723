package staff

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"assent/templates"
	"assent/terms"
	"assent/tracker"
)

func (s console) holds(c *gin.Context) error { return s.showHolds(c, http.StatusOK, nil) }

// showHolds lists the holds, with the form as it was filled in and what is wrong with it.
func (s console) showHolds(c *gin.Context, status int, faults terms.Faults) error {
	frame, _, err := s.campaignFrame(c, "holds")
	if err != nil {
		return err
	}
	o, err := s.Tracker.Overview(c.Request.Context(), frame.Key)
	if err != nil {
		return err
	}
	view := templates.StaffHolds{StaffCampaignFrame: frame, Form: s.holdForm(c, o.Plan.Plan), Faults: formFaults(faults)}
	for _, h := range slices.Backward(o.Holds) {
		line := holdLine(h)
		if !h.Ends.IsZero() && !h.Ends.After(frame.AsOf) {
			view.Over = append(view.Over, line)
			continue
		}
		line.Status = templates.StaffTag{Words: "In force", Tone: "hold"}
		if !h.Active(frame.AsOf) {
			line.Status = templates.StaffTag{Words: "To come"}
		}
		line.ReleaseURL = under(frame.Key, "holds", h.ID, "release")
		view.Active = append(view.Active, line)
	}
	return s.render(c, status, "staff/holds", view)
}

func (s console) holdForm(c *gin.Context, p terms.Plan) templates.StaffHoldForm {
	f := templates.StaffHoldForm{
		Regions: regionOptions(p, text(c, "region")), Person: text(c, "person"), Attributes: text(c, "attributes"),
		Clock: []templates.StaffOption{
			option("stop", "Dates move by the held time", text(c, "clock")),
			option("continue", "Dates stay as they were", text(c, "clock")),
			option("restart", "The notice period runs again", text(c, "clock")),
		},
		Effect: []templates.StaffOption{
			option("freeze", "People stay where they are", text(c, "effect")),
			option("lift", "People have everything back", text(c, "effect")),
		},
		Reminders: text(c, "reminders") != "", Starts: text(c, "starts_at"), Ends: text(c, "ends_at"), Spread: text(c, "spread"), Ref: text(c, "reference"),
	}
	for _, l := range s.Pages.Locales() {
		f.Messages = append(f.Messages, templates.StaffMessage{Tag: l.Tag(), Name: l.Name(), Text: text(c, "message."+l.Tag())})
	}
	return f
}

// holdGiven reads a hold from a form; Invalid with every fault at once.
func (s console) holdGiven(c *gin.Context) (terms.Hold, error) {
	h := terms.Hold{
		Campaign: c.Param("campaign"), Scope: terms.Scope{Region: text(c, "region"), Person: text(c, "person")}, Reference: text(c, "reference"),
		Clock: terms.HoldClock(text(c, "clock")), Effect: terms.HoldEffect(text(c, "effect")), Reminders: text(c, "reminders") != "", Spread: -1,
	}
	var faults terms.Faults
	collect := func(err error) {
		var some terms.Faults
		if errors.As(err, &some) {
			faults = append(faults, some...)
		}
	}
	var err error
	h.Starts, err = instant("starts_at", text(c, "starts_at"))
	collect(err)
	h.Ends, err = instant("ends_at", text(c, "ends_at"))
	collect(err)
	h.Scope.Attributes, err = attributes(text(c, "attributes"))
	collect(err)
	if given := text(c, "spread"); given != "" {
		if h.Spread, err = terms.ParseDuration(given); err != nil || h.Spread < 0 {
			faults = append(faults, terms.Fault{Path: "spread", Detail: "is not a length of time such as 7d or 12h"})
		}
	}
	for _, l := range s.Pages.Locales() {
		if words := text(c, "message."+l.Tag()); words != "" {
			if h.Message == nil {
				h.Message = terms.Texts{}
			}
			h.Message[l.Tag()] = words
		}
	}
	return h, faults.OrNil()
}

// attributes reads one key=value to a line.
func attributes(given string) (terms.Attributes, error) {
	pairs := map[string]string{}
	for line := range strings.FieldsFuncSeq(given, func(r rune) bool { return r == '\n' || r == '\r' }) {
		key, value, found := strings.Cut(line, "=")
		if !found {
			return "", terms.Faults{{Path: "attributes", Detail: fmt.Sprintf("%q is not key=value", line)}}
		}
		pairs[strings.TrimSpace(key)] = strings.TrimSpace(value)
	}
	return terms.ParseAttributes(pairs)
}

func (s console) holdActs() []act {
	return []act{
		{path: "/campaigns/:campaign/holds/place", check: s.checkPlace, do: s.placeHold,
			form: func(c *gin.Context, f terms.Faults) error { return s.showHolds(c, http.StatusUnprocessableEntity, f) }},
		{path: "/campaigns/:campaign/holds/:hold/release", check: s.checkRelease, do: s.releaseHold},
	}
}

func (s console) checkPlace(c *gin.Context) (templates.StaffCheck, error) {
	h, err := s.holdGiven(c)
	if err != nil {
		return templates.StaffCheck{}, err
	}
	covered, err := s.Tracker.PreviewHold(c.Request.Context(), h)
	if err != nil {
		return templates.StaffCheck{}, err
	}
	view := templates.StaffCheck{
		Part: "campaigns", Heading: "Put on hold: " + scopeName(h.Scope), Button: "Put " + people(covered.Waiting) + " on hold",
		Back: under(h.Campaign, "holds"), Trail: trail(h.Campaign, templates.Link{URL: under(h.Campaign, "holds"), Text: "Holds"}),
		Say: []string{holdSays(h)}, Facts: coveredFacts(covered),
	}
	view.Facts = append(view.Facts, templates.StaffFact{Name: "From", Value: whenOr(h.Starts, "Now")}, templates.StaffFact{Name: "Until", Value: whenOr(h.Ends, "Somebody releases it")})
	if h.Reference != "" {
		view.Facts = append(view.Facts, templates.StaffFact{Name: "Reference", Value: h.Reference})
	}
	for _, l := range s.Pages.Locales() {
		if words := h.Message[l.Tag()]; words != "" {
			view.Facts = append(view.Facts, templates.StaffFact{Name: "Message, " + l.Name(), Value: words})
		}
	}
	return view, nil
}

func coveredFacts(h tracker.Held) []templates.StaffFact {
	return []templates.StaffFact{
		{Name: "Covers", Value: people(h.People), Note: "now in the campaign"},
		{Name: "Have not accepted", Value: people(h.Waiting), Note: "the ladder stops for them"},
		{Name: "Without something now", Value: people(h.Restricted)},
	}
}

// holdSays is what a hold does, in sentences.
func holdSays(h terms.Hold) string {
	out := "Nobody under it moves to another stage. Accepting works. "
	if h.Effect == terms.Lift {
		out = "Whoever is under it has everything back meanwhile, and nobody moves to another stage. Accepting works. "
	}
	return out + holdRules(h)
}

// holdRules says what becomes of dates and reminders.
func holdRules(h terms.Hold) string {
	out := map[terms.HoldClock]string{
		terms.ClockStop:     "Every later date moves by the held time.",
		terms.ClockContinue: "Dates stay as they were.",
		terms.ClockRestart:  "Afterwards the notice period runs again.",
	}[h.Clock]
	if h.Spread > 0 {
		out += " People go on over " + days(h.Spread) + "."
	}
	if h.Reminders {
		return out + " Reminders go on."
	}
	return out + " Reminders are silent."
}

func (s console) placeHold(c *gin.Context, reason string) (string, error) {
	h, err := s.holdGiven(c)
	if err != nil {
		return "", err
	}
	h.Reason = reason
	_, err = s.Tracker.PlaceHold(c.Request.Context(), h, member(c))
	return under(h.Campaign, "holds") + "?done=placed", err
}

func (s console) checkRelease(c *gin.Context) (templates.StaffCheck, error) {
	key := c.Param("campaign")
	o, err := s.Tracker.Overview(c.Request.Context(), key)
	if err != nil {
		return templates.StaffCheck{}, err
	}
	i := slices.IndexFunc(o.Holds, func(h tracker.Hold) bool { return h.ID == c.Param("hold") })
	if i < 0 {
		return templates.StaffCheck{}, terms.Errorf(terms.NotFound, "hold %q of campaign %q does not exist", c.Param("hold"), key)
	}
	h := o.Holds[i]
	covered, err := s.Tracker.Covered(c.Request.Context(), h.Hold)
	if err != nil {
		return templates.StaffCheck{}, err
	}
	view := templates.StaffCheck{
		Part: "campaigns", Heading: "Release the hold: " + scopeName(h.Scope), Button: "Release " + people(covered.Waiting),
		Back: under(key, "holds"), Trail: trail(key, templates.Link{URL: under(key, "holds"), Text: "Holds"}), Second: s.Tracker.NeedsSecond(tracker.ActRelease),
		Say:   []string{"The ladder goes on for whoever is under it and no other hold covers. Nothing is taken from anybody at once. " + holdRules(h.Hold)},
		Facts: append(coveredFacts(covered), templates.StaffFact{Name: "Placed", Value: when(h.PlacedAt), Note: "by " + h.PlacedBy + ": " + h.Reason}),
	}
	if now := s.Tracker.Now(); !h.Ends.IsZero() && !h.Ends.After(now) {
		view.Blocked, view.Say = true, []string{"This hold ended on " + when(h.Ends) + "."}
	}
	return view, nil
}

func (s console) releaseHold(c *gin.Context, reason string) (string, error) {
	if err := unreasoned(reason); err != nil {
		return "", err
	}
	_, err := s.Tracker.ReleaseHold(c.Request.Context(), c.Param("campaign"), c.Param("hold"), reason, member(c))
	return under(c.Param("campaign"), "holds") + "?done=released", err
}

// scopeName says whom a hold covers.
func scopeName(scope terms.Scope) string {
	name := "Everybody"
	switch {
	case scope.Person != "":
		name = scope.Person
	case scope.Region != "":
		name = regionName(scope.Region)
	}
	if scope.Attributes != "" {
		name += " with " + strings.ReplaceAll(string(scope.Attributes), "\n", ", ")
	}
	return name
}

// whenOr is an instant, or other words for none.
func whenOr(at time.Time, otherwise string) string {
	if at.IsZero() {
		return otherwise
	}
	return when(at)
}
