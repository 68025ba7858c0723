package planfile_test

import (
	"errors"
	"os"
	"reflect"
	"testing"
	"time"

	"assent/planfile"
	"assent/terms"

	"pgregory.net/rapid"
)

func TestReadingWhatFormatWroteGivesTheSamePlan(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := genPlan().Draw(t, "plan")
		out, err := planfile.Format(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := planfile.Parse(out, nil)
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got  %#v\nwant %#v\n%s", got, want, out)
		}
	})
}

func genText() *rapid.Generator[string] {
	return rapid.OneOf(rapid.StringMatching(`[a-z][a-z.]{0,12}`), rapid.String(), rapid.StringN(1, 5, -1),
		rapid.SampledFrom([]string{"", "no", "NO", "true", "null", "~", "1", "1.5", "2021-01-04", "a: b", "# c", "a\nb ", " a", "\ufeffx", "\u0085", "\x00", "<<", "&a"}))
}

func genTexts() *rapid.Generator[terms.Texts] {
	return rapid.Custom(func(t *rapid.T) terms.Texts {
		m := rapid.MapOfN(rapid.SampledFrom([]string{"en", "fr", "pt-BR", "no", "zh-Hant-TW"}), genText(), 0, 4).Draw(t, "texts")
		if len(m) == 0 {
			return nil
		}
		return m
	})
}

func genDuration() *rapid.Generator[time.Duration] {
	return rapid.OneOf(rapid.Just(time.Duration(0)),
		rapid.Map(rapid.IntRange(0, 400), func(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }),
		rapid.Map(rapid.IntRange(0, 100000), func(n int) time.Duration { return time.Duration(n) * time.Minute }),
		rapid.Map(rapid.Int64Range(0, 1<<62), func(n int64) time.Duration { return time.Duration(n) }))
}

func genInstant() *rapid.Generator[time.Time] {
	return rapid.Map(rapid.Int64Range(-62135596800, 253402300799), func(s int64) time.Time {
		if s == -62135596800 {
			return time.Time{}
		}
		return time.Unix(s, 0).UTC()
	})
}

func genWords[T ~string]() *rapid.Generator[[]T] {
	return genList(rapid.Map(genText(), func(s string) T { return T(s) }))
}

func genList[T any](one *rapid.Generator[T]) *rapid.Generator[[]T] {
	return rapid.Map(rapid.SliceOfN(one, 0, 3), func(s []T) []T {
		if len(s) == 0 {
			return nil
		}
		return s
	})
}

func genReminder() *rapid.Generator[terms.Reminder] {
	return rapid.Custom(func(t *rapid.T) terms.Reminder {
		return terms.Reminder{
			Mode:  rapid.SampledFrom([]terms.Mode{terms.NoReminder, terms.Banner, terms.FullScreen}).Draw(t, "mode"),
			Every: genDuration().Draw(t, "every"), EveryOpen: rapid.Bool().Draw(t, "open"),
			Dismissible: rapid.Bool().Draw(t, "dismissible"), AskOnce: rapid.Bool().Draw(t, "once"),
		}
	})
}

func genSet() *rapid.Generator[[]terms.SetValue] {
	value := rapid.OneOf(rapid.Map(rapid.Bool(), terms.BoolValue), rapid.Map(rapid.Int64(), terms.IntValue), rapid.Map(genText(), terms.TextValue))
	one := rapid.Custom(func(t *rapid.T) terms.SetValue {
		return terms.SetValue{Capability: genText().Draw(t, "capability"), Value: value.Draw(t, "value")}
	})
	return rapid.Map(rapid.SliceOfNDistinct(one, 0, 3, func(s terms.SetValue) string { return s.Capability }), func(s []terms.SetValue) []terms.SetValue {
		if len(s) == 0 {
			return nil
		}
		return s
	})
}

func genStage() *rapid.Generator[terms.Stage] {
	return rapid.Custom(func(t *rapid.T) terms.Stage {
		return terms.Stage{
			Key: genText().Draw(t, "key"), FromAnnounce: rapid.Bool().Draw(t, "from"), After: genDuration().Draw(t, "after"),
			Dwell: rapid.Ptr(genDuration(), true).Draw(t, "dwell"), Spread: genDuration().Draw(t, "spread"),
			FinalWarning: genDuration().Draw(t, "warning"), Reminder: genReminder().Draw(t, "reminder"),
			Shadow: rapid.Bool().Draw(t, "shadow"), BrownOut: rapid.Ptr(genBrownOut(), true).Draw(t, "brown-out"),
			Off: genWords[string]().Draw(t, "off"), Set: genSet().Draw(t, "set"),
		}
	})
}

