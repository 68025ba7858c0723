package terms_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"assent/terms"

	"pgregory.net/rapid"
)

func TestAttributesComeBackAsTheyWereAndAreEqualInAnyOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		of := rapid.MapOfN(rapid.StringMatching(`[a-z]{1,4}`), rapid.StringMatching(`[a-zA-Z0-9 =.]{1,8}`), 0, 5).Draw(t, "attributes")
		a, err := terms.ParseAttributes(of)
		if err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(a.Map(), of) || (len(of) == 0) != (a.Map() == nil) {
			t.Fatalf("%v came back as %v", of, a.Map())
		}
		for key, value := range of {
			one, _ := terms.ParseAttributes(map[string]string{key: value})
			other, _ := terms.ParseAttributes(map[string]string{key: value + "x"})
			if !a.Has(one) || a.Has(other) {
				t.Fatalf("%q has %q: %v, has %q: %v", a, one, a.Has(one), other, a.Has(other))
			}
		}
		if !a.Has(a) || !a.Has("") || terms.Attributes("").Has(a) != (a == "") {
			t.Fatalf("%q and itself", a)
		}
	})
}

func TestAttributesThatAreNoneAreRefusedByTheirKey(t *testing.T) {
	t.Parallel()
	for path, of := range map[string]map[string]string{
		"attributes.App":  {"App": "kaios"},
		"attributes.app":  {"app": ""},
		"attributes.long": {"long": strings.Repeat("x", 65)},
		"attributes.line": {"line": "a\nb=c"},
		"attributes.":     {"": "x"},
	} {
		_, err := terms.ParseAttributes(of)
		var faults terms.Faults
		if !errors.As(err, &faults) || len(faults) != 1 || faults[0].Path != path {
			t.Errorf("%q: %v", of, err)
		}
	}
	of := map[string]string{"long": strings.Repeat("x", 64)}
	for i := range terms.MaxAttributes - 1 {
		of[fmt.Sprintf("k%d", i)] = "v"
	}
	if _, err := terms.ParseAttributes(of); err != nil {
		t.Errorf("as many and as long as allowed: %v", err)
	}
	of["k99"] = "v"
	if _, err := terms.ParseAttributes(of); !errors.Is(err, terms.Invalid) {
		t.Errorf("one more: %v", err)
	}
}

func TestFaultsOfAttributesComeInOrderOfKey(t *testing.T) {
	t.Parallel()
	_, err := terms.ParseAttributes(map[string]string{"c": "", "a": "", "b": ""})
	var faults terms.Faults
	if !errors.As(err, &faults) || !slices.IsSortedFunc(faults, func(x, y terms.Fault) int { return strings.Compare(x.Path, y.Path) }) || len(faults) != 3 {
		t.Fatal(err)
	}
}
