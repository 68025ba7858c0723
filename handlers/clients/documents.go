package clients

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"assent/handlers/web"
	"assent/terms"
	"assent/tracker"
)

// maxVersion is the largest body of a document version: texts in many
// languages.
const maxVersion = 8 << 20

type versionIn struct {
	Title       titles            `json:"title"`
	Material    bool              `json:"material"`
	EffectiveAt time.Time         `json:"effective_at"`
	Texts       map[string]textIn `json:"texts"`
}

type textIn struct {
	Markdown string `json:"markdown"`
	Summary  string `json:"summary"`
}

// titles is a title in one language or several: a string is English.
type titles terms.Texts

// UnmarshalJSON reads a string or an object of strings by locale.
func (t *titles) UnmarshalJSON(data []byte) error {
	if strings.HasPrefix(string(data), `"`) {
		var english string
		err := json.Unmarshal(data, &english)
		*t = titles{"en": english}
		return err
	}
	return json.Unmarshal(data, (*map[string]string)(t))
}

type versionOut struct {
	Document    string             `json:"document"`
	Version     string             `json:"version"`
	Title       terms.Texts        `json:"title"`
	Material    bool               `json:"material"`
	EffectiveAt *time.Time         `json:"effective_at"`
	PublishedAt *time.Time         `json:"published_at"`
	Texts       map[string]textOut `json:"texts"`
}

type textOut struct {
	SHA256   string `json:"sha256"`
	Markdown string `json:"markdown,omitempty"`
	Summary  string `json:"summary,omitempty"`
}

func (in versionIn) version(ref terms.DocumentRef) tracker.Version {
	v := tracker.Version{DocumentRef: ref, Title: terms.Texts(in.Title), Material: in.Material, EffectiveAt: in.EffectiveAt.UTC()}
	for locale, text := range in.Texts {
		v.Texts = append(v.Texts, tracker.Text{Locale: locale, Markdown: text.Markdown, Summary: text.Summary})
	}
	slices.SortFunc(v.Texts, func(a, b tracker.Text) int { return strings.Compare(a.Locale, b.Locale) })
	return v
}

func versionOf(v tracker.Version) versionOut {
	out := versionOut{
		Document: v.Document, Version: v.Version, Title: v.Title, Material: v.Material,
		EffectiveAt: instant(v.EffectiveAt), PublishedAt: instant(v.Published), Texts: map[string]textOut{},
	}
	for _, text := range v.Texts {
		out.Texts[text.Locale] = textOut{text.SHA256, text.Markdown, text.Summary}
	}
	return out
}

// instant is a time as answers carry it: null for none.
func instant(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	at = at.UTC()
	return &at
}

func documentRef(c *gin.Context) terms.DocumentRef {
	return terms.DocumentRef{Document: c.Param("document"), Version: c.Param("version")}
}

func (h *Handlers) putVersion(c *gin.Context, _ tracker.APIKey) error {
	var in versionIn
	if err := web.ReadJSONUpTo(c, maxVersion, &in); err != nil {
		return err
	}
	ref, status := documentRef(c), http.StatusOK
	if _, err := h.Tracker.Version(c.Request.Context(), ref); errors.Is(err, terms.NotFound) {
		status = http.StatusCreated
	}
	v, err := h.Tracker.PutVersion(c.Request.Context(), in.version(ref))
	if err != nil {
		return fmt.Errorf("put version %s of %s: %w", ref.Version, ref.Document, err)
	}
	c.JSON(status, versionOf(v))
	return nil
}

func (h *Handlers) publish(c *gin.Context, k tracker.APIKey) error {
	ref := documentRef(c)
	v, err := h.Tracker.Publish(c.Request.Context(), ref, actor(k))
	if err != nil {
		return fmt.Errorf("publish version %s of %s: %w", ref.Version, ref.Document, err)
	}
	c.JSON(http.StatusOK, versionOf(v))
	return nil
}

func (h *Handlers) getVersion(c *gin.Context, _ tracker.APIKey) error {
	v, err := h.Tracker.Version(c.Request.Context(), documentRef(c))
	if err != nil {
		return fmt.Errorf("get a version: %w", err)
	}
	c.JSON(http.StatusOK, versionOf(v))
	return nil
}

func (h *Handlers) listVersions(c *gin.Context, _ tracker.APIKey) error {
	document := c.Param("document")
	list, err := h.Tracker.Versions(c.Request.Context(), document)
	if err != nil {
		return fmt.Errorf("list versions of %s: %w", document, err)
	}
	if len(list) == 0 {
		return terms.Errorf(terms.NotFound, "document %q does not exist", document)
	}
	out := make([]versionOut, len(list))
	for i, v := range list {
		out[i] = versionOf(v)
	}
	c.JSON(http.StatusOK, gin.H{"document": document, "versions": out})
	return nil
}
