package e2e_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"time"
)

const (
	campaign = "new-terms-2021"
	version  = "2021-01-04"
	// beginning is two days before the announcement.
	beginning = "2021-01-04T00:00:00Z"
)

// plan is the ladder of 2021: people are told on 6 January and asked until
// 15 May; from 19 June, over 14 days, whoever has not chosen loses the chat
// list; 28 days after that, or 17 July, calls and notifications.
const plan = `
campaign: new-terms-2021
title: {en: Our terms are changing, fr: Nos conditions changent}
documents: [{document: terms-of-service, version: "2021-01-04"}, {document: privacy-policy, version: "2021-01-04"}]
announce_at: 2021-01-06T00:00:00Z
deadline: 2021-05-15T00:00:00Z
notice_period: 30d
audience: {account_types: [personal, business]}
snooze: {for: 7d, max: 8}
grants: [business.data_sharing]
stages:
  - {key: announced,  from: announce, reminder: {mode: banner, every: 7d, dismissible: true}}
  - {key: reminded,   after: 0d,      reminder: {mode: banner, every: 7d, dismissible: true}}
  - {key: persistent, after: 28d,     reminder: {mode: full_screen, every_open: true}, final_warning: 24h}
  - {key: limited,    after: 35d, dwell: 7d, spread: 14d, off: [chats.list, chats.history, messages.send, calls.place, business.chat]}
  - {key: suspended_delivery, after: 63d, dwell: 28d, off: [messages.receive, notifications.receive, messages.reply_from_notification, calls.call_back, calls.answer]}
regions:
  - {key: eea-uk, countries: [DE, FR, IE, GB], reminder: {ask_once: true}, last_stage: reminded}
  - {key: turkey, countries: [TR], effect: void, last_stage: announced, message: {en: The new terms are not in force here.}}
`

