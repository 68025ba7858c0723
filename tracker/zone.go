package tracker

import (
	"context"
	_ "embed"
	"strings"
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
func zoneOf(c Contact, country string) *time.Location {
	name := c.Zone
	if name == "" {
		_, after, _ := strings.Cut("\n"+soleZones, "\n"+country+" ")
		name, _, _ = strings.Cut(after, "\n")
	}
	if zone, err := time.LoadLocation(name); err == nil { // "" is UTC
		return zone
	}
	return time.UTC
}

// Zone is the time zone to show a person times in; see Offer.Zone.
func (t *Tracker) Zone(ctx context.Context, person string) (*time.Location, error) {
	return read(ctx, t, func(r Reader) (*time.Location, error) {
		p, err := r.Person(ctx, person)
		if err != nil {
			return nil, err
		}
		return zone(ctx, r, p)
	})
}

func zone(ctx context.Context, r Reader, p Person) (*time.Location, error) {
	c, err := r.Contact(ctx, p.Ref)
	if err != nil && !isKind(err, terms.NotFound) {
		return nil, err
	}
	return zoneOf(c, p.Country), nil
}
