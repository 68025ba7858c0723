package people

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"assent/handlers/web"
	"assent/templates"
	"assent/terms"
	"assent/tokens"
	"assent/tracker"
)

// formTTL is how long a form can be sent. It is long, because nobody should lose a choice for having read slowly;
// whether the texts are still the current ones is checked apart from it.
const formTTL = 60 * 24 * time.Hour

// The fields of a form's token.
const (
	localeField   = "locale"
	snapshotField = "snapshot" // digest of the page
	fromField     = "from"     // day from which the page said the terms apply; empty: from now on
)

// form signs what is shown and completes the page with it: the digest of the page as it is kept on record, the plan,
// the language, the person, the time.
func (s site) form(view templates.Choice, o tracker.Offer) (templates.Choice, error) {
	page, err := s.snapshot(view)
	if err != nil {
		return view, err
	}
	claims := tokens.Claims{Person: o.Person.ID, Campaign: o.Plan.Campaign, Plan: o.Plan.Number,
		Data: map[string]string{localeField: view.Tag(), snapshotField: s.shown.hang(page)}}
	if !view.Begun() {
		claims.Data[fromField] = view.From.UTC().Format(time.RFC3339)
	}
	key, err := s.nonce()
	if err != nil {
		return view, err
	}
	form := *view.Form
	form.Shown, form.IdempotencyKey = s.Tokens.Sign(tokens.Shown, claims, view.Now, formTTL), key
	view.Form = &form
	return view, nil
}

// nonce is what one form's choice is recognised by when it is sent twice.
func (s site) nonce() (string, error) {
	raw := make([]byte, 16)
	if _, err := io.ReadFull(s.Tracker.Random, raw); err != nil {
		return "", fmt.Errorf("draw an idempotency key: %w", err)
	}
	return fmt.Sprintf("form-%x", raw), nil
}

// evidence is what a form's token proves, put back together from it: the exact texts, the words, and the page.
type evidence struct {
	documents []terms.DocumentText
	sentence  string
	label     string // on the button
	page      []byte // nil when it cannot be had any more
}

// evidenceOf says again, from immutable facts, what the page with this token said about an action.
func (s site) evidenceOf(c *gin.Context, shown tokens.Claims, action terms.Action) (evidence, error) {
	o, err := s.Tracker.Offer(c.Request.Context(), shown.Person, shown.Campaign)
	if err != nil {
		return evidence{}, err
	}
	f := frame(s.Options, c.Request, "")
	f.Locale = s.Pages.Match(shown.Data[localeField])
	if action == terms.Withdraw {
		return withdrawal(f, o)
	}
	view, documents, err := s.said(c, f, shown)
	if err != nil {
		return evidence{}, err
	}
	e := evidence{documents: documents}
	if e.label, err = view.ButtonLabel(string(action)); err != nil {
		return evidence{}, &web.Problem{Status: http.StatusUnprocessableEntity, Type: "invalid", Detail: "action: " + err.Error()}
	}
	if e.sentence, err = view.Assent(); err != nil {
		return evidence{}, err
	}
	e.page, err = s.pageOf(c, f, shown, o)
	return e, err
}

// withdrawal is the evidence of a withdrawal: the texts are those of the acceptance, the sentence says what it does.
func withdrawal(f templates.Frame, o tracker.Offer) (evidence, error) {
	sentence, err := f.T("mine.withdraw.effect", "Count", graceDays(o))
	if err != nil {
		return evidence{}, err
	}
	label, err := f.T("mine.withdraw")
	return evidence{sentence: sentence, label: label}, err
}

// said is as much of the page that was shown as its sentence is made of, with the texts it was about. Plans and
// published versions never change, so it is the same today.
func (s site) said(c *gin.Context, f templates.Frame, shown tokens.Claims) (templates.Choice, []terms.DocumentText, error) {
	view := templates.Choice{Frame: f, Now: shown.IssuedAt()}
	if from, err := time.Parse(time.RFC3339, shown.Data[fromField]); err == nil {
		view.From = from
	}
	plan, err := s.Tracker.Plan(c.Request.Context(), shown.Campaign, shown.Plan)
	if err != nil {
		return view, nil, err
	}
	documents := make([]terms.DocumentText, len(plan.Documents))
	for i, ref := range plan.Documents {
		v, err := s.Tracker.Version(c.Request.Context(), ref)
		if err != nil {
			return view, nil, err
		}
		text, _ := v.TextIn(f.Tag()) // a published version has a text
		documents[i] = terms.DocumentText{Document: ref.Document, Version: ref.Version, Locale: text.Locale, SHA256: text.SHA256}
		view.Documents = append(view.Documents, templates.Document{Title: v.Title.In(f.Tag()), Version: ref.Version})
	}
	return view, documents, nil
}

// pageOf answers the bytes of the page that was shown: kept, or rendered again as of then if that gives the same.
func (s site) pageOf(c *gin.Context, f templates.Frame, shown tokens.Claims, o tracker.Offer) ([]byte, error) {
	digest := shown.Data[snapshotField]
	if page := s.shown.find(digest); page != nil {
		return page, nil
	}
	view, err := s.choiceView(c.Request.Context(), f, o, shown.IssuedAt())
	if err != nil {
		return nil, err
	}
	page, err := s.snapshot(view)
	if err != nil || digestOf(page) != digest {
		return nil, err
	}
	return page, nil
}

// snapshot is the page as it is kept on record.
func (s site) snapshot(view templates.Choice) ([]byte, error) {
	var page bytes.Buffer
	err := s.Pages.Render(&page, "people/choice", view.Snapshot())
	return page.Bytes(), err
}
