package people

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
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

// errUnkept says that the page a form came from is not to be found, or did not ask this, so that nothing could be
// proved with it.
var errUnkept = errors.New("the page that was shown is not kept")

// The fields of a form's token, besides the person, the campaign, the plan and the instant.
const (
	localeField    = "locale"
	snapshotField  = "snapshot"  // SHA-256 of the page as it is kept
	documentsField = "documents" // SHA-256 over the texts it was about: see digestOf
	zoneField      = "zone"      // in which the page said it
	fromField      = "from"      // day from which the page said the terms apply; empty: from now on
)

// appendPage appends the page of one person. It is rendered and kept as everybody in the same position sees it, and then
// completed with what is this person's own: the token that says what was shown, to whom and when.
func (s site) appendPage(ctx context.Context, dst []byte, view templates.Choice, o tracker.Offer) ([]byte, error) {
	page, err := s.album.page(ctx, view)
	if err != nil {
		return dst, err
	}
	key, err := s.nonce()
	if err != nil {
		return dst, err
	}
	claims := tokens.Claims{Person: o.Person.ID, Campaign: o.Plan.Campaign, Plan: o.Plan.Number, Data: map[string]string{
		localeField: view.Tag(), snapshotField: page.digest, documentsField: digestOf(textsOf(o.Versions, view.Tag())),
	}}
	if !view.Begun() {
		claims.Data[fromField], claims.Data[zoneField] = view.From.UTC().Format(time.RFC3339), view.Zone.String()
	}
	return page.AppendFilled(dst, s.Tokens.Sign(tokens.Shown, claims, view.Now, formTTL), key), nil
}

// textsOf are the versions' texts in a language, or the closest there is.
func textsOf(versions []tracker.Version, tag string) []terms.DocumentText {
	texts := make([]terms.DocumentText, len(versions))
	for i, v := range versions {
		text, _ := v.TextIn(tag) // a published version has a text
		texts[i] = terms.DocumentText{Document: v.Document, Version: v.Version, Locale: text.Locale, SHA256: text.SHA256}
	}
	return texts
}

// digestOf binds a form's token to texts: it changes with any of them, its language, or their order.
func digestOf(texts []terms.DocumentText) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", texts))
	return hex.EncodeToString(sum[:])
}

// nonce is what one form's choice is recognised by when it is sent twice.
func (s site) nonce() (string, error) {
	raw := make([]byte, 16)
	if _, err := io.ReadFull(s.Tracker.Random, raw); err != nil {
		return "", fmt.Errorf("draw an idempotency key: %w", err)
	}
	return fmt.Sprintf("form-%x", raw), nil
}

// choiceEvidence is what a form's token proves, put back together from it: the exact texts and the words.
type choiceEvidence struct {
	plan      int // that has to be the active one still; 0: any
	documents []terms.DocumentText
	sentence  string
	label     string // on the button
}

// evidenceOf says again, from immutable facts, what the page with this token said about an action.
func (s site) evidenceOf(c *gin.Context, shown tokens.Claims, action terms.Action) (choiceEvidence, error) {
	f := frame(s.Options, c.Request, "")
	f.Locale = s.Pages.Match(shown.Data[localeField])
	if action == terms.Withdraw {
		if shown.Data[snapshotField] != "" { // the page asked for a choice and did not say what withdrawing does
			return choiceEvidence{}, errUnkept
		}
		return s.withdrawal(c.Request.Context(), f, shown)
	}
	view, documents, err := s.said(c.Request.Context(), f, shown)
	if err != nil {
		return choiceEvidence{}, err
	}
	e := choiceEvidence{plan: shown.Plan, documents: documents}
	if e.label, err = view.ButtonLabel(string(action)); err != nil {
		return choiceEvidence{}, &web.Problem{Status: http.StatusUnprocessableEntity, Type: "invalid", Detail: "action: " + err.Error()}
	}
	if e.sentence, err = view.Assent(); err != nil {
		return choiceEvidence{}, err
	}
	return e, nil
}

// withdrawal is the evidence of a withdrawal: the texts are those of the acceptance, the sentence says what it does. It
// is not about what is asked now, so that a plan made since does not stand in its way.
func (s site) withdrawal(ctx context.Context, f templates.Frame, shown tokens.Claims) (choiceEvidence, error) {
	plan, err := s.Tracker.Plan(ctx, shown.Campaign, shown.Plan)
	if err != nil {
		return choiceEvidence{}, err
	}
	sentence, err := f.T("mine.withdraw.effect", "Count", graceDays(plan.Plan))
	if err != nil {
		return choiceEvidence{}, err
	}
	label, err := f.T("mine.withdraw")
	return choiceEvidence{sentence: sentence, label: label}, err
}

// said is as much of the page that was shown as its sentence is made of, with the texts it was about. Published
// versions never change, so it is the same today; a Stale Conflict where the person is asked about others by now, and
// errUnkept where the page cannot be found.
func (s site) said(ctx context.Context, f templates.Frame, shown tokens.Claims) (templates.Choice, []terms.DocumentText, error) {
	view := templates.Choice{Frame: f, Now: shown.IssuedAt()}
	if from, err := time.Parse(time.RFC3339, shown.Data[fromField]); err == nil {
		view.From = from
	}
	if zone, err := time.LoadLocation(shown.Data[zoneField]); err == nil {
		view.Zone = zone
	}
	o, err := s.Tracker.Offer(ctx, shown.Person, shown.Campaign)
	if err != nil {
		return view, nil, err
	}
	documents := textsOf(o.Versions, f.Tag())
	if digestOf(documents) != shown.Data[documentsField] {
		return view, nil, &terms.Stale{Message: "these are not the texts that were shown", Current: documents}
	}
	for _, v := range o.Versions {
		view.Documents = append(view.Documents, templates.Document{Title: v.Title.In(f.Tag()), Version: v.Version})
	}
	_, err = s.Tracker.KeptPage(ctx, shown.Data[snapshotField])
	if errors.Is(err, terms.NotFound) { // an older database was put back meanwhile
		return view, nil, errUnkept
	}
	return view, documents, err
}
