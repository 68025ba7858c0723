package staff

import (
	"strings"

	"assent/templates"
	"assent/terms"
	"assent/tracker"
)

// position tells where a person stands in one campaign, in the words of tracker.Explain: the same that the command line
// prints, so that whoever answers a caller says the same.
func position(c tracker.CampaignWhy) templates.PersonPosition {
	view := templates.PersonPosition{
		Campaign: c.Campaign, Title: c.Title, Status: statusTag(c.Status), Stage: humane(c.Stage), Since: c.Since,
		NextStage: humane(c.Next.Stage), NextAt: c.Next.At, NextWhy: waitsFor(c.Next.Why),
		Restore: strings.TrimSuffix(c.Restore, "."),
	}
	for i, sentence := range c.Sentences {
		if i == 0 { // the heading names the campaign
			sentence = capital(strings.TrimPrefix(sentence, c.Title+" ("+c.Campaign+"): "))
		}
		view.Why = append(view.Why, sentence)
	}
	return view
}

func waitsFor(why string) string {
	switch why {
	case terms.WaitsForNotice:
		return "once a notice has reached the person in this stage"
	case terms.WaitsForHold:
		return "once the hold has ended"
	}
	return ""
}
