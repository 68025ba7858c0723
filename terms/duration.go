package terms

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// ParseDuration reads a length of time as plans, settings and the demo clock
// write it: Go's notation with days in front, such as 30s, 24h, 28d or 1d12h.
// A day is 24 hours, since all instants are UTC. It is never negative. The
// error is of kind Invalid and quotes the text.
func ParseDuration(text string) (time.Duration, error) {
	days, rest, hasDays := strings.Cut(text, "d")
	if !hasDays {
		days, rest = "0", text
	}
	if hasDays && rest == "" {
		rest = "0"
	}
	n, err := strconv.ParseUint(days, 10, 32)
	d, errRest := time.ParseDuration(rest)
	if err != nil || errRest != nil || d < 0 || time.Duration(n) > (math.MaxInt64-d)/day {
		return 0, Errorf(Invalid, "%q is not a length of time such as 30s, 24h or 28d", text)
	}
	return time.Duration(n)*day + d, nil
}

// FormatDuration writes a length of time as ParseDuration reads it: 28d,
// 7d12h, 1h30m, 0s.
func FormatDuration(d time.Duration) string {
	days, rest := d/day, (d % day).String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(rest, zero) {
			rest = rest[:len(rest)-2]
		}
	}
	switch {
	case days == 0:
		return rest
	case d%day == 0:
		return strconv.FormatInt(int64(days), 10) + "d"
	default:
		return strconv.FormatInt(int64(days), 10) + "d" + rest
	}
}

// ParseTimeOfDay reads a time of day such as 14:00 as the time since midnight.
// The error is of kind Invalid and quotes the text.
func ParseTimeOfDay(text string) (time.Duration, error) {
	at, err := time.Parse("15:04", text)
	if err != nil {
		return 0, Errorf(Invalid, `%q is not a time of day in UTC such as "14:00"`, text)
	}
	return at.Sub(at.Truncate(day)), nil
}

// FormatTimeOfDay writes a time since midnight as ParseTimeOfDay reads it:
// 09:30. Seconds are left out.
func FormatTimeOfDay(d time.Duration) string { return time.Time{}.Add(d).Format("15:04") }
