package staff

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"assent/templates"
	"assent/terms"
	"assent/tracker"
)

func (s console) approvals(c *gin.Context) error {
	frame, err := s.frame(c)
	if err != nil {
		return err
	}
	all, err := s.Tracker.ApprovalList(c.Request.Context(), "")
	if err != nil {
		return err
	}
	view := templates.StaffApprovals{StaffFrame: frame}
	for _, a := range all {
		if line := approvalLine(a, frame.AsOf); waiting(a, frame.AsOf) {
			view.Open = append(view.Open, line)
		} else {
			view.Decided = append(view.Decided, line)
		}
	}
	return s.render(c, http.StatusOK, "staff/approvals", view)
}

// waiting reports whether a request can still be decided.
func waiting(a tracker.Approval, now time.Time) bool {
	return a.State == tracker.ApprovalOpen && now.Before(a.Expires)
}

// actWords says an act that can need a second person as people do.
func actWords(act string) string {
	switch act {
	case tracker.ActActivate:
		return "Activate a plan"
	case tracker.ActConfirm:
		return "Confirm a plan for everybody"
	case tracker.ActReverse:
		return "Take people back"
	case tracker.ActUndo:
		return "Undo taking people back"
	case tracker.ActRelease:
		return "Release a hold"
	case tracker.ActBreaker:
		return "Approve a preview"
	default:
		return humane(act)
	}
}

func approvalLine(a tracker.Approval, now time.Time) templates.StaffApprovalLine {
	line := templates.StaffApprovalLine{
		URL: "/staff/approvals/" + url.PathEscape(a.ID), What: actWords(a.Act) + ": " + a.Campaign, Reason: asked(a)[reasonField], By: a.AskedBy,
		At: a.AskedAt, Expires: a.Expires, DecidedBy: a.DecidedBy, DecidedAt: a.DecidedAt, Note: a.Note,
	}
	switch {
	case waiting(a, now):
		line.Status = templates.StaffTag{Words: "Waiting", Tone: "warn"}
	case a.State == tracker.ApprovalOpen:
		line.Status = templates.StaffTag{Words: "Expired"}
	case a.State == tracker.ApprovalDone:
		line.Status = templates.StaffTag{Words: "Approved and done", Tone: "good"}
	case a.State == tracker.ApprovalSuspended:
		line.Status = templates.StaffTag{Words: "Suspended: things have changed", Tone: "bad"}
	default:
		line.Status = templates.StaffTag{Words: "Rejected"}
	}
	return line
}

// asked is what a request is for, as names and values; nothing for one that cannot be read.
func asked(a tracker.Approval) map[string]string {
	fields := map[string]any{}
	decoder := json.NewDecoder(bytes.NewReader(a.Request))
	decoder.UseNumber()
	if err := decoder.Decode(&fields); err != nil {
		return nil
	}
	out := map[string]string{}
	for name, value := range fields {
		out[name] = fmt.Sprint(value)
	}
	return out
}

// askedFacts are those a person reads, without the reason and the ids.
func askedFacts(a tracker.Approval) []templates.StaffFact {
	var out []templates.StaffFact
	values := asked(a)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value := values[name]
		if name == reasonField || name == "id" || value == "" {
			continue
		}
		if at, err := time.Parse(time.RFC3339, value); err == nil {
			value = when(at)
		}
		if name == "region" {
			value = regionName(value)
		}
		out = append(out, templates.StaffFact{Name: humane(name), Value: value})
	}
	return out
}

func (s console) approval(c *gin.Context) error {
	frame, err := s.frame(c)
	if err != nil {
		return err
	}
	a, err := s.Tracker.Approval(c.Request.Context(), c.Param("approval"))
	if err != nil {
		return err
	}
	view := templates.StaffApproval{
		StaffFrame: frame, StaffApprovalLine: approvalLine(a, frame.AsOf), Facts: askedFacts(a), Own: a.AskedBy == frame.Member,
		Asked: c.Query("asked") != "", ObjectURL: objectURL(a),
	}
	if waiting(a, frame.AsOf) {
		view.RejectURL = view.URL + "/reject"
		if !view.Own {
			view.ApproveURL = view.URL + "/approve"
		}
	}
	return s.render(c, http.StatusOK, "staff/approval", view)
}

