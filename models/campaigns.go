package models

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"assent/terms"
	"assent/tracker"
)

type campaignRow struct {
	Campaign    string
	Plan        int
	Confirmed   int
	ActivatedAt instant
	EnrolledTo  int64
	Ruled       int64
}

func (campaignRow) TableName() string { return "campaigns" }

func (c campaignRow) campaign() tracker.Campaign {
	return tracker.Campaign{
		Key: c.Campaign, Plan: c.Plan, Confirmed: c.Confirmed, ActivatedAt: c.ActivatedAt.time(), EnrolledTo: c.EnrolledTo, Ruled: uint64(c.Ruled),
	}
}

type planRow struct {
	Campaign    string
	Number      int
	PlanJSON    object[storedPlan]
	Source      []byte
	Created     instant
	Actor       string
	ActivatedAt instant
}

// storedPlan is a plan as it is written down.
type storedPlan terms.Plan

// UnmarshalJSON reads a plan from before there were extensions as one that
// says nothing about them.
func (p *storedPlan) UnmarshalJSON(data []byte) error {
	plan := terms.Plan{Extensions: terms.DefaultExtensions()}
	err := json.Unmarshal(data, &plan)
	*p = storedPlan(plan)
	return err
}

func (planRow) TableName() string { return "plans" }

func (p planRow) record() tracker.PlanRecord {
	return tracker.PlanRecord{
		Plan: terms.Plan(p.PlanJSON.it), Source: p.Source, Created: p.Created.time(), Actor: p.Actor, ActivatedAt: p.ActivatedAt.time(),
	}
}

func campaignName(key string) string { return fmt.Sprintf("campaign %q", key) }

func planName(campaign string, number int) string {
	return fmt.Sprintf("plan %d of campaign %q", number, campaign)
}

func (r reader) Campaign(ctx context.Context, key string) (tracker.Campaign, error) {
	row := campaignRow{Campaign: key}
	found := r.in(ctx).Raw("SELECT plan, confirmed, activated_at, enrolled_to, ruled FROM campaigns WHERE campaign = ?", key).Row()
	err := found.Scan(&row.Plan, &row.Confirmed, &row.ActivatedAt, &row.EnrolledTo, &row.Ruled)
	return row.campaign(), r.translate(err, campaignName(key))
}

func (r reader) Campaigns(ctx context.Context) ([]tracker.Campaign, error) {
	var rows []campaignRow
	err := r.in(ctx).Order("campaign").Find(&rows).Error
	return all(rows, campaignRow.campaign), r.translate(err, "campaigns")
}

func (r reader) Plan(ctx context.Context, campaign string, number int) (tracker.PlanRecord, error) {
	var row planRow
	err := r.in(ctx).Take(&row, "campaign = ? AND number = ?", campaign, number).Error
	return row.record(), r.translate(err, planName(campaign, number))
}

func (r reader) Plans(ctx context.Context, campaign string) ([]tracker.PlanRecord, error) {
	var rows []planRow
	err := r.in(ctx).Order("number").Find(&rows, "campaign = ?", campaign).Error
	return all(rows, planRow.record), r.translate(err, campaignName(campaign))
}

func (t *tx) AddPlan(ctx context.Context, p tracker.PlanRecord) (int, error) {
	err := t.exec(ctx, campaignName(p.Campaign), `INSERT INTO campaigns (campaign, plan, confirmed, activated_at, enrolled_to)
		VALUES (?, 0, 0, 0, 0) ON CONFLICT DO NOTHING`, p.Campaign)
	if err != nil {
		return 0, err
	}
	plan := stored(p.Plan)
	err = t.in(ctx).Raw("SELECT coalesce(max(number), 0) + 1 FROM plans WHERE campaign = ?", p.Campaign).Row().Scan(&plan.Number)
	if err != nil {
		return 0, t.wrote(err, campaignName(p.Campaign))
	}
	row := planRow{
		Campaign: p.Campaign, Number: plan.Number, PlanJSON: object[storedPlan]{storedPlan(plan)},
		Source: blob(p.Source), Created: at(p.Created), Actor: p.Actor,
	}
	return plan.Number, t.insert(ctx, planName(p.Campaign, plan.Number), &row)
}

// stored returns the plan as it is stored: with its instants in UTC, as all
// others are kept, and without what the campaign's reversals add to it.
func stored(p terms.Plan) terms.Plan {
	p.Reversals, p.Basis = nil, ""
	p.AnnounceAt, p.Deadline = p.AnnounceAt.UTC(), p.Deadline.UTC()
	p.Regions = slices.Clone(p.Regions)
	for i := range p.Regions {
		r := &p.Regions[i]
		r.AnnounceAt, r.Deadline = r.AnnounceAt.UTC(), r.Deadline.UTC()
	}
	return p
}

func (t *tx) Activate(ctx context.Context, campaign string, number int, confirmed bool, when time.Time) error {
	err := t.set(ctx, planName(campaign, number), func() error {
		_, err := t.Plan(ctx, campaign, number)
		return err
	}, "UPDATE plans SET activated_at = ? WHERE campaign = ? AND number = ?", at(when), campaign, number)
	if err != nil {
		return err
	}
	active := func() error {
		return terms.Errorf(terms.Conflict, "%s is active already", planName(campaign, number))
	}
	err = t.set(ctx, campaignName(campaign), active,
		`UPDATE campaigns SET plan = ?, confirmed = CASE WHEN ? THEN ? ELSE confirmed END, activated_at = ?, enrolled_to = 0
		WHERE campaign = ? AND plan <> ?`, number, confirmed, number, at(when), campaign, number)
	if err != nil {
		return err
	}
	return t.announce(ctx, tracker.ChangePlan, campaign, when)
}

func (t *tx) Confirm(ctx context.Context, campaign string, number int, when time.Time) error {
	missed := func() error {
		if _, err := t.Plan(ctx, campaign, number); err != nil {
			return err
		}
		c, err := t.Campaign(ctx, campaign)
		if err != nil {
			return err
		}
		if c.Plan != number {
			return terms.Errorf(terms.Conflict, "%s is not the active one, plan %d is", planName(campaign, number), c.Plan)
		}
		return terms.Errorf(terms.Conflict, "%s is confirmed already", planName(campaign, number))
	}
	err := t.set(ctx, planName(campaign, number), missed,
		"UPDATE campaigns SET confirmed = plan, enrolled_to = 0 WHERE campaign = ? AND plan = ? AND plan > 0 AND confirmed <> plan",
		campaign, number)
	if err != nil {
		return err
	}
	return t.announce(ctx, tracker.ChangePlan, campaign, when)
}

func (t *tx) SetEnrolledTo(ctx context.Context, campaign string, ref int64) error {
	missing := func() error {
		_, err := t.Campaign(ctx, campaign)
		return err
	}
	return t.set(ctx, campaignName(campaign), missing, "UPDATE campaigns SET enrolled_to = ? WHERE campaign = ?", ref, campaign)
}
