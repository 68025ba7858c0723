package templates

import "time"

// Banner is the reminder an app shows, as a piece of HTML or in facts. It says what the choice page says, in short.
type Banner struct {
	Choice
	Campaign    string // key
	Mode        string // "banner" or "full_screen"; "none" when nothing is to be shown now
	Dismissible bool
	EveryOpen   bool      // each time the app is opened
	Quiet       time.Time // nothing is to be shown until then; zero: now
	NextAt      time.Time // when something changes by itself; zero when no date can be given
	URL         string    // of the choice page
}

// BannerAction is one of the equal choices, with the exact words of its button.
type BannerAction struct{ Action, Label string }

// Actions lists the choices in the order that every page and app keeps; nothing when nothing is asked.
func (b Banner) Actions() ([]BannerAction, error) {
	if b.Mode == "none" || b.Form == nil {
		return nil, nil
	}
	keys := []string{"accepted", "declined", "later"}
	if b.Form.SnoozesLeft == 0 {
		keys = keys[:2]
	}
	actions := make([]BannerAction, len(keys))
	for i, key := range keys {
		label, err := b.ButtonLabel(key)
		if err != nil {
			return nil, err
		}
		actions[i] = BannerAction{key, label}
	}
	return actions, nil
}

// NextISO is NextAt for programs.
func (b Banner) NextISO() string { return b.NextAt.UTC().Format(time.RFC3339) }

// Summary says in one or two sentences where the person stands and what comes next.
func (b Banner) Summary() (string, error) {
	switch {
	case b.OnHold && b.Lifted:
		return b.T("choice.held.lifted")
	case b.OnHold:
		return b.T("choice.held")
	case len(b.Off) > 0:
		names, err := b.List(b.Off)
		if err != nil {
			return "", err
		}
		return b.T("banner.off", "Names", names)
	}
	if next := b.nextLoss(); next != nil {
		names, err := b.List(next.Stops)
		if err != nil {
			return "", err
		}
		return b.T("banner.next", "Date", b.Date(next.At), "Names", names)
	}
	if b.Begun() {
		return b.T("choice.begun")
	}
	return b.T("banner.from", "Date", b.Date(b.From))
}

// nextLoss is the next step, where it takes something away and its date is known.
func (b Banner) nextLoss() *Step {
	for i, step := range b.Steps {
		if step.Reached {
			continue
		}
		if len(step.Stops) == 0 || step.At.IsZero() {
			return nil
		}
		return &b.Steps[i]
	}
	return nil
}
