package tracker_test

import (
	"testing"

	"assent/terms"
	"assent/tracker"
)

func TestTheVersionBeforeIsTheOneThatIsPublishedNow(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR")
		other := w.beside()
		ref := plan().Documents[0]
		before := func() string {
			o, err := w.Offer(t.Context(), "p-0", campaign)
			w.must(err)
			if len(o.Versions) != 2 || o.Versions[0].DocumentRef != ref || len(o.Versions[0].Texts) != 2 {
				t.Fatalf("asked about %+v", o.Versions)
			}
			alone, err := w.Earlier(t.Context(), ref)
			if found := err == nil; found != (o.Earlier[ref] != "") || found && alone != o.Earlier[ref] {
				t.Fatalf("before %s came %q, and asked alone %q (%v)", ref.Version, o.Earlier[ref], alone, err)
			}
			return o.Earlier[ref]
		}
		if got := before(); got != "" {
			t.Fatalf("before the first came %q", got)
		}
		was := ""
		for _, version := range []string{"2018", "2020", "2019", "2022"} { // each at another process
			v := tracker.Version{DocumentRef: terms.DocumentRef{Document: ref.Document, Version: version}, Title: terms.Texts{"en": "Terms"}, Texts: []tracker.Text{{Locale: "en", Markdown: "Be kind."}}}
			_, err := other.PutVersion(t.Context(), v)
			w.must(err)
			if got := before(); got == version {
				t.Fatalf("the draft %s came before", got)
			}
			_, err = other.Publish(t.Context(), v.DocumentRef, "mei")
			w.must(err)
			if want := max(version, was); version < ref.Version && before() != want {
				t.Fatalf("%s is published, and before comes %q, not %s", version, before(), want)
			}
			was = before()
		}
		if got := before(); got != "2020" {
			t.Fatalf("before comes %q", got)
		}
	})
}
