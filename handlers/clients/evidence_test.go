package clients_test

import (
	"bytes"
	"testing"
	"time"

	"assent/evidence"
	"assent/ledger"
	"assent/tracker"
)

func TestEvidencePacksOfAChoiceAndAPersonVerifyOffline(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.person("ana", "BR")
	w.person("ben", "BR")
	w.reach(date(2021, 1, 7))
	receipt := w.choose("ana", "accepted", "key-1").is(201).at("receipt_id").(string)
	w.choose("ben", "declined", "key-2").is(201)
	known, err := ledger.Verifiers(w.verify)
	w.must(err)
	for _, path := range []string{"/api/v1/receipts/" + receipt + "/evidence", "/api/v1/people/ana/evidence"} {
		a := w.send("GET", path, "").is(200)
		if kind, name := a.Header().Get("Content-Type"), a.Header().Get("Content-Disposition"); kind != "application/zip" || name == "" {
			t.Errorf("%s: %q, %q", path, kind, name)
		}
		data := a.Body.Bytes()
		report, err := evidence.VerifyPack(bytes.NewReader(data), int64(len(data)), known)
		if err != nil || report.Person != "ana" || len(report.Receipts) != 1 || report.Receipts[0].Record.ReceiptID != receipt || !report.Receipts[0].Texts {
			t.Errorf("%s: %+v, %v", path, report, err)
		}
		_, secret, err := w.tracker.CreateKey(t.Context(), "app", []tracker.Scope{tracker.PeopleWrite, tracker.ResponsesWrite}, time.Time{}, "test")
		w.must(err)
		w.send("GET", path, "", "Authorization", "Bearer "+secret).is(403)
	}
	w.person("cleo", "BR")
	for _, path := range []string{"/api/v1/receipts/rcp_none/evidence", "/api/v1/people/nobody/evidence", "/api/v1/people/cleo/evidence"} {
		if a := w.send("GET", path, "").is(404); a.Header().Get("Content-Disposition") != "" {
			t.Errorf("%s: the problem is offered as a download", path)
		}
	}
}
