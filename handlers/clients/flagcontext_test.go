package clients_test

import (
	"strings"
	"testing"

	"assent/terms"
	"assent/tracker"
)

// declaring is a world in which one capability declares what it wants to know of
// a request, and somebody whom nothing restricts yet.
func declaring(t *testing.T) *world {
	t.Helper()
	w := newWorldOn(t, "sqlite:"+t.TempDir()+"/assent.db", func(d *tracker.Deps) {
		for i := range d.Catalogue {
			if c := &d.Catalogue[i]; c.Key == "calls.place" {
				c.Context = []terms.Condition{{Member: "platform", Is: []string{"web", "7", "true"}, Value: terms.BoolValue(false)}}
			}
		}
	})
	w.campaign()
	w.person("u1", "BR")
	return w
}

// asking is a request with more in its context than whom it is about.
func asking(more string) string { return `{"context":{` + more + `"targetingKey":"u1"}}` }

func TestContextCountsWhereACapabilityDeclaresIt(t *testing.T) {
	t.Parallel()
	w := declaring(t)
	for more, left := range map[string]bool{
		``: true, `"platform":"ios",`: true, `"Platform":"web",`: true, `"country":"web",`: true, `"platform":null,`: true, `"platform":["web"],`: true, `"platform":{"web":1},`: true,
		`"platform":"web",`: false, `"platform":7,`: false, `"platform":true,`: false,
	} {
		w := w.in(t)
		one := w.send("POST", bulk+"/calls.place", asking(more)).is(200).says("value", left)
		all := w.send("POST", bulk, asking(more)).is(200).Body.String()
		if !strings.Contains(all, one.Body.String()) {
			t.Errorf("%s: %s is not in %s", more, one.Body, all)
		}
		if !left {
			one.says("reason", "TARGETING_MATCH", "variant", "context")
		}
		w.send("POST", bulk+"/messages.send", asking(more)).is(200).says("value", true)
	}
	decision := `{"subject":{"type":"user","id":"u1"},"action":{"name":"calls.place"},"resource":{"type":"call","id":"c"},"context":{"platform":"web"}}`
	w.send("POST", "/access/v1/evaluation", decision).is(200).says("decision", true)
}

func TestWhatAStageTookStaysAwayWhateverTheContext(t *testing.T) {
	t.Parallel()
	w := declaring(t)
	w.limit("u1")
	for _, more := range []string{``, `"platform":"ios",`, `"platform":"web",`} {
		w.send("POST", bulk+"/calls.place", asking(more)).is(200).says("value", false, "variant", "limited")
	}
}

func TestTheTagCoversTheContextThatCounts(t *testing.T) {
	t.Parallel()
	w := declaring(t)
	tag := func(more string) string {
		return w.send("POST", bulk, asking(more)).is(200).Header().Get("ETag")
	}
	plain, web := tag(``), tag(`"platform":"web",`)
	if plain == web || tag(`"platform":"ios","anything":1,`) != plain || tag(`"platform":7,`) != web {
		t.Fatalf("%s and %s", plain, web)
	}
	w.send("POST", bulk, asking(`"platform":"web",`), "If-None-Match", web).is(304)
	w.send("POST", bulk, asking(`"platform":"web",`), "If-None-Match", plain).is(200)
	w.send("POST", bulk, asking(``), "If-None-Match", web).is(200)
	// A notice names the person's own tag: it is no other answer than the one there is.
	told := "?flagConfigEtag=" + strings.Trim(plain, `"`)
	w.send("POST", bulk+told, asking(`"platform":"web",`), "If-None-Match", web).is(304)
	w.reach(date(2021, 1, 7))
	w.send("POST", bulk, asking(`"platform":"web",`), "If-None-Match", web).is(200)
}

func TestAReaderWithAContextIsNotToldWhatItKnows(t *testing.T) {
	t.Parallel()
	w := declaring(t)
	server := w.serve()
	path := w.send("POST", bulk, asking(`"platform":"web",`)).is(200).at("eventStreams.0.endpoint.requestUri").(string)
	reader := w.listen(server, path, "")
	reader.next("retry: ")
	w.choose("u1", "declined", "k").is(201)
	w.reach(date(2021, 1, 7))
	if id := reader.notice(); id == "" {
		t.Fatal("no notice")
	}
}