// texts are the documents of the campaign by name and language. They hold what
// is easily lost on the way: line ends of every kind, blanks before them, an
// accent in two spellings, no line end after the last line.
var texts = map[string]map[string]string{
	"terms-of-service": {
		"en":    "# Terms of Service\r\n\r\nYou may use it.  \nWe may change it.\t\n\n* one\n* two",
		"pt-BR": "# Termos de Serviço\n\nVocê pode usar – e nós podemos mudar 📜.\n\nAtenc\u0327a\u0303o.\n",
	},
	"privacy-policy": {
		"en":    "# Privacy Policy\n\nWe keep little.\n\n\n",
		"pt-BR": "# Política de Privacidade\n\nGuardamos pouco.\n",
	},
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// documents are what a person was shown in a language, as an app says it.
func documents(locale string) []map[string]string {
	var list []map[string]string
	for _, name := range []string{"terms-of-service", "privacy-policy"} {
		list = append(list, map[string]string{"document": name, "version": version, "locale": locale, "sha256": digest(texts[name][locale])})
	}
	return list
}

// publish stores the documents and makes them immutable.
func (s *site) publish() {
	s.Helper()
	for _, document := range slices.Sorted(maps.Keys(texts)) {
		versions := map[string]any{}
		for locale, text := range texts[document] {
			versions[locale] = map[string]string{"markdown": text, "summary": "- Who we share with."}
		}
		at := "/api/v1/documents/" + document + "/versions/" + version
		body := object("title", map[string]string{"en": document}, "material", true, "effective_at", "2021-05-15T00:00:00Z", "texts", versions)
		s.send("PUT", at, body).is(201)
		published := s.send("POST", at+"/publish", "").is(200)
		for locale, text := range texts[document] {
			published.says("texts/"+locale+"/sha256", digest(text))
		}
		s.send("PUT", at, body).problem(409, version)
	}
}

// campaign publishes the documents and puts the plan into force.
func (s *site) campaign() *site {
	s.Helper()
	s.publish()
	s.send("PUT", "/api/v1/campaigns/"+campaign+"/plans", plan, "Content-Type", "application/yaml").is(201).says("plan", 1)
	s.send("POST", "/api/v1/campaigns/"+campaign+"/plans/1/activate", "").is(200).says("plan", 1)
	return s
}

// person adds somebody who has been there for a year.
func (s *site) person(id, region, locale string) {
	s.Helper()
	s.send("POST", "/api/v1/people", object("id", id, "region", region, "locale", locale, "created_at", "2020-01-04T00:00:00Z")).is(201)
}

// clock moves the time of a demonstration.
func (s *site) clock(to string) {
	s.Helper()
	s.send("POST", "/demo/clock", object("to", to)).is(200)
}

// notice reports that a person has seen what their stage has to say.
func (s *site) notice(person string) {
	s.Helper()
	s.send("POST", "/api/v1/people/"+person+"/notices", object("campaign", campaign, "channel", "in_app", "presented", true)).is(201)
}

// standing is where a person stands.
func (s *site) standing(person string) answer {
	s.Helper()
	return s.send("GET", "/api/v1/people/"+person+"/standing", "").is(200)
}

// stands checks the stage and status of somebody.
func (s *site) stands(person, stage, status string) {
	s.Helper()
	s.standing(person).says("campaigns/0/stage", stage, "campaigns/0/status", status)
}

// flag is the value of a person's flag.
func (s *site) flag(person, capability string) any {
	s.Helper()
	return s.send("POST", "/ofrep/v1/evaluate/flags/"+capability, object("context", map[string]string{"targetingKey": person})).is(200).at("value")
}

// off lists a person's flags that are false, in order.
func (s *site) off(person string) []string {
	s.Helper()
	all := s.send("POST", "/ofrep/v1/evaluate/flags", object("context", map[string]string{"targetingKey": person})).is(200)
	flags, _ := all.at("flags").([]any)
	if len(flags) < 20 {
		s.Fatalf("%d flags: %s", len(flags), all.body)
	}
	var off []string
	for _, flag := range flags {
		if at(flag, "value") == false {
			off = append(off, fmt.Sprint(at(flag, "key")))
		}
	}
	slices.Sort(off)
	return off
}

// allowed asks the decision point.
func (s *site) allowed(person, capability string) bool {
	s.Helper()
	question := object("subject", map[string]string{"type": "user", "id": person}, "action", map[string]string{"name": capability}, "resource", map[string]string{"type": "any", "id": "any"})
	return s.send("POST", "/access/v1/evaluation", question).is(200).at("decision") == true
}

// respond records a choice of somebody who was shown the texts in a language.
func (s *site) respond(person, action, locale, once string) answer {
	s.Helper()
	a, err := s.tryRespond(person, action, locale, once)
	if err != nil {
		s.Fatal(err)
	}
	return a
}

// tryRespond is respond for a server that may go away.
func (s *site) tryRespond(person, action, locale, once string) (answer, error) {
	body := object("campaign", campaign, "action", action, "documents", documents(locale), "presented_at", time.Now().UTC().Format(time.RFC3339))
	return s.try("POST", "/api/v1/people/"+person+"/responses", body, idempotencyKey, once)
}

// token opens the messaging layer for somebody.
func (s *site) token(person string) string {
	s.Helper()
	return s.send("POST", "/api/v1/people/"+person+"/messaging-token", "").is(201).text("token")
}

// call calls a method of the messaging layer over HTTP.
func (s *site) call(token, method, params string) answer {
	s.Helper()
	return s.send("POST", "/messaging/v1/rpc/"+method, params, "Authorization", "Bearer "+token)
}

// link is an address that opens the choice page as somebody.
func (s *site) link(person string) string {
	s.Helper()
	return s.send("POST", "/api/v1/people/"+person+"/links", object("campaign", campaign, "purpose", "session")).is(201).text("url")
}

// everywhere checks what holds for flags and decisions alike.
func (s *site) everywhere(person, capability string, on bool) {
	s.Helper()
	if flag, decision := s.flag(person, capability), s.allowed(person, capability); flag != on || decision != on {
		s.Errorf("%s of %s: flag %v, decision %v, want %v", capability, person, flag, decision, on)
	}
}
