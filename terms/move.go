package terms

import "time"

// Move returns the facts of someone whose country or attributes are others
// now. Where the plan or the holds there are less kind, nothing is taken at once
// and nothing ahead comes earlier unless the notice period has run again; what
// the ladder there would not have taken by now comes back.
func (e Enrollment) Move(p Plan, country string, a Attributes, c Catalogue, holds []Hold, now time.Time) Enrollment {
	before := p.restored(e, holds, now)
	e = before
	e.Country, e.Attributes = country, a
	e = p.restored(e, holds, now)
	return e.keepDates(before, p, p, c, holds, now)
}
