package people

import (
	"context"

	"assent/templates"
)

// Words tell a person what is off, why, since when and what comes next, as the
// features page does, in the language that fits best. NotFound for somebody
// unknown.
func Words(ctx context.Context, options Options, person, language string) (templates.Locale, []string, error) {
	s := site{Options: options}
	standing, err := s.Tracker.Standing(ctx, person)
	if err != nil {
		return templates.Locale{}, nil, err
	}
	own, zone, err := s.Tracker.SpokenTo(ctx, person)
	if err != nil {
		return templates.Locale{}, nil, err
	}
	f := templates.Frame{Locale: s.Pages.Match(language, own), Brand: s.Brand.Name, Zone: zone}
	if len(standing.Standing.Positions) == 0 {
		words, err := templates.Features{Frame: f}.Words()
		return f.Locale, words, err
	}
	var words []string
	for _, position := range standing.Standing.Positions {
		o, err := s.Tracker.Offer(ctx, person, position.Campaign)
		if err != nil {
			return f.Locale, nil, err
		}
		more, err := s.featuresView(f, o, f.Tag()).Words()
		if err != nil {
			return f.Locale, nil, err
		}
		words = append(append(words, o.Plan.Title.In(f.Tag())+"."), more...)
	}
	return f.Locale, words, nil
}
