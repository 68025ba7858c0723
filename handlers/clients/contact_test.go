package clients_test

import (
	"strings"
	"testing"
)

func TestAContactIsGivenOnImportReadChangedAndForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.send("POST", "/api/v1/people", `{"id":"u1","region":"BR","locale":"pt-BR","contact":{"email":"ana@example.org","channels":["email"],"zone":"America/Sao_Paulo"}}`).is(201)
	got := w.send("GET", "/api/v1/people/u1/contact", "").is(200)
	if got.at("email") != "ana@example.org" || got.at("zone") != "America/Sao_Paulo" || got.at("reminders") != true || got.at("bounced_at") != nil {
		t.Errorf("%s", got.Body)
	}
	if person := w.send("GET", "/api/v1/people/u1", "").is(200).Body.String(); strings.Contains(person, "ana@example.org") {
		t.Errorf("the address is part of %s", person)
	}
	w.send("POST", "/api/v1/people", `{"id":"u1","region":"BR","locale":"pt-BR"}`).is(201)
	if w.send("GET", "/api/v1/people/u1/contact", "").is(200).at("email") != "ana@example.org" {
		t.Error("an import without a contact has changed it")
	}
	w.send("PUT", "/api/v1/people/u1/contact", `{"email":"new@example.org"}`).is(200)
	if w.send("GET", "/api/v1/people/u1/contact", "").is(200).at("email") != "new@example.org" {
		t.Error("the contact was not changed")
	}
	w.send("DELETE", "/api/v1/people/u1/contact", "").is(204)
	w.send("DELETE", "/api/v1/people/u1/contact", "").is(204)
	w.send("GET", "/api/v1/people/u1/contact", "").is(404)
	w.send("PUT", "/api/v1/people/nobody/contact", `{}`).is(404)
	if strings.Contains(w.log.String(), "example.org\",") || strings.Contains(w.log.String(), "ana@") {
		t.Errorf("the log holds an address:\n%s", w.log)
	}
}

func TestAnAddressThatCouldBecomeMoreThanAnAddressIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.person("u1", "BR")
	for _, bad := range []string{
		"nobody", "@example.org", "a@", "a@b", "a@example.org\\r\\nBcc: all@example.org", "a@example.org\\nX: y", "a b@example.org", "a@exa mple.org",
		"<a@example.org>", "Ana <a@example.org>", "a@example.org,b@example.org", "a@example.org;b@example.org", `\"a b\"@example.org`, "a@[127.0.0.1]",
		"a@example.org.", "a@.example.org", "a@-x.org", "a..b@example.org", ".a@example.org", "ünï@example.org", "a@exämple.org", "a%0d%0a@exam ple.org",
		strings.Repeat("a", 65) + "@example.org", "a@" + strings.Repeat("b", 64) + ".org", "a@" + strings.Repeat("b.", 126) + "org", "a\\u0000@example.org", "a@example.org\\u2028",
	} {
		w.send("PUT", "/api/v1/people/u1/contact", `{"email":"`+bad+`"}`).is(422).mentions("contact.email")
	}
	for _, body := range []string{`{"channels":["fax"]}`, `{"zone":"Mars/Olympus"}`, `{"zone":"../etc/passwd"}`, `{"zone":"Local"}`} {
		w.send("PUT", "/api/v1/people/u1/contact", body).is(422).mentions("contact.")
	}
	for _, good := range []string{"a@example.org", "first.last+tag@sub.example.co.uk", "o'brien_%x=1@xn--exmple-cua.org", strings.Repeat("a", 64) + "@example.org"} {
		w.send("PUT", "/api/v1/people/u1/contact", `{"email":"`+good+`"}`).is(200)
	}
}
