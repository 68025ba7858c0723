package terms

import (
	"fmt"
	"slices"
	"time"
)

// Replaces returns the faults of a plan as the successor of another, whoever
// confirms it: a stage that people can be at and that has no place in the new
// ladder, or one before an earlier stage's; an effect lifted to full without a
// word about the responses that were recorded without effect; or a region that
// one of the holds, which are those not over yet, or a reversal in force is for
// and that would be without it. Paths are those of the new plan's file. Ask it
// about every plan that still has people.
func Replaces(old, next Plan, holds []Hold, reversals []Reversal) error {
	var faults Faults
	to := align(old, next)
	for i, s := range old.Stages {
		switch {
		case to[i] < 0:
			faults = append(faults, Fault{"mapping." + s.Key, fmt.Sprintf("is missing: people can be at stage %q of plan %d, so say which stage of this plan they belong to", s.Key, old.Number)})
		case to[i] < slices.Max(to[:i+1]):
			faults = append(faults, Fault{"mapping." + s.Key, fmt.Sprintf("turns the ladder round: people at stage %q of plan %d would come before those at an earlier stage", s.Key, old.Number)})
		}
	}
	for _, country := range countries(old, next) {
		before, after := old.In(country), next.In(country)
		if before.Effect == Void && after.Effect == Full && after.Recorded == "" {
			faults = append(faults, Fault{"regions", fmt.Sprintf("responses in %s were recorded without effect: keep a region for it with `effect: full` and say `recorded: effective` or `recorded: ask_again`", country)})
		}
	}
	return append(faults, uncovered(old, next, holds, reversals)...).OrNil()
}

// uncovered finds the holds and reversals in force that a plan's regions would
// leave without some of the people they are for.
func uncovered(old, next Plan, holds []Hold, reversals []Reversal) Faults {
	var faults Faults
	check := func(what, id, region string) {
		for _, country := range countries(old, next) {
			if region != "" && old.In(country).named(region, country) && !next.In(country).named(region, country) {
				faults = append(faults, Fault{"regions", fmt.Sprintf("%s %s is for region %q and would no longer cover %s: keep that in a region of this key, or end the %s", what, id, region, country, what)})
			}
		}
	}
	for _, h := range holds {
		check("hold", h.ID, h.Scope.Region)
	}
	for _, r := range reversals {
		if r.Undone.IsZero() {
			check("reversal", r.ID, r.Region)
		}
	}
	return faults
}

// align says for each stage of a plan which stage of the next one its people
// belong to, -1 for none.
func align(old, next Plan) []int {
	out := make([]int, len(old.Stages))
	for i, s := range old.Stages {
		key := s.Key
		for _, m := range next.Mapping {
			if m.From == s.Key {
				key = m.To
			}
		}
		out[i] = next.StageIndex(key)
	}
	return out
}

// Harsher lists every way in which a plan would take time or access from
// people who are on the ladder of another. They keep the gentler of both until
// staff confirm the new one; see Gentler. Paths are those of the new plan's
// file.
func Harsher(old, next Plan, c Catalogue) Faults {
	h := &harsher{old: old, next: next, catalogue: c}
	h.shorter("notice_period", old.NoticePeriod, next.NoticePeriod)
	for _, grant := range next.Grants {
		if !slices.Contains(old.Grants, grant) {
			h.add("grants", "%q would be turned on for people who accepted without it", grant)
		}
	}
	for i, to := range align(old, next) {
		h.stage(i, to)
	}
	for _, country := range append(countries(old, next), "") {
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
		h.add(path, "is %s, shorter than the %s people have now", FormatDuration(next), FormatDuration(old))
	}
}

// stage compares a stage with the one its people belong to: how long it leaves
// them, and what it takes.
func (h *harsher) stage(i, to int) {
	if to < 0 {
		return // Replaces refuses it
	}
	path := fmt.Sprintf("stages[%d].", to)
	old, next := h.old.Stages[i], h.next.Stages[to]
	if old.FromAnnounce == next.FromAnnounce {
		h.shorter(path+"after", old.After, next.After)
	} else if next.FromAnnounce {
		h.add(path+"from", "counts from the announcement, and people were told from the deadline")
	}
	h.shorter(path+"dwell", h.old.dwell(i), h.next.dwell(to))
	h.shorter(path+"spread", old.Spread, next.Spread)
	h.shorter(path+"final_warning", old.FinalWarning, next.FinalWarning)
	if old.BrownOut != nil && next.BrownOut != nil && !old.BrownOut.contains(*next.BrownOut) {
		h.add(path+"brown_out", "is at other hours of the day than people were told")
	}
	for _, c := range h.catalogue {
		if c.Grant || c.ExitRight {
			continue
		}
		for _, window := range []bool{false, true} {
			if before, after := h.old.left(c, i, window), h.next.left(c, to, window); c.Stricter(after, before) {
				h.add(path+"off", "leaves people at %q %s of %s, who have %s now", old.Key, after, c.Key, before)
			}
		}
	}
}

// contains reports whether another window lies within this one.
func (b BrownOut) contains(other BrownOut) bool {
	since := other.At - b.At
	if since < 0 {
		since += day
	}
	return since+other.For <= b.For
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
	for j := range h.next.Stages[:next.Last+1] {
		h.added(country, where, j)
	}
	if last := lastOf(h.old, h.next, country); last > old.Last {
		h.add("regions", "let %s go as far as %q; now it ends at %q", where, h.next.Stages[next.Last].Key, h.old.Stages[old.Last].Key)
	}
	if old.Effect == Void && next.Effect == Full {
		h.add("regions", "give responses in %s effect, which have none now", where)
	}
	if !slices.Equal(old.Documents, next.Documents) {
		h.add("documents", "are others for %s: people who accepted may be asked again", where)
	}
}

// added looks at a stage that is new to people in a country.
func (h *harsher) added(country, where string, j int) {
	if slices.Contains(align(h.old, h.next), j) {
		return // stage compares it
	}
	for _, c := range h.catalogue {
		if !c.Grant && !c.ExitRight && sooner(h.old, h.next, c, country, j) {
			h.add(fmt.Sprintf("stages[%d].off", j), "takes %s from people in %s, who keep it longer now", c.Key, where)
		}
	}
}

// sooner reports whether stage j of the next plan takes from people in a
// country what no stage of the old plan takes as early.
func sooner(old, next Plan, c Capability, country string, j int) bool {
	known := old.Stages[:old.In(country).Last+1]
	s := next.Stages[j]
	return slices.ContainsFunc([]bool{false, true}, func(window bool) bool {
		value := next.left(c, j, window)
		if j == 0 || !c.Stricter(value, next.left(c, j-1, window)) {
			return false // the stage before it left no more
		}
		for k, o := range known {
			if !c.Stricter(value, old.left(c, k, window)) {
				return o.FromAnnounce != s.FromAnnounce || o.After > s.After || o.Spread > s.Spread
			}
		}
		return true
	})
}

// lastOf is the last stage of the old ladder that people in a country can come
// to by the next plan.
func lastOf(old, next Plan, country string) int {
	last := 0
	for i, to := range align(old, next) {
		if to >= 0 && to <= next.In(country).Last {
			last = i
		}
	}
	return last
}

// countries lists every country a plan's regions name.
func countries(plans ...Plan) []string {
	var out []string
	for _, p := range plans {
		for _, r := range p.Regions {
			for _, country := range r.Countries {
				if !slices.Contains(out, country) {
					out = append(out, country)
				}
			}
		}
	}
	return out
}
