package ledger_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"assent/ledger"
	"assent/terms"

	"github.com/gowebpki/jcs"
	"pgregory.net/rapid"
)

func anyRecord() *rapid.Generator[ledger.Record] {
	return rapid.Custom(func(t *rapid.T) ledger.Record {
		text := rapid.StringN(1, 60, -1)
		instant := rapid.Map(rapid.Int64Range(1, 250_000_000_000_000_000), func(us int64) time.Time { return time.UnixMicro(us).UTC() })
		maybe := func(s string, name string) string {
			if rapid.Bool().Draw(t, name) {
				return s
			}
			return ""
		}
		sha := rapid.Map(text, digest)
		r := ledger.Record{
			ReceiptID: text.Draw(t, "id"), Campaign: text.Draw(t, "campaign"), Plan: rapid.IntRange(1, 1<<50).Draw(t, "plan"),
			Action:      rapid.SampledFrom([]terms.Action{terms.Accept, terms.Decline, terms.Withdraw}).Draw(t, "action"),
			Snapshot:    maybe(sha.Draw(t, "snapshot"), "has snapshot"),
			Sentence:    maybe(text.Draw(t, "sentence"), "has sentence"),
			ButtonLabel: maybe(text.Draw(t, "label"), "has label"),
			Method:      ledger.MethodAPI, Actor: text.Draw(t, "actor"), ReceivedAt: instant.Draw(t, "received"),
			Stage: text.Draw(t, "stage"), Region: maybe(text.Draw(t, "region"), "has region"), Effect: terms.Void,
			Person: sha.Draw(t, "person"), Details: sha.Draw(t, "details"),
		}
		for range rapid.IntRange(1, 3).Draw(t, "documents") {
			r.Documents = append(r.Documents, terms.DocumentText{
				Document: text.Draw(t, "document"), Version: text.Draw(t, "version"), Locale: text.Draw(t, "locale"), SHA256: sha.Draw(t, "sha256"),
			})
		}
		if rapid.Bool().Draw(t, "presented") {
			r.PresentedAt, r.RespondedAt = instant.Draw(t, "presented at"), instant.Draw(t, "responded at")
		}
		return r
	})
}

func TestARecordComesBackFromItsCanonicalBytes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		record := anyRecord().Draw(rt, "record")
		raw, err := record.Canonical()
		if err != nil {
			rt.Fatal(err)
		}
		again, err := jcs.Transform(raw)
		if err != nil || !bytes.Equal(again, raw) {
			rt.Fatalf("not RFC 8785: %s becomes %s (%v)", raw, again, err)
		}
		var indented bytes.Buffer
		if err := json.Indent(&indented, raw, "", "  "); err != nil {
			rt.Fatal(err)
		}
		got, canonical, err := ledger.ParseRecord(indented.Bytes())
		if err != nil || !bytes.Equal(raw, canonical) || !reflect.DeepEqual(got, record) {
			rt.Fatalf("%+v became %+v (%v)", record, got, err)
		}
	})
}

func TestLineSeparatorsAreWrittenAsTheyAre(t *testing.T) {
	t.Parallel()
	r := golden()
	r.Sentence = "a\u2028b\u2029c\\u2028<&>\x7f\x00\b\f\t\ufffd"
	raw, err := r.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	want := "\"sentence\":\"a\u2028b\u2029c\\\\u2028<&>\x7f\\u0000\\b\\f\\t\ufffd\""
	if !strings.Contains(string(raw), want) {
		t.Errorf("%s does not hold %s", raw, want)
	}
	if got, _, err := ledger.ParseRecord(raw); err != nil || got.Sentence != r.Sentence {
		t.Errorf("came back as %q (%v)", got.Sentence, err)
	}
}

func TestARecordNamesEveryFault(t *testing.T) {
	t.Parallel()
	_, err := ledger.Record{Documents: []terms.DocumentText{{}}, Sentence: "\xff", Snapshot: "ABC"}.Canonical()
	if !errors.Is(err, terms.Invalid) {
		t.Fatalf("%v is not of kind invalid", err)
	}
	for _, path := range []string{
		"receipt_id", "campaign", "plan", "action", "documents[0].document", "documents[0].version", "documents[0].locale",
		"documents[0].sha256", "snapshot_sha256", "sentence", "method", "actor", "received_at", "stage", "person", "details",
	} {
		if !strings.Contains("\n"+err.Error(), "\n"+path+": ") {
			t.Errorf("%s is not among the faults:\n%v", path, err)
		}
	}
}

func TestABadFieldIsRefused(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*ledger.Record){
		"no documents":              func(r *ledger.Record) { r.Documents = nil },
		"upper-case hash":           func(r *ledger.Record) { r.Documents[0].SHA256 = strings.ToUpper(r.Documents[0].SHA256) },
		"short pseudonym":           func(r *ledger.Record) { r.Person = r.Person[1:] },
		"unknown action":            func(r *ledger.Record) { r.Action = "ignored" },
		"unknown method":            func(r *ledger.Record) { r.Method = "telepathy" },
		"acceptance without effect": func(r *ledger.Record) { r.Effect = "" },
		"unknown effect":            func(r *ledger.Record) { r.Action, r.Effect = terms.Decline, "some" },
		"text that is not UTF-8":    func(r *ledger.Record) { r.ButtonLabel = "Accept\xc3" },
		"no time":                   func(r *ledger.Record) { r.ReceivedAt = time.Time{} },
		"a year of five digits":     func(r *ledger.Record) { r.PresentedAt = time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC) },
		"plan 0":                    func(r *ledger.Record) { r.Plan = 0 },
		"plan 2^53":                 func(r *ledger.Record) { r.Plan = ledger.MaxSize + 1 },
		"more than a bundle takes":  func(r *ledger.Record) { r.Sentence = strings.Repeat("x", ledger.MaxRecord) },
	} {
		r := golden()
		spoil(&r)
		if raw, err := r.Canonical(); !errors.Is(err, terms.Invalid) {
			t.Errorf("%s: %s, %v", name, raw, err)
		}
	}
	r := golden()
	r.Action, r.Effect = terms.Withdraw, ""
	if _, err := r.Canonical(); err != nil {
		t.Errorf("a withdrawal needs no effect: %v", err)
	}
}

