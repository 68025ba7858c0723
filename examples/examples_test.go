package examples_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"assent/config"
	"assent/demo"
	"assent/planfile"
	"assent/terms"
	"assent/tracker"
)

func defaults(t *testing.T) (terms.Catalogue, []planfile.Profile) {
	t.Helper()
	base, err := os.ReadFile("../config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(base, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	var profiles []planfile.Profile
	for _, p := range c.Profiles {
		profiles = append(profiles, planfile.Profile(p))
	}
	return c.Catalogue, profiles
}

func TestEveryPlanLoadsWithTheDefaultCatalogueAndProfiles(t *testing.T) {
	t.Parallel()
	catalogue, profiles := defaults(t)
	files, err := filepath.Glob("*.yaml")
	if err != nil || len(files) < len(profiles) {
		t.Fatalf("%d files for %d profiles, %v", len(files), len(profiles), err)
	}
	readme := read(t, "README.md")
	for _, p := range profiles {
		if !slices.Contains(files, p.Key+".yaml") {
			t.Errorf("profile %s has no example", p.Key)
		}
	}
	for _, file := range files {
		plan, err := planfile.Load(read(t, file), profiles, catalogue)
		if err != nil {
			t.Errorf("%s:\n%v", file, err)
		}
		for _, d := range plan.Documents {
			if d.Version != "2021-01-04" {
				t.Errorf("%s asks for %v, which the demo does not have", file, d)
			}
		}
		if !bytes.Contains(readme, []byte("]("+file+")")) {
			t.Errorf("README.md says nothing of %s", file)
		}
	}
}

func TestTheWrittenOutLadderIsTheProfileOfItsName(t *testing.T) {
	t.Parallel()
	catalogue, profiles := defaults(t)
	plan, err := planfile.Load(read(t, "whatsapp-2021-05.yaml"), profiles, catalogue)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(profiles, func(p planfile.Profile) bool { return p.Key == "whatsapp-2021-05" })
	other := plan
	other.Stages = profiles[i].Stages
	if a, b := format(t, plan), format(t, other); a != b {
		t.Errorf("the file:\n%s\nthe profile:\n%s", a, b)
	}
}

func TestTheDemoPlanLoadsWithTheDefaultCatalogue(t *testing.T) {
	t.Parallel()
	catalogue, profiles := defaults(t)
	file := demo.PlanFile()
	if _, err := planfile.Load(file, profiles, catalogue); err != nil {
		t.Error(err)
	}
}

func TestEveryPersonIsOneThatCanBeImported(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	lines := bufio.NewScanner(bytes.NewReader(read(t, "people.ndjson")))
	for lines.Scan() {
		var p struct {
			ID          string            `json:"id"`
			Region      string            `json:"region"`
			Locale      string            `json:"locale"`
			AccountType terms.AccountType `json:"account_type"`
			CreatedAt   time.Time         `json:"created_at"`
		}
		dec := json.NewDecoder(strings.NewReader(lines.Text()))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&p); err != nil {
			t.Fatalf("line %d: %v", len(seen)+1, err)
		}
		person := tracker.Person{ID: p.ID, Country: p.Region, Locale: p.Locale, Type: p.AccountType, Created: p.CreatedAt}
		if err := person.Check(); err != nil || seen[p.ID] || p.CreatedAt.IsZero() {
			t.Errorf("line %d: %+v: %v", len(seen)+1, p, err)
		}
		seen[p.ID] = true
	}
	if lines.Err() != nil || len(seen) != 50 {
		t.Errorf("%d people, %v", len(seen), lines.Err())
	}
}

func format(t *testing.T, p terms.Plan) string {
	t.Helper()
	out, err := planfile.Format(p)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
