package demo

import (
	"fmt"
	"math/rand/v2"
	"time"

	"assent/terms"
	"assent/tracker"
)

// Size is how many generated people the demo has, besides Ana and Ben.
const Size = 20000

// The two people a visitor plays. They open the app every day and so see every
// notice, and leave each choice to the visitor.
const (
	Ana = "ana" // in Brazil, where the whole ladder applies
	Ben = "ben" // in Germany, where nothing is taken away
)

// market is a country Harbor is used in.
type market struct {
	country string
	share   int // of people, per cent
	utc     int // hours its clocks are ahead of UTC
	locales []language
}

// language is a locale with its share of a country's people, per cent. Not
// every one of them is a language of Locales: those people read English.
type language struct {
	locale string
	share  int
}

func markets() []market {
	return []market{
		{"IN", 22, 5, []language{{"hi", 68}, {"en", 32}}},
		{"BR", 18, -3, []language{{"pt-BR", 97}, {"en", 3}}},
		{"DE", 8, 1, []language{{"de", 84}, {"en", 9}, {"ar", 4}, {"es", 3}}},
		{"MX", 8, -6, []language{{"es", 96}, {"en", 4}}},
		{"NG", 6, 1, []language{{"en", 100}}},
		{"EG", 6, 2, []language{{"ar", 94}, {"en", 6}}},
		{"TR", 6, 3, []language{{"tr", 93}, {"en", 4}, {"ar", 3}}},
		{"US", 5, -6, []language{{"en", 78}, {"es", 22}}},
		{"GB", 5, 0, []language{{"en", 95}, {"fr", 3}, {"hi", 2}}},
		{"FR", 5, 1, []language{{"fr", 92}, {"ar", 5}, {"en", 3}}},
		{"AR", 4, -3, []language{{"es", 98}, {"en", 2}}},
		{"ES", 3, 1, []language{{"es", 94}, {"en", 6}}},
		{"SA", 2, 3, []language{{"ar", 88}, {"en", 12}}},
		{"IE", 2, 0, []language{{"en", 95}, {"pt-BR", 5}}},
	}
}

// Population returns Ana, Ben and n generated people, harbor-000001 onwards.
// Person i is the same whatever n is. All registered between 2014 and the end
// of 2020.
func Population(n int) []tracker.Person {
	people := make([]tracker.Person, 0, n+2)
	people = append(people,
		tracker.Person{ID: Ana, Country: "BR", Locale: "pt-BR", Type: terms.Personal, Created: time.Date(2016, 9, 12, 14, 3, 0, 0, time.UTC)},
		tracker.Person{ID: Ben, Country: "DE", Locale: "en", Type: terms.Personal, Created: time.Date(2018, 2, 27, 8, 41, 0, 0, time.UTC)},
	)
	all := markets()
	for i := 1; i <= n; i++ {
		people = append(people, generate(i, all))
	}
	return people
}

func generate(i int, all []market) tracker.Person {
	r := rand.New(rand.NewPCG(0x4a5b0, uint64(i))) //nolint:gosec // made-up people: the same every time, and no secret
	m := all[pick(r, len(all), func(k int) int { return all[k].share })]
	spoken := m.locales[pick(r, len(m.locales), func(k int) int { return m.locales[k].share })]
	return tracker.Person{
		ID: fmt.Sprintf("harbor-%06d", i), Country: m.country, Locale: spoken.locale,
		Type: accountType(r.Float64()), Created: registered(r),
	}
}

// pick draws one of n things whose shares add up to 100.
func pick(r *rand.Rand, n int, share func(int) int) int {
	left := r.IntN(100)
	for k := range n - 1 {
		if left -= share(k); left < 0 {
			return k
		}
	}
	return n - 1
}

func accountType(u float64) terms.AccountType {
	switch {
	case u < 0.004:
		return terms.Bot
	case u < 0.006:
		return terms.Service
	case u < 0.036:
		return terms.Business
	default:
		return terms.Personal
	}
}

// registered draws a day of registration; there are more of late, since the
// service grew.
func registered(r *rand.Rand) time.Time {
	first := time.Date(2014, 2, 1, 0, 0, 0, 0, time.UTC)
	span := time.Date(2020, 12, 31, 0, 0, 0, 0, time.UTC).Sub(first).Seconds()
	later := max(r.Float64(), r.Float64())
	return first.Add(time.Duration(later*span) * time.Second)
}
