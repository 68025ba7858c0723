package staff

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"assent/templates"
	"assent/templates/chart"
	"assent/tracker"
)

// points shows how far those who enforce have come: this server, whoever reports,
// and the webhooks.
func (s console) points(c *gin.Context) error {
	frame, err := s.frame(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	newest, err := s.Tracker.Revision(ctx)
	if err != nil {
		return err
	}
	list, err := s.Tracker.Points(ctx)
	if err != nil {
		return err
	}
	hooks, err := s.Tracker.Webhooks(ctx)
	if err != nil {
		return err
	}
	applied := s.Gate.Revision()
	view := templates.StaffPoints{StaffFrame: frame, Points: pointTable(list, frame.AsOf), Webhooks: hookTable(hooks, newest),
		Here: []templates.StaffFact{
			{Name: "Newest change", Value: chart.Count(int(newest))},
			{Name: "In force here", Value: chart.Count(int(applied)), Note: "flags, decisions, the messaging layer that ships inside"},
			{Name: "Not yet in force here", Value: lacking(newest - min(applied, newest))},
		}}
	return s.render(c, http.StatusOK, "staff/points", view)
}

func pointTable(list []tracker.Point, now time.Time) templates.StaffTable {
	t := templates.StaffTable{ID: "points", Title: "Who reports", None: "No enforcement point has reported yet.",
		Say:  "Each says every few seconds how far it has come. One that is silent goes on by what it knew: nobody is restricted further meanwhile.",
		Head: []templates.StaffCell{{Text: "Enforcement point"}, {Text: "State"}, {Text: "Lacks"}, {Text: "While Assent is silent"}, {Text: "Counted since its start"}, {Text: "Last heard"}}}
	for _, p := range list {
		t.Rows = append(t.Rows, []templates.StaffCell{
			{Text: p.Name, Note: p.Kind}, pointState(p.State(now)), {Text: lacking(p.Behind), Note: lagNote(p.Lag())},
			{Text: onSilence(p.OnSilence)}, {Text: counted(p.Counts)}, {At: p.Heard},
		})
	}
	return t
}

func pointState(state tracker.PointState) templates.StaffCell {
	switch state {
	case tracker.PointSilent:
		return templates.StaffCell{Text: "Silent", Tone: "bad"}
	case tracker.PointBehind:
		return templates.StaffCell{Text: "Behind", Tone: "warn"}
	}
	return templates.StaffCell{Text: "Up to date", Tone: "good"}
}

func lacking(changes uint64) string {
	switch changes {
	case 0:
		return "Nothing"
	case 1:
		return "1 change"
	}
	return chart.Count(int(changes)) + " changes"
}

func lagNote(lag time.Duration) string {
	if lag == 0 {
		return ""
	}
	return "for " + templates.StaffFrame{}.Lasting(lag)
}

func onSilence(policy string) string {
	if policy == tracker.OnSilenceAllow {
		return "Lets everybody through after a while"
	}
	return "Everybody stays as last known"
}

// counted puts what was counted into words, in the order of the names.
func counted(counts map[string]int64) string {
	var words []string
	for _, what := range slices.Sorted(maps.Keys(counts)) {
		words = append(words, fmt.Sprintf("%d %s", counts[what], what))
	}
	return strings.Join(words, ", ")
}

func hookTable(hooks []tracker.Webhook, newest uint64) templates.StaffTable {
	t := templates.StaffTable{ID: "hooks", Title: "Webhooks", None: "There are none.",
		Head: []templates.StaffCell{{Text: "Address"}, {Text: "State"}, {Text: "Lacks"}}}
	for _, w := range hooks {
		t.Rows = append(t.Rows, []templates.StaffCell{
			{Text: w.URL, Note: w.Description, URL: webhookPath(w.ID)}, {Text: webhookState(w), Tone: webhookTone(w)}, {Text: lacking(newest - min(newest, w.Place))},
		})
	}
	return t
}
