package staff_test

import (
	"bytes"
	"net/url"
	"strings"
	"testing"

	"assent/evidence"
	"assent/ledger"
	"assent/tracker"
)

func TestThePageOfAPersonLeadsToTheEvidencePack(t *testing.T) {
	t.Parallel()
	d := newDesk(t, false)
	d.seed(60, on(6, 25))
	d.signIn()
	var accepted, silent string
	err := d.tracker.Store.View(t.Context(), func(r tracker.Reader) error {
		people, err := r.People(t.Context(), 0, 60)
		if err != nil {
			return err
		}
		for _, p := range people {
			if history, err := r.Responses(t.Context(), p.ID); err != nil {
				return err
			} else if len(history) > 0 {
				accepted = p.ID
			} else {
				silent = p.ID
			}
		}
		return nil
	})
	if err != nil || accepted == "" || silent == "" {
		t.Fatalf("%q has chosen, %q has not: %v", accepted, silent, err)
	}
	link := "/staff/people/evidence?id=" + url.QueryEscape(accepted)
	d.says(d.page("/staff/people?id="+url.QueryEscape(accepted)), `href="`+link+`"`)
	if page := d.page("/staff/people?id=" + url.QueryEscape(silent)); strings.Contains(page, "/staff/people/evidence") {
		t.Errorf("%s has made no choice and gets a pack", silent)
	}
	answer := d.get(link)
	data := answer.Body.Bytes()
	known, err := ledger.Verifiers(d.public)
	if err != nil {
		t.Fatal(err)
	}
	report, err := evidence.VerifyPack(bytes.NewReader(data), int64(len(data)), known)
	if err != nil || answer.Code != 200 || report.Person != accepted {
		t.Errorf("status %d: %+v, %v", answer.Code, report, err)
	}
	if code := d.get("/staff/people/evidence?id=" + url.QueryEscape(silent)).Code; code != 404 {
		t.Errorf("without a choice: status %d", code)
	}
	d.cookies = nil
	if answer := d.get(link); answer.Code == 200 {
		t.Error("a pack was handed out without a session")
	}
}

func TestStaffReadOutAndEraseAPersonAndBothAreNoted(t *testing.T) {
	t.Parallel()
	d := working(t)
	var person string
	err := d.tracker.Store.View(t.Context(), func(r tracker.Reader) error {
		people, err := r.People(t.Context(), 0, 1)
		person = people[0].ID
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	held, erase := "/staff/people/export?id="+url.QueryEscape(person), "/staff/people/erase?person="+url.QueryEscape(person)
	d.says(d.page("/staff/people?id="+url.QueryEscape(person)), `href="`+held+`"`, `href="`+erase+`"`)
	d.says(d.page(held), `"person": "`+person+`"`, `"enrollments"`)
	d.noted("person.export", "mei")
	d.says(d.page(erase), "Everything that leads to this person is destroyed", "lead to nobody", "Records that stay")

	if err := d.tracker.DeletePerson(t.Context(), person, "mei"); err != nil {
		t.Fatal(err)
	}
	if page := d.get("/staff/people?id=" + url.QueryEscape(person)); page.Code != 404 {
		t.Errorf("of an account that is gone: %d", page.Code)
	} else {
		d.says(page.Body.String(), "evidence of it is kept", `href="`+erase+`"`)
	}
	to := d.does(erase, "Erase 1 person for good")
	d.because("person.erase")
	d.says(d.page(to), "The person is erased.")
	if page := d.get(erase); page.Code != 404 {
		t.Errorf("once more: %d", page.Code)
	}
}
