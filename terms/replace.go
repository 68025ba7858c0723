package terms

import (
	"fmt"
	"slices"
	"time"
)

// Harsher lists every way in which a plan would take time or access from
// people who are on the ladder of another: what a replacement of a running
// plan must not do by itself. Paths are those of the new plan's file.
func Harsher(old, next Plan, c Catalogue) Faults {
	h := &harsher{old: old, next: next, catalogue: c}
	if !h.sameLadder() {
		return h.faults
	}
	h.shorter("notice_period", old.NoticePeriod, next.NoticePeriod)
	for _, grant := range next.Grants {
		if !slices.Contains(old.Grants, grant) {
			h.add("grants", "%q would be turned on for people who accepted without it", grant)
		}
	}
	for i := range next.Stages {
		h.stage(i)
	}
	for _, country := range append(countries(old), append(countries(next), "")...) {
		h.region(country)
	}
	return h.faults
}

type harsher struct {
	old, next Plan
	catalogue Catalogue
	faults    Faults
}

func (h *harsher) add(path, format string, args ...any) {
	fault := Fault{path, fmt.Sprintf(format, args...)}
	if !slices.Contains(h.faults, fault) {
		h.faults = append(h.faults, fault)
	}
}

func (h *harsher) shorter(path string, old, next time.Duration) {
	if next < old {
		h.add(path, "is %s, shorter than the %s people have now", next, old)
	}
}

func (h *harsher) sameLadder() bool {
	keys := func(p Plan) []string {
		var out []string
		for _, s := range p.Stages {
			out = append(out, s.Key)
		}
		return out
	}
	if old, next := keys(h.old), keys(h.next); !slices.Equal(old, next) {
		h.add("stages", "are %v; people are on the ladder %v, so keep its stages in their order", next, old)
		return false
	}
	return true
}

// stage compares one stage: how long it leaves people, and what it takes.
func (h *harsher) stage(i int) {
	path := fmt.Sprintf("stages[%d].", i)
	h.shorter(path+"after", h.old.Stages[i].After, h.next.Stages[i].After)
	h.shorter(path+"dwell", h.old.dwell(i), h.next.dwell(i))
	h.shorter(path+"final_warning", h.old.Stages[i].FinalWarning, h.next.Stages[i].FinalWarning)
	for _, c := range h.catalogue {
		if c.Grant || c.ExitRight {
			continue
		}
		if before, after := h.old.left(c, i), h.next.left(c, i); c.Stricter(after, before) {
			h.add(path+"off", "leaves people %s of %s, who have %s now", after, c.Key, before)
		}
	}
}

// left is the value of a capability at a stage.
func (p Plan) left(c Capability, stage int) Value {
	if value, _, ok := p.limit(c, stage); ok {
		return value
	}
	return c.On()
}

// region compares the two plans as they stand for one country.
func (h *harsher) region(country string) {
	old, next := h.old.In(country), h.next.In(country)
	where := country
	if where == "" {
		where = "the rest of the world"
	}
	if next.Deadline.Before(old.Deadline) {
		h.add("deadline", "is %s for %s, earlier than %s", next.Deadline.Format(time.RFC3339), where, old.Deadline.Format(time.RFC3339))
	}
	if next.Last > old.Last {
		h.add("regions", "let %s go as far as %q; now it ends at %q", where, h.next.Stages[next.Last].Key, h.old.Stages[old.Last].Key)
	}
}

func countries(p Plan) []string {
	var out []string
	for _, r := range p.Regions {
		out = append(out, r.Countries...)
	}
	return out
}
