package chart

import (
	"math"
	"strconv"
	"strings"
)

// Count writes a whole number with separators: "1,731,134".
func Count(n int) string {
	digits := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return sign + b.String()
}

// Share writes a part of a whole in per cent with one decimal: "71.8%". It is "–" when the whole is nothing, and it
// never rounds to 0.0% what is something, or to 100.0% what is not everything.
func Share(part, whole int) string {
	if whole <= 0 {
		return "–"
	}
	tenths := math.Round(1000 * float64(part) / float64(whole))
	switch {
	case part > 0 && tenths < 1:
		return "under 0.1%"
	case part < whole && tenths >= 1000:
		return "over 99.9%"
	}
	return strconv.FormatFloat(tenths/10, 'f', 1, 64) + "%"
}

// short writes the number of an axis: "500", "1.5k", "2M".
func short(n float64) string {
	switch {
	case n >= 1e6:
		return strconv.FormatFloat(n/1e6, 'f', -1, 64) + "M"
	case n >= 1e3:
		return strconv.FormatFloat(n/1e3, 'f', -1, 64) + "k"
	}
	return strconv.FormatFloat(n, 'f', -1, 64)
}

// ruler answers the step between at most five lines of an axis, and the number at its top, which is not under n.
func ruler(n int) (float64, float64) {
	for unit := 1.0; ; unit *= 10 {
		for _, digit := range []float64{1, 2, 2.5, 5} {
			step := digit * unit
			if 5*step >= float64(n) && step == math.Trunc(step) {
				return step, math.Ceil(float64(n)/step) * step
			}
		}
	}
}
