package templates

import "strings"

// Words tells what the page shows in sentences, for an app that shows them in its
// own way or reads them out. What works, and always does, is left out.
func (f Features) Words() ([]string, error) {
	lead := "features.lead.on"
	if len(f.Off) > 0 {
		lead = "features.lead.off"
	}
	first, err := f.T(lead)
	if err != nil {
		return nil, err
	}
	words := append([]string{first}, f.Case.Messages...)
	for _, list := range [][]Feature{f.Off, f.Waiting} {
		for _, one := range list {
			sentence, err := f.With(one).words()
			if err != nil {
				return nil, err
			}
			words = append(words, sentence)
		}
	}
	next, err := f.nextWords()
	if err == nil && next != "" {
		words = append(words, next)
	}
	return words, err
}

// words says of one feature why it is off and since when.
func (r FeatureRow) words() (string, error) {
	why, err := r.WhyText()
	if err != nil {
		return "", err
	}
	parts := []string{r.Name + ":"}
	if why != "" {
		parts = append(parts, sentence(why))
	}
	if !r.Since.IsZero() {
		since, err := r.T("features.since", "Date", r.Date(r.Since))
		if err != nil {
			return "", err
		}
		parts = append(parts, sentence(since))
	}
	return strings.Join(parts, " "), nil
}

// nextWords says what stops next, if anything does.
func (f Features) nextWords() (string, error) {
	if len(f.Next) == 0 {
		return "", nil
	}
	key := "features.next"
	if f.NextAt.IsZero() {
		key = "features.next.undated"
	}
	when, err := f.T(key, "Date", f.Date(f.NextAt))
	if err != nil {
		return "", err
	}
	names := make([]string, len(f.Next))
	for i, one := range f.Next {
		names[i] = one.Name
	}
	list, err := f.List(names)
	return when + ": " + sentence(list), err
}

// sentence ends a text as sentences end.
func sentence(text string) string {
	if strings.HasSuffix(text, ".") || strings.HasSuffix(text, "।") {
		return text
	}
	return text + "."
}