// objectURL leads to what a request is about, with the numbers of now.
func objectURL(a tracker.Approval) string {
	_, object, _ := strings.Cut(a.Object, "/")
	switch a.Act {
	case tracker.ActActivate:
		return under(a.Campaign, "plans", object, "activate")
	case tracker.ActConfirm:
		return under(a.Campaign, "plans", object, "confirm")
	case tracker.ActUndo:
		return under(a.Campaign, "reversals", object)
	case tracker.ActRelease:
		return under(a.Campaign, "holds")
	case tracker.ActBreaker:
		return under(a.Campaign, "next")
	case tracker.ActReverse:
		r := asked(a)
		given := url.Values{"region": {r["region"]}, "to": {r["to"]}, "reminders": {r["reminders"]}}
		return under(a.Campaign, "reversals", "make") + "?" + given.Encode()
	}
	return under(a.Campaign)
}

func (s console) approvalActs() []act {
	return []act{
		{path: "/approvals/:approval/approve", check: s.checkApproval(true), do: s.approve},
		{path: "/approvals/:approval/reject", check: s.checkApproval(false), do: s.reject},
	}
}

func (s console) checkApproval(approve bool) func(*gin.Context) (templates.StaffCheck, error) {
	return func(c *gin.Context) (templates.StaffCheck, error) {
		a, err := s.Tracker.Approval(c.Request.Context(), c.Param("approval"))
		if err != nil {
			return templates.StaffCheck{}, err
		}
		line := approvalLine(a, s.Tracker.Now())
		view := templates.StaffCheck{
			Part: "approvals", Back: line.URL, Trail: []templates.Link{{URL: "/staff/approvals", Text: "Approvals"}, {URL: line.URL, Text: line.What}},
			Heading: "Reject: " + line.What, Button: "Reject it", Say: []string{"Nothing is done. It can be asked for again."},
			Facts:   append([]templates.StaffFact{{Name: "Asked by", Value: a.AskedBy, Note: when(a.AskedAt) + ": " + line.Reason}}, askedFacts(a)...),
			Blocked: !waiting(a, s.Tracker.Now()),
		}
		if approve {
			view.Heading, view.Button, view.Optional = "Approve: "+line.What, "Approve it, and do it now", true
			view.Say = []string{"It is done at once. Should plans, holds or reversals have changed since it was asked for, it is suspended instead."}
			view.Blocked = view.Blocked || a.AskedBy == member(c)
		}
		if view.Blocked {
			view.Say = []string{"You cannot decide this: it is over, or you have asked for it yourself."}
			return view, nil
		}
		view.Tables, err = s.approvalNumbers(c, a)
		return view, err
	}
}

// approvalNumbers are the numbers of now of what is asked for.
func (s console) approvalNumbers(c *gin.Context, a tracker.Approval) ([]templates.StaffTable, error) {
	ctx := c.Request.Context()
	switch r := asked(a); a.Act {
	case tracker.ActReverse:
		preview, err := s.Tracker.PreviewReversal(ctx, terms.Reversal{Campaign: a.Campaign, Region: r["region"], Stage: r["to"], Reminders: terms.Reminding(r["reminders"])})
		if err != nil {
			return nil, err
		}
		p, err := s.Tracker.Plan(ctx, a.Campaign, s.planInForce(c, a.Campaign))
		return []templates.StaffTable{reversalCounts(p.Plan, preview, "")}, err
	case tracker.ActBreaker:
		p, err := s.Tracker.Preview(ctx, a.Campaign, time.Time{}, tracker.PreviewOptions{})
		return previewTables(p, s.Tracker.Catalogue), err
	case tracker.ActActivate, tracker.ActConfirm:
		var number int
		if _, err := fmt.Sscan(r["plan"], &number); err != nil {
			return nil, fmt.Errorf("read the request of approval %s: %w", a.ID, err)
		}
		p, err := s.Tracker.PreviewPlan(ctx, a.Campaign, number, nil)
		return []templates.StaffTable{outcomes(p)}, err
	}
	return nil, nil
}

// planInForce is the number of a campaign's active plan, 0 for none.
func (s console) planInForce(c *gin.Context, campaign string) int {
	found, err := s.Tracker.Campaign(c.Request.Context(), campaign)
	if err != nil {
		return 0 // asking for that plan then says what is wrong
	}
	return found.Plan
}

func (s console) approve(c *gin.Context, _ string) (string, error) {
	a, err := s.Tracker.Approve(c.Request.Context(), c.Param("approval"), member(c))
	return "/staff/approvals/" + url.PathEscape(a.ID) + "?done=approved", err
}

func (s console) reject(c *gin.Context, reason string) (string, error) {
	if err := unreasoned(reason); err != nil {
		return "", err
	}
	a, err := s.Tracker.Reject(c.Request.Context(), c.Param("approval"), reason, member(c))
	return "/staff/approvals/" + url.PathEscape(a.ID) + "?done=rejected", err
}
