package tracker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"assent/terms"
)

// LaunchGate looks at a plan before it is put into force.
type LaunchGate struct {
	// Pages are all pages and mails people would be shown under the plan, as they
	// would be sent, each whole with its styles.
	Pages func(ctx context.Context, campaign string, plan int) ([]SheetPage, error)
	// Blocking says what stands in the way, each a sentence. The pages are kept.
	Blocking func(ctx context.Context, campaign string, plan int, pages []SheetPage) ([]string, error)
	// Required refuses to put a plan into force while anything stands in the way.
	Required bool
}

// SheetPage is one page in one state and language.
type SheetPage struct {
	State  string `json:"state"`  // as staff call it
	Locale string `json:"locale"` // BCP 47
	SHA256 string `json:"sha256"`
	Choice bool   `json:"choice,omitempty"` // it has the three choices
	Letter bool   `json:"letter,omitempty"` // it is a mail
	HTML   []byte `json:"-"`
}

// Sheet lists the pages of a plan that were kept together. It is kept as they
// are, by its own SHA-256, so that whoever knows that knows all of them.
type Sheet struct {
	Campaign string      `json:"campaign"`
	Plan     int         `json:"plan"`
	Made     time.Time   `json:"made"`
	Pages    []SheetPage `json:"pages"`
}

// prepare keeps the pages as people are sent them from now on, and asks the gate.
func (a *activation) prepare(ctx context.Context, t *Tracker) error {
	if t.Launch == nil {
		return nil
	}
	pages, err := t.Launch.Pages(ctx, a.Campaign, a.Plan)
	if err != nil {
		return err
	}
	if a.Sheet, err = t.KeepSheet(ctx, a.Campaign, a.Plan, pages); err != nil || a.Anyway || !t.Launch.Required {
		return err
	}
	blocking, err := t.Launch.Blocking(ctx, a.Campaign, a.Plan, pages)
	if err != nil || len(blocking) == 0 {
		return err
	}
	return terms.Errorf(terms.Conflict, "the launch gate refuses plan %d: %s Mend it, or say why it may stay", a.Plan, strings.Join(blocking, " "))
}

// KeepSheet keeps pages together, notes in each what it is kept under, and
// returns the SHA-256 of their list.
func (t *Tracker) KeepSheet(ctx context.Context, campaign string, plan int, pages []SheetPage) (string, error) {
	now := t.instant()
	for i := range pages {
		pages[i].SHA256 = Digest(string(pages[i].HTML))
	}
	sheet := Sheet{Campaign: campaign, Plan: plan, Made: now, Pages: pages}
	list, err := json.Marshal(sheet)
	if err != nil {
		return "", fmt.Errorf("list the pages of plan %d of campaign %s: %w", plan, campaign, err)
	}
	err = t.Store.Update(ctx, func(tx Tx) error {
		for _, p := range sheet.Pages {
			if err := tx.PutSnapshot(ctx, Snapshot{SHA256: p.SHA256, HTML: p.HTML, Stored: now}); err != nil {
				return err
			}
		}
		return tx.PutSnapshot(ctx, Snapshot{SHA256: Digest(string(list)), HTML: list, Stored: now})
	})
	if err != nil {
		return "", fmt.Errorf("keep the pages of plan %d of campaign %s: %w", plan, campaign, err)
	}
	return Digest(string(list)), nil
}

// ActDryRun is the act of trying a plan and keeping its pages.
const ActDryRun = "plan.dry_run"

