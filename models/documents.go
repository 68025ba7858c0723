package models

import (
	"context"
	"fmt"
	"time"

	"assent/terms"
	"assent/tracker"
)

type versionRow struct {
	Document    string
	Version     string
	Title       object[terms.Texts]
	Material    bool
	EffectiveAt instant
	Published   instant
}

func (versionRow) TableName() string { return "versions" }

func (v versionRow) version() tracker.Version {
	return tracker.Version{
		DocumentRef: terms.DocumentRef{Document: v.Document, Version: v.Version},
		Title:       v.Title.it, Material: v.Material,
		EffectiveAt: v.EffectiveAt.time(), Published: v.Published.time(),
	}
}

type textRow struct {
	Document string
	Version  string
	Locale   string
	Markdown []byte
	Summary  string
	SHA256   string
}

func (textRow) TableName() string { return "texts" }

func (t textRow) text() tracker.Text {
	return tracker.Text{Locale: t.Locale, Markdown: string(t.Markdown), Summary: t.Summary, SHA256: t.SHA256}
}

func nameOf(ref terms.DocumentRef) string {
	return fmt.Sprintf("version %q of %q", ref.Version, ref.Document)
}

func (r reader) Version(ctx context.Context, ref terms.DocumentRef) (tracker.Version, error) {
	var row versionRow
	err := r.in(ctx).Take(&row, "document = ? AND version = ?", ref.Document, ref.Version).Error
	if err != nil {
		return tracker.Version{}, r.translate(err, nameOf(ref))
	}
	var texts []textRow
	err = r.in(ctx).Order("locale").Find(&texts, "document = ? AND version = ?", ref.Document, ref.Version).Error
	v := row.version()
	for _, text := range texts {
		v.Texts = append(v.Texts, text.text())
	}
	return v, r.translate(err, nameOf(ref))
}

// Versions takes the date of effect for age; of equal ones the higher version
// is the newer.
func (r reader) Versions(ctx context.Context, document string) ([]tracker.Version, error) {
	var rows []versionRow
	var texts []textRow
	versions := r.in(ctx).Order("effective_at DESC, version DESC, document")
	light := r.in(ctx).Select("document", "version", "locale", "summary", "sha256").Order("locale")
	if document != "" {
		versions, light = versions.Where("document = ?", document), light.Where("document = ?", document)
	}
	if err := versions.Find(&rows).Error; err != nil {
		return nil, r.translate(err, "versions")
	}
	if err := light.Find(&texts).Error; err != nil {
		return nil, r.translate(err, "texts")
	}
	byRef := map[terms.DocumentRef][]tracker.Text{}
	for _, text := range texts {
		ref := terms.DocumentRef{Document: text.Document, Version: text.Version}
		byRef[ref] = append(byRef[ref], text.text())
	}
	list := make([]tracker.Version, len(rows))
	for i, row := range rows {
		list[i] = row.version()
		list[i].Texts = byRef[list[i].DocumentRef]
	}
	return list, nil
}

func (t *tx) PutVersion(ctx context.Context, v tracker.Version) error {
	name := nameOf(v.DocumentRef)
	published := func() error {
		return terms.Errorf(terms.Conflict, "%s is published and cannot be changed: publish a new version", name)
	}
	err := t.set(ctx, name, published, `INSERT INTO versions (document, version, title, material, effective_at, published)
		VALUES (?, ?, ?, ?, ?, 0)
		ON CONFLICT (document, version) DO UPDATE
		SET title = excluded.title, material = excluded.material, effective_at = excluded.effective_at
		WHERE versions.published = 0`,
		v.Document, v.Version, object[terms.Texts]{v.Title}, v.Material, at(v.EffectiveAt))
	if err != nil {
		return err
	}
	if err := t.exec(ctx, name, "DELETE FROM texts WHERE document = ? AND version = ?", v.Document, v.Version); err != nil {
		return err
	}
	if len(v.Texts) == 0 {
		return nil
	}
	rows := make([]textRow, len(v.Texts))
	for i, text := range v.Texts {
		rows[i] = textRow{v.Document, v.Version, text.Locale, []byte(text.Markdown), text.Summary, text.SHA256}
	}
	return t.insert(ctx, "a text of "+name, &rows)
}

func (t *tx) Publish(ctx context.Context, ref terms.DocumentRef, when time.Time) error {
	missed := func() error {
		if _, err := t.Version(ctx, ref); err != nil {
			return err
		}
		return terms.Errorf(terms.Conflict, "%s is published already", nameOf(ref))
	}
	return t.set(ctx, nameOf(ref), missed,
		"UPDATE versions SET published = ? WHERE document = ? AND version = ? AND published = 0",
		at(when), ref.Document, ref.Version)
}
