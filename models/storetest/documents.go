package storetest

import (
	"time"

	"assent/terms"
	"assent/tracker"
)

func version(document, name string) tracker.Version {
	return tracker.Version{
		DocumentRef: terms.DocumentRef{Document: document, Version: name},
		Title:       terms.Texts{"en": "Terms of service", "hi": "सेवा की शर्तें"}, Material: true, EffectiveAt: noon,
		Texts: []tracker.Text{
			{Locale: "ar", Markdown: "# شروط\r\n", Summary: "ملخص", SHA256: "aa"},
			{Locale: "en", Markdown: "\xff not UTF-8, \x00, no newline", Summary: "What changes", SHA256: "bb"},
			{Locale: "pt-BR", Markdown: "", Summary: "", SHA256: "cc"},
		},
	}
}

func (s *store) version(ref terms.DocumentRef) tracker.Version {
	s.Helper()
	return get(s, func(r tracker.Reader) (tracker.Version, error) { return r.Version(s.ctx, ref) })
}

func draftsAreKeptByteForByteAndReplaced(s *store) {
	v := version("terms", "1")
	missing(s, func(r tracker.Reader) (tracker.Version, error) { return r.Version(s.ctx, v.DocumentRef) })
	s.update(func(tx tracker.Tx) error { return tx.PutVersion(s.ctx, v) })
	s.same("draft", s.version(v.DocumentRef), v)

	v.Title, v.Material, v.EffectiveAt, v.Texts = terms.Texts{"en": "Terms"}, false, noon.Add(time.Hour), v.Texts[:1]
	s.update(func(tx tracker.Tx) error { return tx.PutVersion(s.ctx, v) })
	s.same("replaced draft", s.version(v.DocumentRef), v)
}

func publishedVersionsCannotBeChanged(s *store) {
	v := version("terms", "1")
	s.refused(terms.NotFound, func(tx tracker.Tx) error { return tx.Publish(s.ctx, v.DocumentRef, noon) })
	s.update(func(tx tracker.Tx) error { return tx.PutVersion(s.ctx, v) })
	s.update(func(tx tracker.Tx) error { return tx.Publish(s.ctx, v.DocumentRef, noon) })
	v.Published = noon
	s.same("published", s.version(v.DocumentRef), v)

	s.refused(terms.Conflict, func(tx tracker.Tx) error { return tx.Publish(s.ctx, v.DocumentRef, noon.Add(time.Hour)) })
	s.refused(terms.Conflict, func(tx tracker.Tx) error {
		changed := version("terms", "1")
		changed.Texts[0].Markdown = "something else"
		return tx.PutVersion(s.ctx, changed)
	})
	s.same("published", s.version(v.DocumentRef), v)
}

func aVersionHasOneTextPerLocale(s *store) {
	v := version("terms", "1")
	v.Texts = append(v.Texts, v.Texts[0])
	s.refused(terms.Conflict, func(tx tracker.Tx) error { return tx.PutVersion(s.ctx, v) })
	missing(s, func(r tracker.Reader) (tracker.Version, error) { return r.Version(s.ctx, v.DocumentRef) })
}

func versionsAreListedNewestFirstWithoutTheirMarkdown(s *store) {
	list := func(document string) []tracker.Version {
		return get(s, func(r tracker.Reader) ([]tracker.Version, error) { return r.Versions(s.ctx, document) })
	}
	s.same("no versions", list(""), []tracker.Version{})
	var want []tracker.Version
	for i, name := range []string{"3", "2", "1"} {
		v := version("terms", name)
		v.EffectiveAt = noon.AddDate(0, -i, 0)
		s.update(func(tx tracker.Tx) error { return tx.PutVersion(s.ctx, v) })
		for j := range v.Texts {
			v.Texts[j].Markdown = ""
		}
		want = append(want, v)
	}
	other := version("privacy", "2")
	other.Texts, other.EffectiveAt = nil, noon.AddDate(0, 1, 0)
	s.update(func(tx tracker.Tx) error { return tx.PutVersion(s.ctx, other) })
	s.same("versions of one document", list("terms"), want)
	s.same("all versions", list(""), append([]tracker.Version{other}, want...))
	s.same("versions of no document", list("cookies"), []tracker.Version{})
}