func TestTheLimitsOfARecordAreWithinIt(t *testing.T) {
	t.Parallel()
	r := golden()
	r.Plan, r.PresentedAt = ledger.MaxSize, time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	raw, err := r.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	r.Sentence += strings.Repeat("x", ledger.MaxRecord-len(raw))
	if raw, err = r.Canonical(); err != nil || len(raw) != ledger.MaxRecord {
		t.Fatalf("%d bytes, %v", len(raw), err)
	}
	if _, _, err := ledger.ParseRecord(raw); err != nil {
		t.Error(err)
	}
	b := newBook()
	b.append(t, raw)
	bundle, err := ledger.Bundle([][]byte{raw})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ledger.ParseBundle(bundle); err != nil || !bytes.Equal(got[0], raw) {
		t.Errorf("bundled %d bytes (%v)", len(got[0]), err)
	}
	longer := bytes.Replace(raw, []byte("xxx"), []byte("xxxx"), 1)
	if _, _, err := ledger.ParseRecord(longer); err == nil {
		t.Error("a record larger than the log takes was read")
	}
}

func TestOnlyOneFormOfARecordIsRead(t *testing.T) {
	t.Parallel()
	raw, err := golden().Canonical()
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"an unknown field":        {`{"action"`, `{"aaa":1,"action"`},
		"a repeated field":        {`{"action"`, `{"action":"accepted","action"`},
		"another case":            {`"campaign"`, `"Campaign"`},
		"another kind":            {`"kind":"response"`, `"kind":"tombstone"`},
		"another format":          {`"format":1`, `"format":2`},
		"a fraction":              {`"plan":2`, `"plan":2.0`},
		"an empty optional field": {`"region":"FR"`, `"region":""`},
		"null":                    {`"region":"FR"`, `"region":null`},
		"a time in another form":  {`10:00:00.123456Z`, `10:00:00.123456+00:00`},
		"a comma in a time":       {`10:00:00.123456Z`, `10:00:00,123456Z`},
		"a lone surrogate":        {`"region":"FR"`, `"region":"\ud800"`},
		"bytes that are not text": {`"region":"FR"`, "\"region\":\"\xff\""},
		"something after it":      {`"stage":"persistent"}`, `"stage":"persistent"}{}`},
	} {
		changed := bytes.Replace(raw, []byte(change[0]), []byte(change[1]), 1)
		if bytes.Equal(changed, raw) {
			t.Fatalf("%s: nothing to change in %s", name, raw)
		}
		if got, _, err := ledger.ParseRecord(changed); err == nil {
			t.Errorf("%s was read as %+v", name, got)
		}
	}
}

func TestDetailsAreClippedAndMadeText(t *testing.T) {
	t.Parallel()
	data, err := ledger.Details{UserAgent: strings.Repeat("a", 511) + "é" + strings.Repeat("b", 99), Device: "x\xffy"}.Canonical()
	want := `{"device":"x` + "\ufffd" + `y","user_agent":"` + strings.Repeat("a", 511) + `"}`
	if err != nil || string(data) != want {
		t.Errorf("got %s (%v)", data, err)
	}
	exact := strings.Repeat("a", 512)
	if data, err := (ledger.Details{UserAgent: exact}).Canonical(); err != nil || !strings.Contains(string(data), exact) {
		t.Errorf("got %s (%v)", data, err)
	}
}

func TestDetailsSayWhoChoseForAPersonOnlyWhereSomebodyDid(t *testing.T) {
	t.Parallel()
	details := ledger.Details{PeerIP: "192.0.2.1", Device: "phone"}
	if data, err := details.Canonical(); err != nil || string(data) != `{"device":"phone","peer_ip":"192.0.2.1"}` {
		t.Errorf("%v: %s", err, data)
	}
	details.OnBehalf = ledger.OnBehalf{By: "A\xffna", Relation: ledger.Guardian, Note: "by letter"}
	data, err := details.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"device":"phone","on_behalf":{"by":"A�na","note":"by letter","relation":"guardian"},"peer_ip":"192.0.2.1"}`
	if string(data) != want {
		t.Errorf("%s, want %s", data, want)
	}
	again, err := jcs.Transform(data)
	if err != nil || string(again) != string(data) {
		t.Errorf("%v: not canonical: %s", err, data)
	}
}

func TestACommitmentOpensOnlyWithItsSaltAndDetails(t *testing.T) {
	t.Parallel()
	salt := [32]byte{1}
	c := ledger.Commit(salt, []byte("details"))
	if c != digest(string(salt[:])+"details") {
		t.Errorf("%s is not SHA-256(salt ‖ details)", c)
	}
	if c == ledger.Commit([32]byte{2}, []byte("details")) || c == ledger.Commit(salt, []byte("detail")) {
		t.Error("two openings of one commitment")
	}
	if p := ledger.Pseudonym(salt, "person"); p == ledger.Pseudonym([32]byte{2}, "person") || p == ledger.Pseudonym(salt, "other") {
		t.Error("two people share a pseudonym")
	}
}
