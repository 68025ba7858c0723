package staff

import (
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"assent/templates"
	"assent/terms"
	"assent/tracker"
)

func (s console) reversals(c *gin.Context) error { return s.showReversals(c, http.StatusOK, nil) }

func (s console) showReversals(c *gin.Context, status int, faults terms.Faults) error {
	frame, _, err := s.campaignFrame(c, "reversals")
	if err != nil {
		return err
	}
	p, err := s.active(c)
	if err != nil {
		return err
	}
	made, err := s.Tracker.ReversalList(c.Request.Context(), frame.Key)
	if err != nil {
		return err
	}
	view := templates.StaffReversals{
		StaffCampaignFrame: frame, Regions: regionOptions(p.Plan, text(c, "region")), Reference: text(c, "reference"), Faults: formFaults(faults),
		Stages: []templates.StaffOption{option(tracker.ToOff, "Off: nothing is taken, nobody is reminded", text(c, "to"))},
	}
	for i, stage := range p.Stages {
		view.Stages = append(view.Stages, option(stage.Key, stageName(p.Plan, i), text(c, "to")))
	}
	for _, r := range []terms.Reminding{terms.KeepReminders, terms.SoftenReminders, terms.StopReminders} {
		view.Reminders = append(view.Reminders, option(string(r), remindingWords(r), text(c, "reminders")))
	}
	for _, r := range slices.Backward(made) {
		view.Made = append(view.Made, reversalLine(r, p.Plan, frame.AsOf))
	}
	return s.render(c, status, "staff/reversals", view)
}

func remindingWords(r terms.Reminding) string {
	switch r {
	case terms.SoftenReminders:
		return "Reminders only now and then, in a banner that can be closed"
	case terms.StopReminders:
		return "No reminders"
	default:
		return "Reminders as that stage has them"
	}
}

func reversalLine(r tracker.Reversed, p terms.Plan, now time.Time) templates.StaffReversalLine {
	line := templates.StaffReversalLine{
		URL: under(r.Campaign, "reversals", r.ID), Where: everywhere(r.Region), To: stageTitle(p, r.Stage), Reminders: remindingWords(r.Reminders) + ".",
		Reason: r.Reason, By: r.By, At: r.At, Status: templates.StaffTag{Words: "In force", Tone: "hold"},
	}
	if !r.Undone.IsZero() && !r.Undone.After(now) {
		line.Status = templates.StaffTag{Words: "Undone"}
	}
	return line
}

// stageTitle is the name of a stage by its key.
func stageTitle(p terms.Plan, key string) string {
	if p.StageIndex(key) < 0 {
		return humane(key)
	}
	return stageName(p, p.StageIndex(key))
}

// everywhere names a region, "" being everybody.
func everywhere(region string) string {
	if region == "" {
		return "Everybody"
	}
	return regionName(region)
}

func (s console) reversal(c *gin.Context) error {
	frame, _, err := s.campaignFrame(c, "reversals")
	if err != nil {
		return err
	}
	r, err := s.Tracker.Reversal(c.Request.Context(), frame.Key, c.Param("reversal"))
	if err != nil {
		return err
	}
	p, err := s.active(c)
	if err != nil {
		return err
	}
	view := templates.StaffReversal{
		StaffCampaignFrame: frame, Line: reversalLine(r, p.Plan, frame.AsOf), Reference: r.Reference, UndoUntil: r.UndoUntil,
		Undone: r.Undone, UndoneBy: r.UndoneBy, UndoWhy: r.UndoReason, Counts: reversalCounts(p.Plan, r, "Now"),
		Walking: int(beyond(p.Plan, r.Reversal.Reversal, r.Current)),
	}
	if r.Undone.IsZero() && !frame.AsOf.After(r.UndoUntil) {
		view.UndoURL = under(frame.Key, "reversals", r.ID, "undo")
	}
	return s.render(c, http.StatusOK, "staff/reversal", view)
}

// covers tells the countries a reversal concerns, by a plan.
func covers(p terms.Plan, r terms.Reversal) func(country string) (terms.Local, bool) {
	r.ID = "this"
	p.Reversals = []terms.Reversal{r}
	return func(country string) (terms.Local, bool) {
		l := p.In(country)
		return l, l.ReversalID == r.ID
	}
}

// beyond counts the people a reversal concerns who are further than it lets them.
func beyond(p terms.Plan, r terms.Reversal, counts []tracker.Count) int64 {
	in := covers(p, r)
	var n int64
	for _, c := range counts {
		if l, covered := in(c.Country); covered && c.Stage > l.Last {
			n += c.People
		}
	}
	return n
}

