package clients_test

import (
	"strings"
	"testing"
)

func TestAnExplanationIsForProgramsAndForPeopleInTheirLanguage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.person("bia", "BR")
	w.limit("bia")
	at := "/api/v1/people/bia/explanation"
	x := w.send("GET", at, "").is(200)
	x.says("person", "bia", "language", "en", "capabilities.0.capability", "chats.list", "capabilities.0.rule", "stage", "capabilities.0.allowed", false,
		"capabilities.0.stage", "limited", "campaigns.0.stage", "limited", "campaigns.0.next.stage", "suspended_delivery",
		"campaigns.0.restore", "Accepting brings everything back at once.", "campaigns.0.accept_url", publicURL+"/t/new-terms-2021")
	for language, parts := range map[string][]string{
		"":                     {"Some features are off", "See the chat list: Because you have not accepted: Our terms are changing. Off since "},
		"fr-CA,fr;q=0.9":       {"Nos conditions changent.", "Voir la liste des discussions :", "Envoyer des messages"},
		"es":                   {"Enviar mensajes", "Our terms are changing"},
		"pt-BR":                {"Enviar mensagens"},
		"ar":                   {"إرسال الرسائل"},
		"hi":                   {"संदेश भेजना"},
		"de, xx;q=0.1, *;q=.0": {"Some features are off"},
	} {
		text := w.send("GET", at, "", "Accept", "text/plain", "Accept-Language", language).is(200)
		for _, part := range parts {
			if part = strings.ReplaceAll(part, " :", ":"); !strings.Contains(text.Body.String(), part) {
				t.Errorf("%q does not say %q:\n%s", language, part, text.Body)
			}
		}
	}
	if spoken := w.send("GET", at, "", "Accept", "text/plain", "Accept-Language", "ar").Header(); spoken.Get("Content-Language") != "ar" || !strings.HasPrefix(spoken.Get("Content-Type"), "text/plain") {
		t.Errorf("%v", spoken)
	}
	w.choose("bia", "accepted", "k").is(201)
	w.send("GET", at, "").is(200).says("words.1", "Everything works.")
	w.send("GET", "/api/v1/people/nobody/explanation", "").is(404)
}
