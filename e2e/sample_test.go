package e2e_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const sampleKey = "assent_demo_key_for_trying_out"

// sample is a demonstration with a small company.
func sample(t *testing.T, people string, settings ...string) *site {
	t.Helper()
	return newSite(t, append([]string{"ASSENT_DEMO_CLOCK=" + beginning}, settings...)...).start("demo", "--people", people)
}

func TestTheSampleCompanyGoesThroughItsYear(t *testing.T) {
	t.Parallel()
	// Moving the clock takes longer than a server waits for anything else.
	s := sample(t, "1200", "ASSENT_SERVER_WRITE_TIMEOUT=200ms")
	said := s.server.log.String()
	for _, line := range []string{s.url + "/messenger", s.url + "/staff", sampleKey, "4 January 2021"} {
		if !strings.Contains(said, line) {
			t.Errorf("the start does not say %q:\n%s", line, said)
		}
	}
	for _, path := range []string{"/", "/messenger", "/staff/signin"} {
		s.send("GET", path, "", "Accept", "text/html", "Authorization", "").is(200)
	}
	overview := func() answer {
		return s.send("GET", "/api/v1/campaigns/"+campaign, "", "Authorization", "Bearer "+sampleKey).is(200)
	}
	overview().says("counts/accepted", 0, "counts/noticed", 0, "regions/0/region", "eea-uk")
	accepted := 0.0
	for _, day := range []struct {
		at, stage  string // of ana, who never chooses
		restricted bool
		off        []string
	}{
		{"2021-01-20T00:00:00Z", "announced", false, ungranted},
		{"2021-05-16T00:00:00Z", "reminded", false, ungranted},
		{"2021-06-18T23:00:00Z", "persistent", false, ungranted},
		{"2021-07-05T00:00:00Z", "limited", true, whenLimited},
		{"2021-08-20T00:00:00Z", "suspended_delivery", true, slices.Sorted(slices.Values(slices.Concat(whenLimited, whenSuspended)))},
	} {
		s.clock(day.at)
		now := overview()
		if n, _ := now.at("counts/accepted").(float64); n <= accepted {
			t.Errorf("on %s %v have accepted, before it were %v", day.at, n, accepted)
		} else {
			accepted = n
		}
		if n, _ := now.at("counts/restricted").(float64); (n > 0) != day.restricted {
			t.Errorf("on %s %v are restricted", day.at, n)
		}
		now.says("regions/0/counts/restricted", 0) // nobody in the EEA and the UK, ever
		s.stands("ana", day.stage, "pending")
		if off := s.off("ana"); !slices.Equal(off, day.off) {
			t.Errorf("on %s ana is without %q", day.at, off)
		}
	}
	s.stands("ben", "reminded", "pending")
}

func TestADemonstrationKeepsWhatTheOperatorSaysOfTheBrand(t *testing.T) {
	t.Parallel()
	s := sample(t, "5", "ASSENT_BRAND_RETURN_TO=seaport:,https://app.example.org", "ASSENT_BRAND_CONTACT=https://help.example.org/", "ASSENT_BRAND_EXPORT_URL=https://app.example.org/export")
	s.clock("2021-01-10T00:00:00Z")
	b := newTab(t)
	b.open(s.link("ana") + "?lang=en&return=seaport%3A%2F%2Fsettings")
	b.open(s.url + "/me/terms?lang=en")
	for _, leads := range []string{"seaport://settings", "https://help.example.org/", "https://app.example.org/export"} {
		if !ask[bool](b, "[...document.links].some(a => a.href === '"+leads+"')") {
			t.Errorf("nothing leads to %s", leads)
		}
	}
	if title := ask[string](b, "document.title"); !strings.HasSuffix(title, "– Harbor") {
		t.Errorf("the sample company lost its name: %q", title)
	}
}

func TestTheClockOfADemonstrationOnlyMovesForward(t *testing.T) {
	t.Parallel()
	s := sample(t, "60")
	s.send("POST", "/demo/clock", `{"advance":"3d"}`).is(200)
	for name, tc := range map[string]struct {
		body    string
		status  int
		says    string
		headers []string
	}{
		"back":              {`{"to":"2021-01-05T00:00:00Z"}`, 422, "only moves forward", nil},
		"a negative length": {`{"advance":"-7d"}`, 422, "7d", nil},
		"neither":           {`{}`, 422, "advance", nil},
		"both":              {`{"to":"2021-02-01T00:00:00Z","advance":"7d"}`, 422, "advance", nil},
		"nonsense":          {`{"to":"soon"}`, 422, "2021-05-15T00:00:00Z", nil},
		"too far":           {`{"to":"2031-01-01T00:00:00Z"}`, 422, "two years", nil},
		"an unknown key":    {`{"too":"2021-02-01T00:00:00Z"}`, 400, "too", nil},
		"from another site": {`{"advance":"7d"}`, 403, "another site", []string{"Origin", "https://evil.example"}},
	} {
		t.Run(name, func(t *testing.T) {
			s.in(t).send("POST", "/demo/clock", tc.body, tc.headers...).problem(tc.status, tc.says)
		})
	}
	// Two at once: one moves it, the other is told to wait or comes after.
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if a, err := s.try("POST", "/demo/clock", `{"to":"2021-03-01T00:00:00Z"}`); err != nil || a.status != 200 && a.status != 409 && a.status != 422 {
				t.Errorf("%v %s", err, a.body)
			}
		})
	}
	both.Wait()
	moved := s.send("POST", "/demo/clock", `{"advance":"1m"}`).is(200)
	if now, err := time.Parse(time.RFC3339, moved.text("now")); err != nil || now.Format(time.DateOnly) != "2021-03-01" {
		t.Errorf("it is %s, %v", moved.body, err)
	}
}
