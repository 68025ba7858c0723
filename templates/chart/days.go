package chart

import "time"

const (
	day       = 24 * time.Hour
	mostRows  = 90 // of a table: more than that, and days are left out evenly
	mostTicks = 8
)

// span is a time axis: the instants from and to lie at x0 and x1.
type span struct {
	from, to time.Time
	x0, x1   float64
}

// x answers where an instant lies, kept within the axis.
func (s span) x(at time.Time) float64 {
	whole := s.to.Sub(s.from)
	if whole <= 0 {
		return s.x0
	}
	x := s.x0 + (s.x1-s.x0)*float64(at.Sub(s.from))/float64(whole)
	return min(max(x, s.x0), s.x1)
}

// tick is one labelled place of the axis.
type tick struct {
	at    time.Time
	label string
}

// ticks are days or weeks apart on a short axis, and at the first of the month on a long one.
func (s span) ticks() []tick {
	whole := s.to.Sub(s.from)
	for _, step := range []time.Duration{day, 2 * day, 7 * day, 14 * day} {
		if whole <= mostTicks*step {
			return s.dayTicks(step)
		}
	}
	return s.monthTicks()
}

func (s span) dayTicks(step time.Duration) []tick {
	var out []tick
	for at := s.from.Truncate(day); !at.After(s.to); at = at.Add(step) {
		if !at.Before(s.from) || at.Equal(s.from.Truncate(day)) {
			out = append(out, tick{at, shortDay(at)})
		}
	}
	return out
}

// monthTicks begin with the first day in full and name the year again where it changes.
func (s span) monthTicks() []tick {
	every := int(s.to.Sub(s.from)/(31*day))/mostTicks + 1
	first := tick{s.from, s.from.UTC().Format("2 Jan 2006")}
	out := []tick{first}
	year := s.from.UTC().Year()
	for at := s.nextMonth(); !at.After(s.to); at = at.AddDate(0, every, 0) {
		if s.x(at)-s.x0 < width(first.label) {
			continue
		}
		label := at.Format("Jan")
		if at.Year() != year {
			year, label = at.Year(), at.Format("Jan 2006")
		}
		out = append(out, tick{at, label})
	}
	return out
}

// thin answers the indices of n things that are drawn when at most most can be: evenly spaced, the last one always.
func thin(n, most int) []int {
	step := max((n+most-1)/most, 1)
	var out []int
	for i := (n - 1) % step; i >= 0 && i < n; i += step {
		out = append(out, i)
	}
	return out
}

// nextMonth is the first midnight of a month after the beginning of the axis.
func (s span) nextMonth() time.Time {
	from := s.from.UTC()
	return time.Date(from.Year(), from.Month()+1, 1, 0, 0, 0, 0, time.UTC)
}

func shortDay(at time.Time) string { return at.UTC().Format("2 Jan") }
func fullDay(at time.Time) string  { return at.UTC().Format("2 January 2006") }
