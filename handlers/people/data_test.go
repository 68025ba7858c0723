package people_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"assent/tracker"
)

func TestPeopleDownloadWhatIsHeldOnThemAndWhatProvesTheirChoices(t *testing.T) {
	t.Parallel()
	w := open(t, ana(), tracker.Person{ID: "ben", Country: "DE", Locale: "de"})
	b := w.signedIn("ana")
	before := b.get("/me/terms?lang=en")
	if !strings.Contains(before.body, `href="/me/terms/data.json"`) || strings.Contains(before.body, "evidence.zip") {
		t.Errorf("before a choice: %s", before.body)
	}
	if got := b.get("/me/terms/evidence.zip"); got.status != http.StatusNotFound {
		t.Errorf("evidence of no choice: %d", got.status)
	}
	b.post(choicePage, b.get(choicePage+"?lang=en").form("accepted"))
	for tag, words := range map[string]string{
		"en": "Download what we hold on you", "fr": "Télécharger les preuves", "es": "Tus datos", "pt-BR": "Baixar", "ar": "تنزيل", "hi": "डाउनलोड",
	} {
		if mine := b.get("/me/terms?lang=" + tag); !strings.Contains(mine.body, words) || !strings.Contains(mine.body, `href="/me/terms/evidence.zip"`) {
			t.Errorf("my terms in %s do not say %q", tag, words)
		}
	}
	var file struct {
		Person string
		MadeAt time.Time `json:"made_at"`
		Held   map[string][]map[string]any
	}
	data := b.get("/me/terms/data.json")
	if err := json.Unmarshal([]byte(data.body), &file); err != nil || file.Person != "ana" || file.MadeAt.IsZero() {
		t.Fatalf("%+v, %v in %s", file, err, data.body)
	}
	if len(file.Held["responses"]) != 1 || file.Held["people"][0]["id"] != "ana" || strings.Contains(data.body, `"ben"`) {
		t.Errorf("held: %s", data.body)
	}
	pack := b.get("/me/terms/evidence.zip").body
	if _, err := zip.NewReader(bytes.NewReader([]byte(pack)), int64(len(pack))); err != nil {
		t.Error(err)
	}
	for _, path := range []string{"/me/terms/data.json", "/me/terms/evidence.zip"} {
		if got := w.browser().get(path); got.status != http.StatusUnauthorized {
			t.Errorf("a stranger gets %s: %d", path, got.status)
		}
	}
	if acts, err := w.ActList(t.Context(), tracker.ActQuery{Limit: 1}); err != nil || len(acts) > 0 && acts[0].Person == "ana" {
		t.Errorf("reading one's own is no act of staff: %+v, %v", acts, err)
	}
}