// DryRun works out what a plan would change, keeps the pages people would be
// shown, and records both, as evidence for whoever approves.
func (t *Tracker) DryRun(ctx context.Context, campaign string, number int, reason, actor string, progress func(int)) (PlanPreview, error) {
	p, err := t.PreviewPlan(ctx, campaign, number, progress)
	if err != nil {
		return p, err
	}
	sheet := ""
	if t.Launch != nil {
		pages, err := t.Launch.Pages(ctx, campaign, number)
		if err != nil {
			return p, err
		}
		if sheet, err = t.KeepSheet(ctx, campaign, number, pages); err != nil {
			return p, err
		}
	}
	return p, t.Note(ctx, Act{
		At: t.instant(), Actor: actor, Action: ActDryRun, Object: fmt.Sprintf("%s/%d", campaign, number), Reason: reason,
		After: facts("people", p.People, "harsher", len(p.Harsher), "faults", len(p.Faults), "outcomes", p.Outcomes, "sheet", sheet),
	})
}

// LaunchEvent is a dry run of a plan, or its being put into force, with the
// pages that were kept then.
type LaunchEvent struct {
	Act   string // its id
	At    time.Time
	Actor string
	Dry   bool
	Sheet string // SHA-256; empty: none were kept
}

// Launches lists the dry runs of a plan and its being put into force, newest
// first.
func (t *Tracker) Launches(ctx context.Context, campaign string, plan int) ([]LaunchEvent, error) {
	acts, err := t.ActList(ctx, ActQuery{Object: fmt.Sprintf("%s/%d", campaign, plan)})
	if err != nil {
		return nil, err
	}
	var out []LaunchEvent
	for _, a := range acts {
		if a.Action != ActDryRun && a.Action != ActActivate {
			continue
		}
		var after struct {
			Sheet string
			Asked struct{ Sheet string }
		}
		if err := json.Unmarshal([]byte(a.After), &after); err != nil {
			return nil, fmt.Errorf("read act %s: %w", a.ID, err)
		}
		out = append(out, LaunchEvent{Act: a.ID, At: a.At, Actor: a.Actor, Dry: a.Action == ActDryRun, Sheet: after.Sheet + after.Asked.Sheet})
	}
	return out, nil
}

// Misfits says why a plan cannot follow the one in force, nothing where it can.
func (t *Tracker) Misfits(ctx context.Context, campaign string, number int) (terms.Faults, error) {
	return read(ctx, t, func(r Reader) (terms.Faults, error) {
		c, err := r.Campaign(ctx, campaign)
		if err != nil {
			return nil, err
		}
		next, err := r.Plan(ctx, campaign, number)
		if err != nil {
			return nil, err
		}
		var faults terms.Faults
		if _, err = t.replaces(ctx, r, c, next.Plan); errors.As(err, &faults) {
			return faults, nil
		}
		return nil, err
	})
}

// Sheet returns a list of pages by its SHA-256; NotFound for what is none.
func (t *Tracker) Sheet(ctx context.Context, sha256 string) (Sheet, error) {
	var out Sheet
	kept, err := t.KeptPage(ctx, sha256)
	if err != nil {
		return out, err
	}
	if err := json.Unmarshal(kept.HTML, &out); err != nil || out.Campaign == "" {
		return out, terms.Errorf(terms.NotFound, "%q is no list of pages", sha256)
	}
	return out, nil
}

// Speaking counts people by language, without the kinds of account a plan does
// not ask. It looks at everybody there is.
func (t *Tracker) Speaking(ctx context.Context, p terms.Plan) (map[string]int64, error) {
	counts, err := read(ctx, t, func(r Reader) ([]SpokenCount, error) { return r.Languages(ctx) })
	out := map[string]int64{}
	for _, c := range counts {
		if p.Audience.Includes(c.Type) {
			out[c.Locale] += c.People
		}
	}
	return out, err
}

// SpokenCount is how many accounts of a type speak a language.
type SpokenCount struct {
	Locale string
	Type   terms.AccountType
	People int64
}

// LastDryRun is the newest dry run among those listed, zero for none.
func LastDryRun(events []LaunchEvent) time.Time {
	i := slices.IndexFunc(events, func(e LaunchEvent) bool { return e.Dry })
	if i < 0 {
		return time.Time{}
	}
	return events[i].At
}
