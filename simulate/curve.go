package simulate

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Curve is the share of people who have accepted so many days after the
// announcement. Between its points it is a straight line, before the first it
// rises from nothing, and after the last nobody accepts any more.
type Curve struct{ points []point }

type point struct{ day, share float64 }

// shapes are the curves that have a name. The days are ours: WhatsApp said in
// May 2021 that most of those who had been asked had accepted, and no more.
func shapes() map[string]string {
	return map[string]string{
		"whatsapp": "1:0.04,7:0.18,30:0.38,60:0.50,110:0.60,129:0.72,157:0.80,164:0.83,200:0.90",
		"slow":     "7:0.02,30:0.10,90:0.30,180:0.50,365:0.70",
		"fast":     "1:0.30,7:0.70,30:0.90,90:0.97",
		"none":     "",
	}
}

// Shapes lists the names of the curves that have one.
func Shapes() []string { return slices.Sorted(maps.Keys(shapes())) }

// ParseCurve reads the name of a shape, or DAY:SHARE points such as
// 7:0.2,30:0.5, in order of days, with shares of 0 to 1 that do not fall.
func ParseCurve(text string) (Curve, error) {
	if named, ok := shapes()[text]; ok {
		text = named
	}
	var c Curve
	for part := range strings.SplitSeq(text, ",") {
		if text == "" {
			break
		}
		days, share, _ := strings.Cut(part, ":")
		day, wrongDay := strconv.ParseFloat(strings.TrimSpace(days), 64)
		part, wrongShare := strconv.ParseFloat(strings.TrimSpace(share), 64)
		if wrongDay != nil || wrongShare != nil {
			return Curve{}, fmt.Errorf("%q is neither one of %s nor points such as 7:0.2,30:0.5", text, strings.Join(Shapes(), ", "))
		}
		last := c.last()
		if !(day >= last.day && part >= last.share && part <= 1 && day <= mostDays) {
			return Curve{}, fmt.Errorf("the point %g:%g of %q: days and shares cannot fall, and a share is 0 to 1", day, part, text)
		}
		c.points = append(c.points, point{day, part})
	}
	return c, nil
}

func (c Curve) last() point {
	if len(c.points) == 0 {
		return point{}
	}
	return c.points[len(c.points)-1]
}

// day is when the person accepts who is at this place, 0 to 1, in the order of
// acceptance; false for somebody who never does.
func (c Curve) day(place float64) (float64, bool) {
	before := point{}
	for _, p := range c.points {
		if place < p.share {
			return before.day + (p.day-before.day)*(place-before.share)/(p.share-before.share), true
		}
		before = p
	}
	return 0, false
}
