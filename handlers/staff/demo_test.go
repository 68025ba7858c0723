package staff_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"assent/demo"
)

func TestTheDemonstrationOpensTheConsoleAndMovesItsClock(t *testing.T) {
	t.Parallel()
	d := newDesk(t, true)
	d.seed(50, demo.Start())
	d.leads(d.post("/demo/staff", nil), "/staff")
	d.says(d.page("/staff"), "Demo clock", "4 Jan 2021, 00:00 UTC", "Next event: people are told", "Choice page", `value="/staff"`)

	d.leads(d.post("/demo/clock", url.Values{"advance": {"1d"}, "back": {"/staff/people"}}), "/staff/people")
	d.leads(d.post("/demo/clock", url.Values{"to": {"2021-01-06T00:00:00Z"}, "back": {"https://evil.example"}}), "/staff")
	d.leads(d.post("/demo/clock", url.Values{"to": {"2021-01-10"}, "back": {"/staff"}}), "/staff")
	d.says(d.page("/staff"), "10 Jan 2021, 00:00 UTC", "Next event: the deadline")

	program := httptest.NewRequest(http.MethodPost, "/demo/clock", strings.NewReader(`{"advance":"7d"}`))
	program.Header.Set("Content-Type", "application/json")
	if w := d.send(program); w.Code != http.StatusOK || w.Body.String() != `{"now":"2021-01-17T00:00:00Z"}` {
		t.Errorf("a program got %d %s", w.Code, w.Body)
	}
	for name, form := range map[string]url.Values{
		"back in time": {"to": {"2021-01-05"}}, "nothing": {}, "both": {"to": {"2021-02-01"}, "advance": {"1d"}}, "nonsense": {"advance": {"soon"}},
	} {
		if w := d.post("/demo/clock", form); w.Code != http.StatusUnprocessableEntity {
			t.Errorf("%s answered %d", name, w.Code)
		}
	}
}

func TestNothingOfTheDemonstrationIsThereWithoutIt(t *testing.T) {
	t.Parallel()
	d := newDesk(t, false)
	for _, path := range []string{"/demo/staff", "/demo/clock"} {
		if w := d.post(path, url.Values{"advance": {"1d"}}); w.Code != http.StatusNotFound {
			t.Errorf("%s answered %d", path, w.Code)
		}
	}
	if body := d.page("/staff/signin"); strings.Contains(body, "demonstration") {
		t.Error("the sign-in page offers the demonstration")
	}
}
