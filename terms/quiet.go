package terms

import "time"

// QuietHours are a window of each day, by the person's own clock, in which
// nobody is sent anything: from From after midnight until Until, over midnight
// where Until is the smaller. Equal ones are no window.
type QuietHours struct {
	From, Until time.Duration
}

// After is the first instant from now on that is not quiet where the person is.
func (q QuietHours) After(now time.Time, place *time.Location) time.Time {
	if q.From == q.Until {
		return now
	}
	here := now.In(place)
	midnight := func(days int) time.Time {
		return time.Date(here.Year(), here.Month(), here.Day()+days, 0, 0, 0, 0, place)
	}
	at := func(days int, since time.Duration) time.Time {
		d := midnight(days)
		return time.Date(d.Year(), d.Month(), d.Day(), 0, int(since/time.Minute), 0, 0, place) // by the clock on the wall
	}
	for _, days := range []int{-1, 0} {
		begins, ends := at(days, q.From), at(days, q.Until)
		if q.Until < q.From {
			ends = at(days+1, q.Until)
		}
		if !now.Before(begins) && now.Before(ends) {
			return ends.UTC()
		}
	}
	return now
}
