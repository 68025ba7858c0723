package people

import (
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/gin-gonic/gin"

	"assent/handlers/web"
	"assent/ledger"
	"assent/templates"
	"assent/terms"
	"assent/tokens"
	"assent/tracker"
)

// askChoice shows what changes and the three buttons, or says why there is nothing to choose.
func (s site) askChoice(c *gin.Context) error {
	who, err := s.person(c)
	if err != nil {
		return err
	}
	s.remember(c)
	return s.showChoice(c, who, http.StatusOK, "")
}

// showChoice renders the choice page as things stand now, with the reason why a choice just sent was refused, if any.
func (s site) showChoice(c *gin.Context, who identity, status int, refused templates.Fault) error {
	o, err := s.Tracker.Offer(c.Request.Context(), who.person, c.Param("campaign"))
	if err != nil {
		return err
	}
	f, now := s.frameFor(c, o), s.Tracker.Now()
	f.LanguageURL = languageAfter(choicePath(o.Plan.Campaign, "")) // however the address was written
	switch {
	case o.Enrolled.Bound:
		return s.nothing(c, f, o, templates.ReasonBound)
	case o.Enrolled.Excused:
		return s.nothing(c, f, o, templates.ReasonExcused)
	case o.Enrolled.Status == terms.Exempt:
		return s.nothing(c, f, o, templates.ReasonExempt)
	case o.Enrolled.Status == terms.Accepted && len(o.Answers) > 0:
		c.Redirect(http.StatusSeeOther, donePath(o.Answers[0].ReceiptID, c.Query("lang")))
		return nil
	case o.Local.Off():
		return s.nothing(c, f, o, templates.ReasonEnded)
	case now.Before(o.Local.AnnounceAt):
		return s.nothing(c, f, o, templates.ReasonNotAnnounced)
	}
	view, err := s.choiceView(f, o, now)
	if err != nil {
		return err
	}
	view.Refused = refused
	room, _ := s.album.room.Get().(*[]byte)
	defer s.album.room.Put(room) // once it is sent
	if *room, err = s.appendPage(c.Request.Context(), (*room)[:0], view, o); err != nil {
		return err
	}
	web.Page(c, status, *room)
	return nil
}

func (s site) nothing(c *gin.Context, f templates.Frame, o tracker.Offer, why templates.NothingReason) error {
	return s.render(c, http.StatusOK, "people/nothing", templates.Nothing{Frame: f, Title: o.Plan.Title.In(f.Tag()), Reason: why, Until: o.Enrolled.ExemptUntil})
}

// choose records what the person chose. A form that does not fit, or texts that are not the current ones, record
// nothing and show the page again as it is now.
func (s site) choose(c *gin.Context) error {
	who, err := s.person(c)
	if err != nil {
		return err
	}
	shown, err := s.Tokens.Verify(tokens.Shown, c.PostForm("shown"), s.Tracker.Now())
	if err != nil || shown.Person != who.person || shown.Campaign != c.Param("campaign") {
		return s.showChoice(c, who, http.StatusConflict, templates.FaultFormExpired)
	}
	if c.PostForm("action") == "later" {
		err = s.putOff(c, shown)
	} else {
		err = s.record(c, who, shown)
	}
	var stale *terms.Stale
	switch {
	case errors.As(err, &stale):
		if landed, err := s.landed(c, who); landed || err != nil {
			return err
		}
		return s.showChoice(c, who, http.StatusConflict, templates.FaultTermsChanged)
	case errors.Is(err, errUnkept):
		return s.showChoice(c, who, http.StatusConflict, templates.FaultFormExpired)
	case errors.Is(err, terms.Conflict): // such as the other button of a form that was sent before
		return s.showChoice(c, who, http.StatusConflict, templates.FaultFormExpired)
	case errors.Is(err, terms.TooMany):
		return s.showChoice(c, who, http.StatusConflict, templates.FaultNoSnooze)
	}
	return err
}

// landed leads to what a form did that is sent again after something else is asked: it was recorded the first time.
func (s site) landed(c *gin.Context, who identity) (bool, error) {
	past, err := s.Tracker.History(c.Request.Context(), who.person)
	i := slices.IndexFunc(past, func(r tracker.Response) bool { return r.IdempotencyKey == c.PostForm("idempotency_key") })
	if err != nil || i < 0 {
		return false, err
	}
	c.Redirect(http.StatusSeeOther, donePath(past[i].ReceiptID, c.PostForm("locale")))
	return true, nil
}

// putOff records "decide later". A form sent twice counts once: it was shown before the snooze it made began.
func (s site) putOff(c *gin.Context, shown tokens.Claims) error {
	ctx := c.Request.Context()
	o, err := s.Tracker.Offer(ctx, shown.Person, shown.Campaign)
	if err != nil {
		return err
	}
	if since := snoozedAt(o); since.IsZero() || since.Before(shown.IssuedAt()) {
		if _, err := s.Tracker.Snooze(ctx, shown.Person, shown.Campaign); err != nil {
			return err
		}
	}
	c.Redirect(http.StatusSeeOther, withLanguage("/t/"+url.PathEscape(shown.Campaign)+"/later", shown.Data[localeField]))
	return nil
}

// record records an acceptance, a refusal or a withdrawal with its evidence, and leads to what it did.
func (s site) record(c *gin.Context, who identity, shown tokens.Claims) error {
	action := terms.Action(c.PostForm("action"))
	e, err := s.evidenceOf(c, shown, action)
	if err != nil {
		return err
	}
	at := s.Proxies.Address(c.Request)
	receipt, _, err := s.Tracker.Respond(c.Request.Context(), tracker.Choice{
		Person: shown.Person, Campaign: shown.Campaign, Action: action, Documents: e.documents,
		IdempotencyKey: c.PostForm("idempotency_key"), Method: who.method, Actor: "person",
		Plan: e.plan, Snapshot: shown.Data[snapshotField], Sentence: e.sentence, ButtonLabel: e.label, PresentedAt: shown.IssuedAt(),
		Details: ledger.Details{PeerIP: at.Peer, ClientIP: at.Client, ClientIPRule: at.Rule, UserAgent: c.Request.UserAgent(), SignedIn: who.how},
	})
	if err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, donePath(receipt.ReceiptID, shown.Data[localeField]))
	return nil
}

// donePath is the address of the page that says what a choice did.
func donePath(receipt, language string) string {
	return withLanguage("/receipts/"+url.PathEscape(receipt)+"/done", language)
}
