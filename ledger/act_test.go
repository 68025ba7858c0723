package ledger_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"assent/ledger"
	"assent/terms"

	"github.com/gowebpki/jcs"
)

// goldenAct and goldenErasure are the records of testdata/act.json and
// testdata/erasure.json: an act about the person of the golden record, and the
// erasure of that person.
func goldenAct() ledger.Act {
	return ledger.Act{
		ID: "act_0123456789abcdef", At: at("2021-06-01T09:30:00.5Z"), Actor: "mei", Action: "person.exempt", Object: "new-terms-2021",
		Person: golden().Person, Request: "req-42", Details: ledger.Commit(goldenSalt(), goldenActDetails()),
	}
}

func goldenErasure() ledger.Erasure {
	return ledger.Erasure{
		ID: "ers_0123456789abcdef", At: at("2021-07-01T12:00:00Z"), Actor: "mei", Person: golden().Person, Erased: []int64{6, 8},
		Details: ledger.Commit(goldenSalt(), []byte(`{"reason":"art. 17"}`)),
	}
}

func goldenSalt() (salt [32]byte) {
	for i := range salt {
		salt[i] = byte(255 - i)
	}
	return salt
}

func goldenActDetails() []byte {
	data, err := ledger.ActDetails{Before: `{"status": "pending"}`, After: `{"until":"2021-09-01T00:00:00Z","status":"exempt"}`, Reason: "a “hard” case"}.Canonical()
	if err != nil {
		panic(err)
	}
	return data
}

