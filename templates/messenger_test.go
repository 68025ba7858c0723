package templates_test

import (
	"bytes"
	"strings"
	"testing"

	"assent/templates"
)

func messenger() templates.Messenger {
	ana := templates.MessengerName{ID: "ana", Name: "Ana", Place: "Brazil"}
	ben := templates.MessengerName{ID: "ben", Name: "Ben <script>", Place: "Germany"}
	return templates.Messenger{
		Brand: "Harbor", Socket: "/messaging/websocket", Now: day("2021-01-10 09:00"), Next: day("2021-05-15 00:00"), Back: "/messenger",
		Links: []templates.Link{{URL: "/staff", Text: "Staff console", Note: "demo"}},
		Phones: []templates.MessengerPhone{
			{MessengerName: ana, Token: "t0k3n", ReviewURL: "/l/ana", Contacts: []templates.MessengerName{ben}},
			{MessengerName: ben, Token: "t1k3n", ReviewURL: "/l/ben", Contacts: []templates.MessengerName{ana}},
		},
		Choices: []templates.MessengerName{ana, ben, {ID: "cy", Name: "Cy"}},
		Stages:  []templates.MessengerStage{{Key: "announced", Name: "Announced", Text: "Everything works."}, {Key: "limited", Name: "Limited", Text: "No chat list."}},
	}
}

func TestTheMessengerRendersFullAndEmptyWithoutAnythingInline(t *testing.T) {
	t.Parallel()
	pages := newPages(t)
	for name, view := range map[string]templates.Messenger{"full": messenger(), "empty": {Now: day("2021-01-10 09:00")}} {
		var out bytes.Buffer
		if err := pages.Render(&out, "messenger/index", view); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		html := strings.ReplaceAll(out.String(), " defer>", ` defer="">`)
		if err := wellFormed(html); err != nil {
			t.Errorf("%s: not well-formed: %v", name, err)
		}
		for _, never := range []string{"<style", " style=", " onclick", "javascript:", "<no value>", "ZgotmplZ", "Ben <script>"} {
			if strings.Contains(html, never) {
				t.Errorf("%s: holds %q", name, never)
			}
		}
		if n := strings.Count(html, "<script"); n != strings.Count(html, `<script src="/assets/`) {
			t.Errorf("%s: a script that is no file of ours", name)
		}
		if got := strings.Count(html, `class="phone"`); got != len(view.Phones) {
			t.Errorf("%s: %d phones", name, got)
		}
	}
}

func TestTheMessengerWorksItsClockWithoutScripts(t *testing.T) {
	t.Parallel()
	pages := newPages(t)
	var out bytes.Buffer
	if err := pages.Render(&out, "messenger/index", messenger()); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		`<form method="post" action="/demo/clock"`, `name="back" value="/messenger"`, `name="advance" value="1d"`,
		`name="advance" value="7d"`, `name="to" value="2021-05-15T00:00:00Z"`, `<option value="cy">`,
	} {
		if !strings.Contains(out.String(), part) {
			t.Errorf("no %s", part)
		}
	}
}
