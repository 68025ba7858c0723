package staff_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"assent/demo"
	"assent/terms"
	"assent/tracker"
)

func TestTheOverviewTellsTheWholeCampaign(t *testing.T) {
	t.Parallel()
	d := newDesk(t, false)
	d.seed(400, on(6, 25))
	d.signIn()
	o, err := d.tracker.Overview(t.Context(), demo.Campaign)
	if err != nil {
		t.Fatal(err)
	}
	body := d.page("/staff/campaigns/" + demo.Campaign)
	d.says(body, "Our terms and privacy policy are changing", "Stages active", "15 May 2021, 00:00 UTC", "41 days ago", "eea-uk", "Brazil",
		"Suspended delivery", "Goes no further than Reminded", "Deadline 15 May", "Latest changes of stage")
	if o.Totals.Restricted == 0 || strings.Contains(body, "Demo clock") {
		t.Errorf("%d people are restricted; or the demo's clock shows", o.Totals.Restricted)
	}
	d.says(d.page("/staff"), `href="/staff/campaigns/new-terms-2021"`, "Stages active")
}

func TestTheChartsTellWhatWasCountedOnTheDay(t *testing.T) {
	t.Parallel()
	d := newDesk(t, false)
	d.seed(300, on(5, 30).Add(-time.Second))
	then, err := d.tracker.Overview(t.Context(), demo.Campaign)
	if err != nil {
		t.Fatal(err)
	}
	d.seed(300, on(6, 20).Add(12*time.Hour)) // 22 days later: the thinned tables show both days
	now, err := d.tracker.Overview(t.Context(), demo.Campaign)
	if err != nil {
		t.Fatal(err)
	}
	d.signIn()
	body := d.page("/staff/campaigns/" + demo.Campaign)
	for date, o := range map[string]tracker.Overview{"29 May 2021": then, "20 Jun 2021": now} {
		cells := rowsOf(body, date)
		if len(cells) != 2 {
			t.Fatalf("%s stands in %d tables", date, len(cells))
		}
		if want := fmt.Sprint(o.Totals.Accepted, " ", o.Totals.InScope); !strings.HasSuffix(cells[0], want) {
			t.Errorf("acceptance on %s: %s, want …%s", date, cells[0], want)
		}
		want := strings.Trim(fmt.Sprint(o.Stages), "[]") + fmt.Sprint(" ", o.Totals.InScope-o.Totals.Accepted)
		if cells[1] != want {
			t.Errorf("stages on %s: %s, want %s", date, cells[1], want)
		}
	}
}

var (
	tableRow  = regexp.MustCompile(`<tr data-x="[0-9.]+"><th scope="row" class="nowrap">([^<]+)</th>(.*)</tr>`)
	tableCell = regexp.MustCompile(`<td class="r">([^<]*)</td>`)
)

// rowsOf answers the cells of the rows for a day, one text per table.
func rowsOf(body, day string) []string {
	var out []string
	for _, row := range tableRow.FindAllStringSubmatch(body, -1) {
		if row[1] != day {
			continue
		}
		var cells []string
		for _, cell := range tableCell.FindAllStringSubmatch(row[2], -1) {
			cells = append(cells, strings.ReplaceAll(cell[1], ",", ""))
		}
		out = append(out, strings.Join(cells, " "))
	}
	return out
}

func TestACampaignThatIsNotThereIsAPageThatSaysSo(t *testing.T) {
	t.Parallel()
	d := newDesk(t, false)
	d.signIn()
	w := d.get("/staff/campaigns/summer")
	if w.Code != http.StatusNotFound {
		t.Fatalf("answered %d", w.Code)
	}
	d.says(w.Body.String(), "Not Found", "summer", "Back to the campaigns")
}

func TestAHoldIsShownWhereItStopsPeople(t *testing.T) {
	t.Parallel()
	d := newDesk(t, false)
	d.seed(200, on(6, 25))
	d.signIn()
	h := terms.Hold{Campaign: demo.Campaign, Scope: terms.Scope{Region: "BR"}, Reason: "The authority asked for time", Reference: "LEG-418", Clock: terms.ClockStop, Effect: terms.Lift}
	if _, err := d.tracker.PlaceHold(t.Context(), h, "mei"); err != nil {
		t.Fatal(err)
	}
	d.says(d.page("/staff/campaigns/"+demo.Campaign), "The authority asked for time (LEG-418)", "By mei", "Full access meanwhile", `<span class="tag hold">On hold</span>`)
}

func TestOnePersonIsExplained(t *testing.T) {
	t.Parallel()
	d := newDesk(t, false)
	d.seed(200, on(6, 30))
	d.signIn()
	d.says(d.page("/staff/people"), "Look up one person")
	unknown := d.get("/staff/people?id=nobody")
	if unknown.Code != http.StatusNotFound {
		t.Errorf("an unknown person answered %d", unknown.Code)
	}
	d.says(unknown.Body.String(), "nobody", `aria-invalid="true"`)

	restricted := d.somebodyIn(2)
	body := d.page("/staff/people?id=+" + restricted)
	d.says(body, restricted, "Accepting brings everything back at once", "the deadline was on 15 May 2021", "Taken away by the stage Limited",
		"Persistent to Limited", "Final warning in Persistent", "An exit right")
}

// somebodyIn finds somebody the sweep has moved beyond a stage.
func (d *desk) somebodyIn(stage int) string {
	d.t.Helper()
	o, err := d.tracker.Overview(d.t.Context(), demo.Campaign)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, t := range o.Transitions {
		if t.To > stage {
			return t.Person
		}
	}
	d.t.Fatalf("the story has nobody beyond stage %d", stage)
	return ""
}

func TestStagesOnTrialAndHoursOfTheDayAreShown(t *testing.T) {
	t.Parallel()
	d := newDesk(t, false)
	d.seed(200, on(6, 25))
	d.signIn()
	if strings.Contains(d.page(campaign), "Stages on trial") {
		t.Error("a plan without trials shows some")
	}
	d.addPlan("off: [chats.list", "brown_out: {at: \"09:00\", for: 4h}\n    off: [chats.list")
	d.addPlan("off: [chats.list", "shadow: true\n    off: [chats.list")
	for _, c := range []struct{ plan, trial string }{{"2", "Takes, 09:00 to 13:00 UTC, every day"}, {"3", "Would have taken: 5 capabilities"}} {
		d.sends(d.sheet(campaign+"/plans/"+c.plan+"/activate"), "A try")
		if state, err := d.tracker.Campaign(t.Context(), demo.Campaign); err != nil {
			t.Fatal(err)
		} else if state.Confirmed != state.Plan {
			d.sends(d.sheet(campaign+"/plans/"+c.plan+"/confirm"), "A try")
		}
		entered := 0
		o, err := d.tracker.Overview(t.Context(), demo.Campaign)
		if err != nil {
			t.Fatal(err)
		}
		for _, day := range o.Days {
			if day.Tally == tracker.EnteredStage(3) {
				entered += int(day.People)
			}
		}
		d.says(d.page(campaign), "Stages on trial", c.trial, fmt.Sprintf(`<td class="r">%d</td>`, entered))
	}
	if _, err := d.story.Advance(t.Context(), on(8, 5), "test"); err != nil {
		t.Fatal(err)
	}
	d.says(d.page("/staff/people?id="+d.somebodyIn(2)), "Tried only", "Limited takes nothing away")
}
