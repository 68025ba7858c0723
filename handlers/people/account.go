package people

import (
	"html/template"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"assent/templates"
	"assent/terms"
	"assent/tokens"
	"assent/tracker"
)

// features says what works now, what does not, why, and the way back.
func (s site) features(c *gin.Context) error {
	who, err := s.person(c)
	if err != nil {
		return err
	}
	o, err := s.Tracker.Offer(c.Request.Context(), who.person, c.Param("campaign"))
	if err != nil {
		return err
	}
	s.remember(c)
	return s.render(c, http.StatusOK, "people/features", s.featuresView(s.frameFor(c, o), o, c.Query("lang")))
}

func (s site) featuresView(f templates.Frame, o tracker.Offer, language string) templates.Features {
	view := templates.Features{Frame: f, Campaign: o.Plan.Title.In(f.Tag()), Case: caseOf(f.Tag(), o)}
	if asked(o) {
		view.ChoiceURL = choicePath(o.Plan.Campaign, language)
	}
	s.sortFeatures(&view, o)
	return view
}

// sortFeatures puts every capability into its group.
func (s site) sortFeatures(view *templates.Features, o tracker.Offer) {
	var stopping []string
	if len(o.Ahead) > 0 {
		stopping = s.step(view.Tag(), o, max(o.Ladder.StageIndex(o.Ahead[0].Stage), 0), o.Ahead[0].At).Stops
		view.NextAt = o.Ahead[0].At
	}
	for _, state := range o.Standing.Capabilities {
		capability, _ := s.Tracker.Catalogue.Find(state.Capability)
		one := feature(view.Tag(), capability, state, o)
		switch {
		case capability.ExitRight:
			view.Always = append(view.Always, one)
		case capability.Grant && !state.Value.Bool():
			if state.Reason != terms.ReasonDefault { // a grant nobody asks about is nothing the person could miss
				view.Waiting = append(view.Waiting, one)
			}
		case state.Value != capability.Default() && state.Reason == terms.ReasonStage:
			view.Off = append(view.Off, one)
		case slices.Contains(stopping, one.Name):
			view.Next = append(view.Next, one)
		default:
			view.On = append(view.On, one)
		}
	}
}

func feature(tag string, c terms.Capability, state terms.State, o tracker.Offer) templates.Feature {
	one := templates.Feature{Name: nameOf(tag, c)}
	if c.Kind != terms.Boolean {
		one.Value = state.Value.String()
	}
	switch state.Reason {
	case terms.ReasonStage, terms.ReasonNotGranted, terms.ReasonVoid, terms.ReasonHeld:
		one.Why = string(state.Reason)
	}
	if state.Reason == terms.ReasonStage && state.Campaign == o.Plan.Campaign && state.Stage == o.Position.Stage {
		one.Since = o.Position.Since
	}
	return one
}

// mine shows where the person stands with each campaign, and every choice ever made.
func (s site) mine(c *gin.Context) error {
	who, err := s.person(c)
	if err != nil {
		return err
	}
	standing, err := s.Tracker.Standing(c.Request.Context(), who.person)
	if err != nil {
		return err
	}
	language, zone, err := s.Tracker.SpokenTo(c.Request.Context(), who.person)
	if err != nil {
		return err
	}
	view := templates.Mine{Frame: frame(s.Options, c.Request, language), Person: who.person, CanSignOut: who.session}
	view.Zone = zone
	if view.Reminders, err = s.reminders(c, who.person); err != nil {
		return err
	}
	view.AppURL = template.URL(s.back(c)) //nolint:gosec // its scheme is one the operator allows
	titles := map[string]string{}
	for _, position := range standing.Standing.Positions {
		one, err := s.myCampaign(c, view.Frame, who, position)
		if err != nil {
			return err
		}
		titles[position.Campaign], view.Campaigns = one.Title, append(view.Campaigns, one)
	}
	if view.History, err = s.history(c, view.Frame, who, titles); err != nil {
		return err
	}
	if view.DataURL = dataPath; len(view.History) > 0 {
		view.EvidenceURL = evidencePath
	}
	return s.render(c, http.StatusOK, "people/mine", view)
}

// myCampaign is one campaign on "my terms", with the form to withdraw while an acceptance is in force.
func (s site) myCampaign(c *gin.Context, f templates.Frame, who identity, p terms.Position) (templates.MyCampaign, error) {
	o, err := s.Tracker.Offer(c.Request.Context(), who.person, p.Campaign)
	if err != nil {
		return templates.MyCampaign{}, err
	}
	one := templates.MyCampaign{Title: o.Plan.Title.In(f.Tag()), Status: string(p.Status), Bound: p.Bound}
	if one.Off, one.OffSince, _ = s.off(f.Tag(), o); len(one.Off) > 0 {
		one.Hours, one.WorksURL = caseOf(f.Tag(), o).Hours, withLanguage(choicePath(p.Campaign, "")+"/features", c.Query("lang"))
	}
	if p.Bound {
		return one, nil
	}
	if len(o.Answers) > 0 && p.Status != terms.Pending {
		one.Since = o.Answers[0].RecordedAt
	}
	open := p.Status == terms.Pending || p.Status == terms.Declined
	if one.Ended = open && o.Local.Off(); asked(o) {
		one.ChoiceURL = choicePath(p.Campaign, c.Query("lang"))
	}
	if p.Status == terms.Accepted {
		one.Withdraw, err = s.withdrawForm(f, o)
	}
	return one, err
}

func (s site) withdrawForm(f templates.Frame, o tracker.Offer) (*templates.WithdrawForm, error) {
	key, err := s.nonce()
	claims := tokens.Claims{Person: o.Person.ID, Campaign: o.Plan.Campaign, Plan: o.Plan.Number, Data: map[string]string{localeField: f.Tag()}}
	return &templates.WithdrawForm{
		Action: choicePath(o.Plan.Campaign, ""), Shown: s.Tokens.Sign(tokens.Shown, claims, s.Tracker.Now(), formTTL),
		IdempotencyKey: key, GraceDays: graceDays(o.Plan.Plan),
	}, err
}

// graceDays is how long nothing more is taken away after a withdrawal.
func graceDays(p terms.Plan) int { return int(p.NoticePeriod.Hours() / 24) }

func (s site) history(c *gin.Context, f templates.Frame, who identity, titles map[string]string) ([]templates.Entry, error) {
	past, err := s.Tracker.History(c.Request.Context(), who.person)
	if err != nil {
		return nil, err
	}
	entries := make([]templates.Entry, len(past))
	for i, r := range past {
		documents, err := s.texts(c, f.Tag(), r.Documents)
		if err != nil {
			return nil, err
		}
		entries[i] = templates.Entry{Action: string(r.Action), At: r.RecordedAt, Campaign: titles[r.Campaign], Documents: documents,
			ReceiptURL: withLanguage("/receipts/"+r.ReceiptID, c.Query("lang"))}
	}
	return entries, nil
}
