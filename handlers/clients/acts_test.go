package clients_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"assent/ledger"
)

func TestAnActIsProvedAndNamesNobodyInTheClear(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.person("u1", "BR")
	w.send("POST", "/api/v1/people/u1/exemptions", `{"campaign":"new-terms-2021","reason":"a journalist in danger"}`).is(201)
	list := w.send("GET", "/api/v1/acts?person=u1", "").is(200)
	list.says("acts.0.action", "person.exempt").says("acts.0.person", "u1").says("acts.0.reason", "a journalist in danger")
	var acts struct {
		Acts []struct {
			ID        string `json:"id"`
			RequestID string `json:"request_id"`
		} `json:"acts"`
	}
	w.must(json.Unmarshal(list.Body.Bytes(), &acts))
	if len(acts.Acts) != 1 || acts.Acts[0].RequestID == "" {
		t.Fatalf("acts about u1: %+v", acts)
	}
	var act struct {
		Record  json.RawMessage `json:"record"`
		Details json.RawMessage `json:"details"`
		Salt    string          `json:"salt"`
		Proof   ledger.Proof    `json:"proof"`
	}
	w.must(json.Unmarshal(w.send("GET", "/api/v1/acts/"+acts.Acts[0].ID, "").is(200).Body.Bytes(), &act))
	record, raw, err := ledger.ParseAct(act.Record)
	if err != nil {
		t.Fatal(err)
	}
	if text := string(raw); strings.Contains(text, "u1") || strings.Contains(text, "journalist") || record.Request != acts.Acts[0].RequestID {
		t.Errorf("the record is %s", text)
	}
	salt, err := base64.StdEncoding.DecodeString(act.Salt)
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(append(salt, act.Details...)); hex.EncodeToString(sum[:]) != record.Details {
		t.Error("salt and details do not open the commitment")
	}
	if err := ledger.VerifyRecord(raw, act.Proof, w.verify); err != nil {
		t.Error(err)
	}
	w.send("GET", "/api/v1/acts/act_none", "").is(404)
	w.send("GET", "/api/v1/acts?before=x", "").is(422).says("errors.0.path", "before")
}
