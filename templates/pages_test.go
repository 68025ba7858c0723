package templates_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"assent/templates"
)

func newPages(t *testing.T) *templates.Pages {
	t.Helper()
	pages, err := templates.New()
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

func frame(l templates.Locale, pages *templates.Pages) templates.Frame {
	return templates.Frame{Locale: l, Brand: "Harbor", LanguageURL: "/language"}
}

func TestAPageThatFailsWritesNothing(t *testing.T) {
	t.Parallel()
	pages := newPages(t)
	for name, try := range map[string]func(io.Writer) error{
		"unknown page":   func(w io.Writer) error { return pages.Render(w, "people/nowhere", templates.Home{}) },
		"another's view": func(w io.Writer) error { return pages.Render(w, "people/home", struct{ Title string }{"x"}) },
		"no language":    func(w io.Writer) error { return pages.Render(w, "people/home", templates.Home{Title: "Hello"}) },
	} {
		var out bytes.Buffer
		if err := try(&out); err == nil {
			t.Errorf("%s: rendered", name)
		}
		if out.Len() > 0 {
			t.Errorf("%s: wrote %d bytes before failing", name, out.Len())
		}
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("gone away") }

func TestAReaderWhoLeftIsReported(t *testing.T) {
	t.Parallel()
	pages := newPages(t)
	view := templates.Home{Frame: frame(pages.Match("en"), pages), Title: "Hello"}
	if err := pages.Render(brokenWriter{}, "people/home", view); err == nil || !strings.Contains(err.Error(), "gone away") {
		t.Errorf("got %v", err)
	}
}

func TestAssetsAreNamedByContentCompressedAndCachedForEver(t *testing.T) {
	t.Parallel()
	pages := newPages(t)
	var out bytes.Buffer
	view := templates.Home{Frame: frame(pages.Match("en"), pages), Title: "Hello"}
	if err := pages.Render(&out, "people/home", view); err != nil {
		t.Fatal(err)
	}
	url := regexp.MustCompile(`/assets/[0-9a-f]{12}-people\.css`).FindString(out.String())
	request := httptest.NewRequest(http.MethodGet, url, nil)
	request.Header.Set("Accept-Encoding", "br, gzip")
	answer := httptest.NewRecorder()
	pages.Assets().ServeHTTP(answer, request)
	if answer.Code != http.StatusOK || answer.Header().Get("Content-Type") != "text/css; charset=utf-8" ||
		!strings.Contains(answer.Header().Get("Cache-Control"), "immutable") {
		t.Fatalf("%s answered %d %v", url, answer.Code, answer.Header())
	}
	unpacked, err := gzip.NewReader(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if css, err := io.ReadAll(unpacked); err != nil || !bytes.Contains(css, []byte("@layer")) {
		t.Errorf("not our style: %v", err)
	}

	request.Header.Set("If-None-Match", answer.Header().Get("ETag"))
	again := httptest.NewRecorder()
	pages.Assets().ServeHTTP(again, request)
	if again.Code != http.StatusNotModified {
		t.Errorf("the same asset again answered %d", again.Code)
	}
	missing := httptest.NewRecorder()
	pages.Assets().ServeHTTP(missing, httptest.NewRequest(http.MethodGet, "/assets/people.css", nil))
	if missing.Code != http.StatusNotFound {
		t.Errorf("a name without hash answered %d", missing.Code)
	}
}
