package tracker

import (
	"cmp"
	"context"
	_ "embed"
	"strings"
	"sync"
	"time"

	"assent/terms"
)

// soleZones are the countries in which it is one time everywhere, each with its
// time zone: from zone.tab of the IANA time zone database (public domain), with
// the countries whose zones all keep the same time.
//
//go:embed zones.txt
var soleZones string

// zoneOf is the time zone to show a person times in: the one the platform named,
// else that of the country if it has only one, else UTC. Nobody is shown a time
// that may be another one where they are.
func (t *Tracker) zoneOf(name, country string) *time.Location {
	if name == "" {
		return t.atlas.of(country)
	}
	return t.atlas.zone(name)
}

// atlas keeps the time zones that were asked for: loading one reads a file, and
// the one of a country is looked for in a list. There are some hundreds. The zero
// value is an empty atlas.
type atlas struct {
	mu    sync.Mutex
	known map[place]*time.Location
}

// place is a zone by its name, or a country: some zones are named like one.
type place struct {
	name    string
	country bool
}

// of is the zone of a country in which it is one time everywhere, else UTC.
func (a *atlas) of(country string) *time.Location {
	return a.look(place{country, true}, func() (*time.Location, error) {
		_, after, _ := strings.Cut("\n"+soleZones, "\n"+country+" ")
		name, _, _ := strings.Cut(after, "\n")
		return time.LoadLocation(name) // UTC for ""
	})
}

// zone is UTC where there is no zone of that name.
func (a *atlas) zone(name string) *time.Location {
	return a.look(place{name, false}, func() (*time.Location, error) { return time.LoadLocation(name) })
}

func (a *atlas) look(key place, load func() (*time.Location, error)) *time.Location {
	a.mu.Lock()
	defer a.mu.Unlock()
	if zone := a.known[key]; zone != nil {
		return zone
	}
	zone, err := load()
	if err != nil {
		return time.UTC
	}
	if a.known == nil {
		a.known = map[place]*time.Location{}
	}
	a.known[key] = zone
	return zone
}

// SpokenTo is the language to speak to a person in and the time zone to show
// times in; see Offer.
func (t *Tracker) SpokenTo(ctx context.Context, person string) (string, *time.Location, error) {
	var language string
	var zone *time.Location
	err := t.Store.View(ctx, func(r Reader) error {
		p, err := r.Person(ctx, person)
		if err != nil {
			return err
		}
		c, err := r.Contact(ctx, p.Ref)
		if err != nil && !isKind(err, terms.NotFound) {
			return err
		}
		language, zone = cmp.Or(c.Language, p.Locale), t.zoneOf(c.Zone, p.Country)
		return nil
	})
	return language, zone, err
}
