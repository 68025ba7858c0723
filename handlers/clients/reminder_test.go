package clients_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

func TestAnAppLearnsWhatToShowAndInWhichOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.person("u1", "BR")
	const path = "/api/v1/people/u1/reminders/new-terms-2021"
	w.send("GET", path, "").is(200).says("mode", "none") // nothing is announced yet
	w.reach(date(2021, 1, 7))
	shown := w.send("GET", path+"?lang=en", "").is(200)
	shown.says("mode", "banner", "dismissible", true, "direction", "ltr", "locale", "en", "title", "Our terms are changing",
		"url", publicURL+"/t/new-terms-2021?lang=en", "documents.0.sha256", documents()[0]["sha256"],
		"actions.0.action", "accepted", "actions.1.action", "declined", "actions.2.action", "later", "actions.0.label", "Accept new terms")
	if sentence := shown.at("sentence").(string); !strings.HasPrefix(sentence, "By choosing Accept new terms you agree to these texts of Harbor, from 15 May 2021:") {
		t.Errorf("the sentence is %q", sentence)
	}
	if w.send("GET", path+"?lang=ar", "").is(200).says("direction", "rtl", "locale", "ar").at("title") == "" {
		t.Error("no title")
	}
	piece := w.send("GET", path+"?lang=en", "", "Accept", "text/html").is(200).Body.String()
	for _, want := range []string{
		`<section class="assent-reminder" data-campaign="new-terms-2021" data-mode="banner" data-dismissible="true" data-every-open="false" data-next-at="2021-05-15T00:00:00Z" lang="en" dir="ltr"`,
		`<a href="` + publicURL + `/t/new-terms-2021?lang=en">See the terms and choose</a>`,
	} {
		if !strings.Contains(piece, want) {
			t.Errorf("the piece of HTML lacks %s: %s", want, piece)
		}
	}
	// The choices of the JSON, in its order and words, each a link to the buttons.
	var links []string
	for i := range 3 {
		a := shown.at("actions." + strconv.Itoa(i)).(map[string]any)
		links = append(links, fmt.Sprintf(`<li><a href="%s/t/new-terms-2021?lang=en#choice" data-action="%s">%s</a></li>`, publicURL, a["action"], a["label"]))
	}
	if list := strings.Join(strings.Fields(piece), " "); !strings.Contains(list, strings.Join(links, " ")+" </ul>") {
		t.Errorf("the piece of HTML does not end in %s: %s", links, piece)
	}
	back := w.send("GET", path+"?lang=en&return=harbor%3A%2F%2Fsettings", "").is(200).at("url")
	if back != publicURL+"/t/new-terms-2021?return=harbor%3A%2F%2Fsettings&lang=en" {
		t.Errorf("the way back is lost in %s", back)
	}
	if strings.Contains(piece, "<html") || strings.Contains(piece, "<link") {
		t.Errorf("it is a whole page: %s", piece)
	}
	w.choose("u1", "accepted", "k1").is(201)
	if piece := w.send("GET", path, "", "Accept", "text/html").is(200).Body.String(); piece != "" {
		t.Errorf("nothing is asked, and still it shows %s", piece)
	}
	w.send("GET", path, "").is(200).says("mode", "none")
	w.send("GET", "/api/v1/people/nobody/reminders/new-terms-2021", "").is(404)
}