// reversalCounts is where people were, where the reversal leads, and, once it is made, where they are now.
func reversalCounts(p terms.Plan, r tracker.Reversed, now string) templates.StaffTable {
	t := templates.StaffTable{
		ID: "counts", Title: "People who have not accepted, by stage", Head: []templates.StaffCell{{Text: "Stage"}, {Text: "Before", Number: true}, {Text: "After", Number: true}},
	}
	if now != "" {
		t.Head = append(t.Head, templates.StaffCell{Text: now, Number: true})
	}
	in := covers(p, r.Reversal.Reversal)
	before, after, current := byStage(p, r.Before, in), byStage(p, r.After, in), byStage(p, r.Current, in)
	for i := range p.Stages {
		row := []templates.StaffCell{{Text: stageName(p, i)}, number(before[i]), number(after[i])}
		if now != "" {
			row = append(row, number(current[i]))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func byStage(p terms.Plan, counts []tracker.Count, in func(string) (terms.Local, bool)) []int64 {
	out := make([]int64, len(p.Stages))
	for _, c := range counts {
		if _, covered := in(c.Country); covered && (c.Status == terms.Pending || c.Status == terms.Declined) {
			out[min(c.Stage, len(out)-1)] += c.People
		}
	}
	return out
}

func (s console) reversalActs() []act {
	return []act{
		{path: "/campaigns/:campaign/reversals/make", check: s.checkReverse, do: s.reverse,
			form: func(c *gin.Context, f terms.Faults) error {
				return s.showReversals(c, http.StatusUnprocessableEntity, f)
			}},
		{path: "/campaigns/:campaign/reversals/:reversal/undo", check: s.checkUndo, do: s.undo},
	}
}

func reversalGiven(c *gin.Context) terms.Reversal {
	return terms.Reversal{Campaign: c.Param("campaign"), Region: text(c, "region"), Stage: text(c, "to"), Reminders: terms.Reminding(text(c, "reminders")), Reference: text(c, "reference")}
}

func (s console) checkReverse(c *gin.Context) (templates.StaffCheck, error) {
	given := reversalGiven(c)
	r, err := s.Tracker.PreviewReversal(c.Request.Context(), given)
	if err != nil {
		return templates.StaffCheck{}, err
	}
	p, err := s.active(c)
	if err != nil {
		return templates.StaffCheck{}, err
	}
	moved := beyond(p.Plan, r.Reversal.Reversal, r.Before)
	to := stageTitle(p.Plan, r.Stage)
	view := templates.StaffCheck{
		Part: "campaigns", Heading: everywhere(given.Region) + ", back to " + to, Button: "Take back " + people(moved),
		Back: under(given.Campaign, "reversals"), Trail: trail(given.Campaign, templates.Link{URL: under(given.Campaign, "reversals"), Text: "Take back"}),
		Second: s.Tracker.NeedsSecond(tracker.ActReverse), Tables: []templates.StaffTable{reversalCounts(p.Plan, r, "")},
		Say: []string{"Whoever is beyond " + to + " comes back to it, and nobody goes further from now on. Every answer says so at once; the records follow with the next run. People are told. Acceptances stay as they are."},
		Facts: []templates.StaffFact{
			{Name: "People taken back", Value: people(moved)}, {Name: "Reminders", Value: remindingWords(r.Reminders)},
			{Name: "Can be undone", Value: undoWords(r.UndoUntil.Sub(r.At))},
		},
	}
	if given.Reference != "" {
		view.Facts = append(view.Facts, templates.StaffFact{Name: "Reference", Value: given.Reference})
	}
	return view, nil
}

func undoWords(window time.Duration) string {
	if window <= 0 {
		return "Not at all"
	}
	return "For " + days(window)
}

func (s console) reverse(c *gin.Context, reason string) (string, error) {
	r := reversalGiven(c)
	r.Reason = reason
	made, err := s.Tracker.Reverse(c.Request.Context(), r, member(c))
	return under(r.Campaign, "reversals", made.ID) + "?done=reversed", err
}

func (s console) checkUndo(c *gin.Context) (templates.StaffCheck, error) {
	r, err := s.Tracker.Reversal(c.Request.Context(), c.Param("campaign"), c.Param("reversal"))
	if err != nil {
		return templates.StaffCheck{}, err
	}
	p, err := s.active(c)
	if err != nil {
		return templates.StaffCheck{}, err
	}
	view := templates.StaffCheck{
		Part: "campaigns", Heading: "Undo: " + everywhere(r.Region) + ", back to " + stageTitle(p.Plan, r.Stage), Button: "Undo it",
		Back:  under(r.Campaign, "reversals", r.ID),
		Trail: trail(r.Campaign, templates.Link{URL: under(r.Campaign, "reversals"), Text: "Take back"}), Second: s.Tracker.NeedsSecond(tracker.ActUndo),
		Say:    []string{"The ladder goes on from where people are now, with the time and the notice of the stage they are at. Nothing is taken from anybody at once."},
		Facts:  []templates.StaffFact{{Name: "Made", Value: when(r.At), Note: "by " + r.By + ": " + r.Reason}, {Name: "Can be undone until", Value: when(r.UndoUntil)}},
		Tables: []templates.StaffTable{reversalCounts(p.Plan, r, "Now")},
	}
	switch now := s.Tracker.Now(); {
	case !r.Undone.IsZero():
		view.Blocked, view.Say = true, []string{"It was undone on " + when(r.Undone) + "."}
	case now.After(r.UndoUntil):
		view.Blocked, view.Say = true, []string{"It could be undone until " + when(r.UndoUntil) + ". Activate a plan instead."}
	}
	return view, nil
}

func (s console) undo(c *gin.Context, reason string) (string, error) {
	if err := unreasoned(reason); err != nil {
		return "", err
	}
	r, err := s.Tracker.Undo(c.Request.Context(), c.Param("campaign"), c.Param("reversal"), reason, member(c))
	return under(c.Param("campaign"), "reversals", r.ID) + "?done=undone", err
}
