package planfile_test

import (
	"reflect"
	"slices"
	"testing"

	"assent/planfile"
	"assent/terms"

	"pgregory.net/rapid"
)

// A diff leaves nothing out and makes nothing up: it is empty exactly for plans
// whose files are the same.
func TestPlansDifferExactlyWhenTheirFilesDo(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		old, other := genPlan().Draw(t, "old"), genPlan().Draw(t, "other")
		next := mix(t, reflect.ValueOf(old), reflect.ValueOf(other)).Interface().(terms.Plan)
		a, errA := planfile.Format(old)
		b, errB := planfile.Format(next)
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		differences := terms.Diff(old, next)
		if same := string(a) == string(b); same != (len(differences) == 0) {
			t.Fatalf("%d differences: %v\n%s\n%s", len(differences), differences, a, b)
		}
		for _, d := range differences {
			if d.Path == "" || d.String() == "" || d.Before == d.After {
				t.Fatalf("%#v", d)
			}
		}
	})
}

// mix is a value with now and then a part of another: few of them, so that each
// has to be noticed by itself.
func mix(t *rapid.T, one, other reflect.Value) reflect.Value {
	out := reflect.New(one.Type()).Elem()
	out.Set(one)
	switch {
	case rapid.IntRange(0, 9).Draw(t, "part") == 0:
		if one.Kind() == reflect.Struct && one.NumField() > 3 {
			return out
		}
		return other
	case one.Kind() == reflect.Struct:
		for i := range one.NumField() {
			if one.Type().Field(i).IsExported() {
				out.Field(i).Set(mix(t, one.Field(i), other.Field(i)))
			}
		}
	case one.Kind() == reflect.Slice && one.Len() > 0:
		out.Set(reflect.MakeSlice(one.Type(), one.Len(), one.Len()))
		reflect.Copy(out, one)
		for i := range min(one.Len(), other.Len()) {
			out.Index(i).Set(mix(t, one.Index(i), other.Index(i)))
		}
		if rapid.IntRange(0, 9).Draw(t, "order") == 0 {
			swap := reflect.Swapper(out.Interface())
			swap(0, one.Len()-1)
		}
	}
	return out
}

func TestADiffOfTheExampleSaysEachThingOnce(t *testing.T) {
	t.Parallel()
	old := parse(t, read(t, "full.yaml"))
	next := parse(t, read(t, "full.yaml"))
	if got := terms.Diff(old, next); len(got) > 0 {
		t.Fatal(got)
	}
	next.Stages[2].BrownOut.For *= 2
	next.Mapping = next.Mapping[:1]
	next.Regions[2].Recorded = terms.Effective
	var got []string
	for _, d := range terms.Diff(old, next) {
		got = append(got, d.String())
	}
	want := []string{
		"The stage tried takes something away from 14:00 UTC for 4 hours each day, and not from 14:00 UTC for 2 hours each day.",
		"It is no longer said that people at stage asked of an earlier plan belong to stage announced.",
		"In region lifted, what becomes of acceptances without effect changes from ask_again to effective.",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}
