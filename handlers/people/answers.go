package people

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"assent/ledger"
	"assent/templates"
	"assent/terms"
	"assent/tracker"
)

// later says when reminders come back.
func (s site) later(c *gin.Context) error {
	who, err := s.person(c)
	if err != nil {
		return err
	}
	o, err := s.Tracker.Offer(c.Request.Context(), who.person, c.Param("campaign"))
	if err != nil {
		return err
	}
	if o.Enrolled.SnoozedUntil.IsZero() { // nothing was put off: the page was opened by hand
		c.Redirect(http.StatusSeeOther, choicePath(o.Plan.Campaign, c.Query("lang")))
		return nil
	}
	f := s.frameFor(c, o)
	return s.render(c, http.StatusOK, "people/later", templates.Later{
		Frame: f, Campaign: o.Plan.Title.In(f.Tag()), RemindAt: o.Enrolled.SnoozedUntil, Left: o.Position.Snoozes,
		ChangeURL: choicePath(o.Plan.Campaign, c.Query("lang")),
	})
}

// own answers a receipt of the person who asks; NotFound for anybody else's, as if there were none.
func (s site) own(c *gin.Context) (tracker.Receipt, error) {
	who, err := s.person(c)
	if err != nil {
		return tracker.Receipt{}, err
	}
	receipt, err := s.Tracker.Receipt(c.Request.Context(), c.Param("id"))
	if err == nil && receipt.Person != who.person {
		err = terms.Errorf(terms.NotFound, "receipt %q does not exist", c.Param("id"))
	}
	return receipt, err
}

// asked is the receipt a page is about, with the campaign as it stands now and what all pages about it share.
func (s site) asked(c *gin.Context) (templates.Frame, templates.Answer, tracker.Receipt, tracker.Offer, error) {
	var f templates.Frame
	var answer templates.Answer
	receipt, err := s.own(c)
	if err != nil {
		return f, answer, receipt, tracker.Offer{}, err
	}
	o, err := s.Tracker.Offer(c.Request.Context(), receipt.Person, receipt.Campaign)
	if err != nil {
		return f, answer, receipt, o, err
	}
	f = s.frameFor(c, o)
	answer, err = s.answer(c, f, receipt, o)
	return f, answer, receipt, o, err
}

// done says what a recorded choice did.
func (s site) done(c *gin.Context) error {
	f, answer, receipt, o, err := s.asked(c)
	if err != nil {
		return err
	}
	if receipt.Action == terms.Accept {
		view, err := s.acceptedView(f, answer, receipt, o)
		if err != nil {
			return err
		}
		return s.render(c, http.StatusOK, "people/accepted", view)
	}
	return s.render(c, http.StatusOK, "people/declined", templates.Declined{
		Frame: f, Answer: answer, Withdrawn: receipt.Action == terms.Withdraw, Keeps: s.rights(f.Tag()), Steps: s.steps(f.Tag(), o),
	})
}

// acceptedView says what came back: everything the stage named in the record had taken away.
func (s site) acceptedView(f templates.Frame, a templates.Answer, r tracker.Receipt, o tracker.Offer) (templates.Accepted, error) {
	view := templates.Accepted{Frame: f, Answer: a, From: o.Local.Deadline, Void: r.Effect == terms.Void}
	record, _, err := ledger.ParseRecord(r.Record)
	if err != nil {
		return view, err
	}
	view.Restored = s.taken(f.Tag(), o, record.Stage)
	for _, state := range o.Standing.Capabilities {
		if state.Reason == terms.ReasonGranted && state.Campaign == r.Campaign {
			view.Granted = append(view.Granted, s.names(f.Tag(), []string{state.Capability})...)
		}
	}
	return view, nil
}

// taken is what the ladder has taken away by a stage.
func (s site) taken(tag string, o tracker.Offer, stage string) []string {
	var off []string
	for i := 0; i <= o.Ladder.StageIndex(stage); i++ {
		off = append(off, s.step(tag, o, i, time.Time{}).Stops...)
	}
	return off
}

// answer is what every page about a recorded choice says.
func (s site) answer(c *gin.Context, f templates.Frame, r tracker.Receipt, o tracker.Offer) (templates.Answer, error) {
	documents, err := s.texts(c, f.Tag(), r.Documents)
	return templates.Answer{
		Campaign: o.Plan.Title.In(f.Tag()), At: r.RecordedAt, Reference: r.ReceiptID, Documents: documents,
		ReceiptURL: withLanguage("/receipts/"+r.ReceiptID, c.Query("lang")), ChangeURL: choicePath(r.Campaign, c.Query("lang")),
	}, err
}

// texts are the recorded texts with their titles.
func (s site) texts(c *gin.Context, tag string, recorded []terms.DocumentText) ([]templates.Document, error) {
	documents := make([]templates.Document, len(recorded))
	for i, text := range recorded {
		v, err := s.Tracker.Version(c.Request.Context(), text.Ref())
		if err != nil {
			return nil, err
		}
		documents[i] = templates.Document{Title: v.Title.In(tag), Version: text.Version, Locale: text.Locale, SHA256: text.SHA256, URL: legalPath(text.Ref(), text.Locale)}
	}
	return documents, nil
}

// receipt shows what was recorded, and how it can be proved.
func (s site) receipt(c *gin.Context) error {
	f, answer, receipt, o, err := s.asked(c)
	if err != nil {
		return err
	}
	view, err := s.receiptView(f, answer, receipt)
	if err != nil {
		return err
	}
	plan, err := s.Tracker.Plan(c.Request.Context(), receipt.Campaign, receipt.Plan)
	if err != nil {
		return err
	}
	o.Ladder = plan.Plan
	view.Known, view.Off = plan.StageIndex(view.Stage) >= 0, s.taken(f.Tag(), o, view.Stage)
	return s.render(c, http.StatusOK, "people/receipt", view)
}

func (s site) receiptView(f templates.Frame, a templates.Answer, r tracker.Receipt) (templates.Receipt, error) {
	record, _, err := ledger.ParseRecord(r.Record)
	return templates.Receipt{
		Frame: f, Answer: a, Action: string(r.Action), Person: r.Person, PresentedAt: record.PresentedAt,
		Spoken: s.spoken(r, f), Method: string(record.Method), Sentence: record.Sentence, Button: record.ButtonLabel,
		Region: record.Region, Stage: record.Stage, JSONURL: "/receipts/" + r.ReceiptID + "/receipt.json",
		Proof: &templates.Proof{
			Index: int(r.Proof.LeafIndex), Size: int(r.Proof.TreeSize), LeafHash: ledger.Leaf(r.Record).String(),
			Checkpoint: r.Proof.Checkpoint, KeyURL: "/ledger/key",
		},
	}, err
}

// spoken is the language in which the texts were shown.
func (s site) spoken(r tracker.Receipt, f templates.Frame) templates.Locale {
	if len(r.Documents) == 0 {
		return f.Locale
	}
	return s.Pages.Match(r.Documents[0].Locale)
}

// receiptFile is the receipt as anybody can check it offline.
func (s site) receiptFile(c *gin.Context) error {
	receipt, err := s.own(c)
	if err != nil {
		return err
	}
	file, err := json.Marshal(ledger.Receipt{Record: receipt.Record, Proof: receipt.Proof})
	if err != nil {
		return err
	}
	c.Header("Content-Disposition", `attachment; filename="receipt.json"`)
	c.Data(http.StatusOK, "application/json", file)
	return nil
}
