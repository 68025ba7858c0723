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
// 7d12h, 90m0s.
func FormatDuration(d time.Duration) string {
	days, rest := d/day, d%day
	switch {
	case days == 0:
		return rest.String()
	case rest == 0:
		return strconv.FormatInt(int64(days), 10) + "d"
	default:
		return strconv.FormatInt(int64(days), 10) + "d" + rest.String()
	}
}
