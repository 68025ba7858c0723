package simulate

import (
	"fmt"
	"hash/fnv"
	"math"
	"strconv"
	"strings"
	"time"

	"assent/terms"
	"assent/tracker"
)

// Mix says how many of the people are in which country, by ISO 3166-1 code.
type Mix []Part

// Part is a country and its weight among the others.
type Part struct {
	Country string
	Weight  float64
}

// ParseMix reads weights such as IN:22,BR:18,DE:8.
func ParseMix(text string) (Mix, error) {
	var m Mix
	for part := range strings.SplitSeq(text, ",") {
		country, weight, _ := strings.Cut(strings.TrimSpace(part), ":")
		n, err := strconv.ParseFloat(weight, 64)
		if err != nil || n <= 0 || math.IsInf(n, 0) || len(country) != 2 || country != strings.ToUpper(country) {
			return nil, fmt.Errorf("%q is not a country with its weight, such as BR:18", part)
		}
		m = append(m, Part{country, n})
	}
	return m, nil
}

// pick is the country at a place from 0 to 1.
func (m Mix) pick(place float64) string {
	total := 0.0
	for _, p := range m {
		total += p.Weight
	}
	left := place * total
	for _, p := range m[:len(m)-1] {
		if left -= p.Weight; left < 0 {
			return p.Country
		}
	}
	return m[len(m)-1].Country
}

// habit is what one person will do, decided before anything happens.
type habit struct {
	accepts  int32 // the slot in which the person accepts, or never
	declines bool  // at first sight of a notice
	reached  bool  // sees notices at all
	done     bool  // has accepted
	looked   int32 // the last slot in which the person saw a notice
}

const never = math.MaxInt32

// person makes up number i, always the same for a seed.
func (o Options) person(i int, born time.Time) tracker.Person {
	p := tracker.Person{
		ID: personID(i), Country: o.Countries.pick(o.roll(i, "country")), Locale: "en", Type: terms.Personal, Created: born,
	}
	switch kind := o.roll(i, "type"); {
	case kind < 0.01:
		p.Type = terms.Bot
	case kind < 0.04:
		p.Type = terms.Business
	}
	return p
}

func personID(i int) string { return fmt.Sprintf("p%07d", i) }

// number is the person an id belongs to.
func number(id string) (int, bool) {
	n, err := strconv.Atoi(strings.TrimPrefix(id, "p"))
	return n, err == nil
}

// habit decides what a person does whom the plan asks from a slot on. Whoever
// accepts or declines has been reached; of the others, as many as make up Reach.
func (o Options) habit(i int, asked int) habit {
	place := o.roll(i, "choice")
	h := habit{accepts: never, looked: -1}
	if day, ok := o.Accept.day(place); ok {
		h.accepts = int32(asked + max(1, int(math.Ceil(day*slots))))
		h.reached = true
		return h
	}
	chooses := min(o.Accept.last().share+o.Decline, 1)
	h.declines = place < chooses
	h.reached = h.declines || chooses < 1 && o.roll(i, "reach") < (o.Reach-chooses)/(1-chooses)
	return h
}

// sees is how many slots after a notice was handed out a person opens the app
// and sees it: one at least, two days on average.
func (o Options) sees(i, stage int) int {
	days := -2 * math.Log(1-o.roll(i, "stage "+strconv.Itoa(stage)))
	return 1 + int(days*slots)
}

// roll draws a number in [0, 1) that depends on the seed, the person and what it
// is for.
func (o Options) roll(i int, about string) float64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(about)) // hash.Hash never returns an error
	x := h.Sum64() ^ o.Seed*0x9e3779b97f4a7c15 + uint64(i)*0xd1342543de82ef95
	// The finisher of SplitMix64, twice: numbers of people lie close together.
	for range 2 {
		x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
		x = (x ^ x>>27) * 0x94d049bb133111eb
		x ^= x >> 31
	}
	return float64(x>>11) / (1 << 53)
}
