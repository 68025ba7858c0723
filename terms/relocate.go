package terms

import "time"

// Relocate returns the facts of someone who moved to another country. A stage
// that takes something away, and that the ladder there would not have come to
// by now, is given back at once: nobody is restricted before the date that
// holds where they are.
func (e Enrollment) Relocate(p Plan, country string, now time.Time) Enrollment {
	e.Country = country
	stage := p.Stages[e.Stage]
	if !stage.Takes() || e.Status == Accepted || e.Status == Exempt {
		return e
	}
	if start := latest(p.In(country).Deadline, e.NotBefore); !now.Before(start.Add(stage.After)) {
		return e
	}
	free := p.lastFree(e.Stage)
	e = e.restart(now)
	e.Stage, e.Told = free, now
	return e
}
