package tracker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"assent/terms"
)

// maxText is the largest text of a document in bytes.
const maxText = 1 << 20

// Digest is the lower-case hex SHA-256 of a text's exact bytes.
func Digest(markdown string) string {
	sum := sha256.Sum256([]byte(markdown))
	return hex.EncodeToString(sum[:])
}

// PutVersion stores or replaces a draft, its texts byte for byte. Invalid with
// every fault at once; Conflict when the version is published.
func (t *Tracker) PutVersion(ctx context.Context, v Version) (Version, error) {
	if err := checkVersion(v); err != nil {
		return Version{}, err
	}
	for i := range v.Texts {
		v.Texts[i].SHA256 = Digest(v.Texts[i].Markdown)
	}
	slices.SortFunc(v.Texts, func(a, b Text) int { return strings.Compare(a.Locale, b.Locale) })
	err := t.Store.Update(ctx, func(tx Tx) error { return tx.PutVersion(ctx, v) })
	return v, err
}

// Publish makes a draft immutable; NotFound, or Conflict when it is published
// already.
func (t *Tracker) Publish(ctx context.Context, ref terms.DocumentRef, actor string) (Version, error) {
	now := t.instant()
	var v Version
	err := t.Store.Update(ctx, func(tx Tx) error {
		if err := tx.Publish(ctx, ref, now); err != nil {
			return err
		}
		act := Act{At: now, Actor: actor, Action: "version.publish", Object: ref.Document + "@" + ref.Version,
			Before: facts("published", ""), After: facts("published", stamp(now))}
		if err := t.note(ctx, tx, act); err != nil {
			return err
		}
		var err error
		v, err = tx.Version(ctx, ref)
		return err
	})
	return v, err
}

// Version returns a version with its texts.
func (t *Tracker) Version(ctx context.Context, ref terms.DocumentRef) (Version, error) {
	return read(ctx, t, func(r Reader) (Version, error) { return r.Version(ctx, ref) })
}

// Versions lists the versions of a document, or of all for "", newest first.
func (t *Tracker) Versions(ctx context.Context, document string) ([]Version, error) {
	return read(ctx, t, func(r Reader) ([]Version, error) { return r.Versions(ctx, document) })
}

func checkVersion(v Version) error {
	var faults terms.Faults
	add := func(path, format string, args ...any) {
		faults = append(faults, terms.Fault{Path: path, Detail: fmt.Sprintf(format, args...)})
	}
	if !terms.ValidKey(v.Document) {
		add("document", "%q is not a key: use lower-case words joined by dashes", v.Document)
	}
	if !terms.ValidKey(v.Version) {
		add("version", "%q is not a key, such as 2021-01-04 or 4.0", v.Version)
	}
	if len(v.Texts) == 0 {
		add("texts", "give the text in at least one language")
	}
	for _, one := range v.Texts {
		path := "texts." + one.Locale + ".markdown"
		switch {
		case strings.TrimSpace(one.Markdown) == "":
			add(path, "is empty")
		case len(one.Markdown) > maxText:
			add(path, "is longer than %d bytes", maxText)
		case !utf8.ValidString(one.Markdown):
			add(path, "is not UTF-8")
		}
	}
	return faults.OrNil()
}

// TextIn returns the text in a locale, or the closest there is: the same
// language, then English, then the first. ok is false for a version without
// texts.
func (v Version) TextIn(locale string) (Text, bool) {
	byLocale := terms.Texts{}
	for _, text := range v.Texts {
		byLocale[text.Locale] = text.Locale
	}
	chosen := byLocale.In(locale)
	i := slices.IndexFunc(v.Texts, func(text Text) bool { return text.Locale == chosen })
	if i < 0 {
		return Text{}, false
	}
	return v.Texts[i], true
}
