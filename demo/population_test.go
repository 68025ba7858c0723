package demo_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"assent/demo"
	"assent/terms"
)

func TestAPersonIsTheSameHoweverManyThereAre(t *testing.T) {
	t.Parallel()
	few, many := demo.Population(50), demo.Population(500)
	if len(few) != 52 || len(many) != 502 {
		t.Fatalf("%d and %d people", len(few), len(many))
	}
	if !slices.Equal(few, many[:52]) {
		t.Error("the first people differ between two sizes")
	}
}

func TestTheTwoNamedPeopleComeFirst(t *testing.T) {
	t.Parallel()
	people := demo.Population(1)
	if ana := people[0]; ana.ID != demo.Ana || ana.Country != "BR" || ana.Locale != "pt-BR" {
		t.Errorf("got %+v", ana)
	}
	if ben := people[1]; ben.ID != demo.Ben || ben.Country != "DE" || ben.Locale != "en" {
		t.Errorf("got %+v", ben)
	}
	if people[2].ID != "harbor-000001" {
		t.Errorf("the first generated person is %q", people[2].ID)
	}
}

func TestThePopulationCanBeImportedAndLooksLikeOne(t *testing.T) {
	t.Parallel()
	people := demo.Population(demo.Size)
	ids, countries, types := map[string]bool{}, map[string]int{}, map[terms.AccountType]int{}
	for _, p := range people {
		if err := p.Check(); err != nil {
			t.Fatalf("%+v: %v", p, err)
		}
		if p.Created.Year() < 2014 || !p.Created.Before(demo.Start()) || p.Created.Location() != time.UTC {
			t.Fatalf("%s registered at %v", p.ID, p.Created)
		}
		ids[p.ID] = true
		countries[p.Country]++
		types[p.Type]++
	}
	if len(ids) != len(people) {
		t.Errorf("%d ids for %d people", len(ids), len(people))
	}
	share := func(n int) float64 { return 100 * float64(n) / float64(len(people)) }
	for country, want := range map[string]float64{"IN": 22, "BR": 18, "DE": 8, "TR": 6, "IE": 2} {
		if got := share(countries[country]); math.Abs(got-want) > 1 {
			t.Errorf("%.1f %% of people are in %s, want about %.0f %%", got, country, want)
		}
	}
	for _, country := range []string{"FR", "GB", "US", "MX", "NG", "EG"} {
		if countries[country] == 0 {
			t.Errorf("nobody is in %s", country)
		}
	}
	for kind, most := range map[terms.AccountType]float64{terms.Personal: 98, terms.Business: 4, terms.Bot: 1, terms.Service: 1} {
		if got := share(types[kind]); got == 0 || got > most {
			t.Errorf("%.1f %% of accounts are %s", got, kind)
		}
	}
}