func genBrownOut() *rapid.Generator[terms.BrownOut] {
	return rapid.Custom(func(t *rapid.T) terms.BrownOut {
		return terms.BrownOut{At: time.Duration(rapid.IntRange(0, 24*60-1).Draw(t, "at")) * time.Minute, For: genDuration().Draw(t, "for")}
	})
}

func genDocuments() *rapid.Generator[[]terms.DocumentRef] {
	return genList(rapid.Custom(func(t *rapid.T) terms.DocumentRef {
		return terms.DocumentRef{Document: genText().Draw(t, "document"), Version: genText().Draw(t, "version")}
	}))
}

func genMapping() *rapid.Generator[[]terms.StageMapping] {
	one := rapid.Custom(func(t *rapid.T) terms.StageMapping {
		return terms.StageMapping{From: genText().Draw(t, "from"), To: genText().Draw(t, "to")}
	})
	return rapid.Map(rapid.SliceOfNDistinct(one, 0, 3, func(m terms.StageMapping) string { return m.From }), func(m []terms.StageMapping) []terms.StageMapping {
		if len(m) == 0 {
			return nil
		}
		return m
	})
}

func genRegion() *rapid.Generator[terms.Region] {
	return rapid.Custom(func(t *rapid.T) terms.Region {
		return terms.Region{
			Key: genText().Draw(t, "key"), Countries: genWords[string]().Draw(t, "countries"),
			AnnounceAt: genInstant().Draw(t, "announce"), Deadline: genInstant().Draw(t, "deadline"),
			Reminder: rapid.Ptr(genReminder(), true).Draw(t, "reminder"), LastStage: genText().Draw(t, "last"),
			Documents: genDocuments().Draw(t, "documents"), Recorded: terms.Recorded(genText().Draw(t, "recorded")),
			Effect: terms.Effect(genText().Draw(t, "effect")), Message: genTexts().Draw(t, "message"),
		}
	})
}

func genPlan() *rapid.Generator[terms.Plan] {
	extensions := rapid.Custom(func(t *rapid.T) terms.Extensions {
		return terms.Extensions{Max: rapid.Int().Draw(t, "max"), Longest: genDuration().Draw(t, "longest")}
	})
	return rapid.Custom(func(t *rapid.T) terms.Plan {
		return terms.Plan{
			Campaign: genText().Draw(t, "campaign"), Title: genTexts().Draw(t, "title"), Documents: genDocuments().Draw(t, "documents"),
			AnnounceAt: genInstant().Draw(t, "announce"), Deadline: genInstant().Draw(t, "deadline"), NoticePeriod: genDuration().Draw(t, "notice"),
			Audience:   terms.Audience{AccountTypes: genWords[terms.AccountType]().Draw(t, "types"), Bound: genWords[terms.AccountType]().Draw(t, "bound")},
			Extensions: rapid.OneOf(rapid.Just(terms.Extensions{}), rapid.Just(terms.DefaultExtensions()), extensions).Draw(t, "extensions"),
			Mapping:    genMapping().Draw(t, "mapping"),
			Snooze:     terms.Snooze{For: genDuration().Draw(t, "for"), Max: rapid.Int().Draw(t, "max")},
			Grants:     genWords[string]().Draw(t, "grants"), Stages: genList(genStage()).Draw(t, "stages"), Regions: genList(genRegion()).Draw(t, "regions"),
		}
	})
}

// Whatever bytes come in, the answer is a plan that survives a round trip or
// faults that say where.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"full.yaml", "full.json", "broken.yaml"} {
		data, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		plan, err := planfile.Parse(data, nil)
		var faults terms.Faults
		if errors.As(err, &faults) {
			for _, one := range faults {
				if one.Path == "" || one.Detail == "" {
					t.Fatalf("a fault without place or detail: %+v", one)
				}
			}
			return
		}
		if err != nil {
			t.Fatalf("not faults: %v", err)
		}
		out, err := planfile.Format(plan)
		if err != nil {
			t.Fatal(err)
		}
		again, err := planfile.Parse(out, nil)
		if err != nil || !reflect.DeepEqual(plan, again) {
			t.Fatalf("%v\n%s\n%#v\n%#v", err, out, plan, again)
		}
	})
}