func TestTheGoldenActAndErasureStayAsTheyAre(t *testing.T) {
	t.Parallel()
	act, err := goldenAct().Canonical()
	if err != nil {
		t.Fatal(err)
	}
	erasure, err := goldenErasure().Canonical()
	if err != nil {
		t.Fatal(err)
	}
	doc := string(read(t, "../docs/evidence.md"))
	for name, want := range map[string][]byte{"act.json": act, "act_details.json": goldenActDetails(), "erasure.json": erasure} {
		if *update {
			if err := os.WriteFile("testdata/"+name, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got := read(t, "testdata/"+name); !bytes.Equal(got, want) {
			t.Errorf("%s holds\n%s\nwant\n%s", name, got, want)
		}
		if again, err := jcs.Transform(want); err != nil || !bytes.Equal(again, want) {
			t.Errorf("%s is not RFC 8785: %s (%v)", name, again, err)
		}
		if !strings.Contains(doc, string(want)) {
			t.Errorf("docs/evidence.md does not show %s", name)
		}
	}
}

func TestAnActAndAnErasureComeBackFromTheirBytes(t *testing.T) {
	t.Parallel()
	indent := func(data []byte) []byte {
		var out bytes.Buffer
		if err := json.Indent(&out, data, "", " "); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	raw, err := goldenAct().Canonical()
	if err != nil {
		t.Fatal(err)
	}
	act, canonical, err := ledger.ParseAct(indent(raw))
	if err != nil || act != goldenAct() || !bytes.Equal(canonical, raw) {
		t.Errorf("%+v (%v)", act, err)
	}
	bare := ledger.Act{ID: "act_1", At: at("2021-06-01T09:30:00Z"), Actor: "sweep", Action: "breaker.trip", Details: goldenAct().Details}
	if raw, err = bare.Canonical(); err != nil {
		t.Fatal(err)
	}
	if act, _, err = ledger.ParseAct(raw); err != nil || act != bare {
		t.Errorf("%+v (%v)", act, err)
	}
	if raw, err = goldenErasure().Canonical(); err != nil {
		t.Fatal(err)
	}
	erasure, canonical, err := ledger.ParseErasure(indent(raw))
	if err != nil || !reflect.DeepEqual(erasure, goldenErasure()) || !bytes.Equal(canonical, raw) {
		t.Errorf("%+v (%v)", erasure, err)
	}
	none := goldenErasure()
	none.Erased = nil
	if raw, err = none.Canonical(); err != nil || !bytes.Contains(raw, []byte(`"erased":[]`)) {
		t.Errorf("%s (%v)", raw, err)
	}
}

func TestABadActOrErasureIsRefused(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*ledger.Act){
		"no id":                    func(a *ledger.Act) { a.ID = "" },
		"no actor":                 func(a *ledger.Act) { a.Actor = "" },
		"no action":                func(a *ledger.Act) { a.Action = "" },
		"no time":                  func(a *ledger.Act) { a.At = time.Time{} },
		"a person in the clear":    func(a *ledger.Act) { a.Person = "person-17" },
		"details in the clear":     func(a *ledger.Act) { a.Details = "because" },
		"more than a record holds": func(a *ledger.Act) { a.Object = strings.Repeat("x", ledger.MaxRecord) },
		"a request not in UTF-8":   func(a *ledger.Act) { a.Request = "\xff" },
	} {
		a := goldenAct()
		spoil(&a)
		if raw, err := a.Canonical(); !errors.Is(err, terms.Invalid) {
			t.Errorf("%s: %s, %v", name, raw, err)
		}
	}
	for name, spoil := range map[string]func(*ledger.Erasure){
		"no pseudonym":       func(e *ledger.Erasure) { e.Person = "" },
		"a number twice":     func(e *ledger.Erasure) { e.Erased = []int64{3, 3} },
		"a negative number":  func(e *ledger.Erasure) { e.Erased = []int64{-1} },
		"numbers out of row": func(e *ledger.Erasure) { e.Erased = []int64{4, 2} },
	} {
		e := goldenErasure()
		spoil(&e)
		if raw, err := e.Canonical(); !errors.Is(err, terms.Invalid) {
			t.Errorf("%s: %s, %v", name, raw, err)
		}
	}
}

func TestOneKindOfRecordIsNotReadAsAnother(t *testing.T) {
	t.Parallel()
	response, _ := golden().Canonical()
	act, _ := goldenAct().Canonical()
	erasure, _ := goldenErasure().Canonical()
	for name, data := range map[string][]byte{
		"a response": response, "an erasure": erasure,
		"an act said to be one":  bytes.Replace(act, []byte(`"kind":"act"`), []byte(`"kind":"erasure"`), 1),
		"another format":         bytes.Replace(act, []byte(`"format":1`), []byte(`"format":2`), 1),
		"an empty optional name": bytes.Replace(act, []byte(`"object":"new-terms-2021"`), []byte(`"object":""`), 1),
		"a name twice":           bytes.Replace(act, []byte(`{"action"`), []byte(`{"action":"x","action"`), 1),
	} {
		if got, _, err := ledger.ParseAct(data); err == nil {
			t.Errorf("%s was read as %+v", name, got)
		}
	}
	for name, data := range map[string][]byte{
		"a response": response, "an act": act,
		"a list that is none":   bytes.Replace(erasure, []byte(`[6,8]`), []byte(`null`), 1),
		"a number with a point": bytes.Replace(erasure, []byte(`[6,8]`), []byte(`[6.0,8]`), 1),
	} {
		if got, _, err := ledger.ParseErasure(data); err == nil {
			t.Errorf("%s was read as %+v", name, got)
		}
	}
	for name, data := range map[string][]byte{"an act": act, "an erasure": erasure} {
		if got, _, err := ledger.ParseRecord(data); err == nil {
			t.Errorf("%s was read as %+v", name, got)
		}
	}
}

func TestDetailsOfAnActHoldOnlyWhatThereIs(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]ledger.ActDetails{
		`{}`:                             {},
		`{"reason":"x\ufffd<"}`:          {Reason: "x\xff<"},
		`{"after":[1,{"a":2,"b":null}]}`: {After: `[1, {"b": null, "a": 2}]`},
		`{"after":"new","before":"old"}`: {After: `"new"`, Before: `"old"`},
	} {
		got, err := d.Canonical()
		if err != nil || string(got) != strings.ReplaceAll(want, `\ufffd`, "\ufffd") {
			t.Errorf("%+v: %s (%v)", d, got, err)
		}
	}
	if got, err := (ledger.ActDetails{After: `{"a":`}).Canonical(); err == nil {
		t.Errorf("took what is not JSON as %s", got)
	}
}
