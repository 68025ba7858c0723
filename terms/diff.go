package terms

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Change says what became of one thing a plan says.
type Change string

// What can become of it.
const (
	Added   Change = "added"
	Removed Change = "removed"
	Changed Change = "changed"
)

// Difference is one thing that two plans say differently, in words people read:
// "15 May 2021, 00:00 UTC", "28 days". Path is its place in the next plan's
// file, or for what was removed in the old one's, with
// stages, regions and documents by their keys. Before is empty for what was
// added, After for what was removed.
type Difference struct {
	Path    string
	Before  string
	After   string
	Kind    Change
	Harsher bool // takes time or access from people, as Harsher judges it

	sentence string
}

// String is the difference as one sentence of plain English.
func (d Difference) String() string { return d.sentence }

// Diff lists what two plans say differently, in the order of a plan; nothing for
// two whose files are the same. Stages are compared by key, or through the
// mapping of the next plan where they were renamed.
//
// Harsher is judged without a catalogue. Where only that could tell which of two
// texts leaves people more, the new one counts as harsher.
func Diff(old, next Plan) []Difference {
	d := &differ{old: old, next: next, catalogue: mentioned(old, next), told: map[string]bool{}}
	d.head()
	d.stages()
	d.capabilities()
	d.mapping()
	d.regions()
	return d.out
}

type differ struct {
	old, next Plan
	catalogue Catalogue       // of the capabilities the stages mention
	told      map[string]bool // old stages whose mapping a difference has told
	out       []Difference
}

// wording is how a difference reads: a sentence per change and one for a new
// order, with {key}, {before} and {after} in them.
type wording struct{ added, removed, changed, order string }

// about words the differences of a single thing.
func about(subject string) wording {
	return wording{
		added:   subject + " is set to {after}.",
		removed: subject + " is taken out; it was {before}.",
		changed: subject + " changes from {before} to {after}.",
	}
}

// entry is one of several things of a kind, and what is said of it.
type entry struct{ key, says string }

// value compares one thing; empty words mean that a plan does not say it.
func (d *differ) value(path, before, after string, w wording, harsher bool) {
	d.one(path, entry{says: before}, entry{says: after}, w, harsher)
}

func (d *differ) one(path string, before, after entry, w wording, harsher bool) {
	if before.says == after.says {
		return
	}
	kind, template, key := Changed, w.changed, after.key
	switch {
	case before.says == "":
		kind, template = Added, w.added
	case after.says == "":
		kind, template, key = Removed, w.removed, before.key
	}
	text := strings.NewReplacer("{key}", key, "{before}", before.says, "{after}", after.says).Replace(template)
	d.out = append(d.out, Difference{path, before.says, after.says, kind, harsher, text})
}

// entries compares lists by key and occurrence, then their order.
func (d *differ) entries(path string, before, after []entry, w wording, harsher func(key string) bool) {
	found := len(d.out)
	pairs := match(keysOf(before), keysOf(after), nil)
	for j, i := range pairs {
		was := entry{}
		if i >= 0 {
			was = before[i]
		}
		d.one(path+"."+after[j].key, was, after[j], w, harsher(after[j].key))
	}
	for i, was := range before {
		if !slices.Contains(pairs, i) {
			d.one(path+"."+was.key, was, entry{}, w, harsher(was.key))
		}
	}
	if found == len(d.out) && !slices.IsSorted(pairs) {
		d.value(path, strings.Join(keysOf(before), ", "), strings.Join(keysOf(after), ", "), wording{changed: w.order}, harsher(""))
	}
}

// match says for each of the next keys which old one it is: the first of the
// same key that is not taken yet, or the one it was before a renaming; else -1.
func match(old, next []string, renamed func(key string) (string, bool)) []int {
	out, taken := make([]int, len(next)), make([]bool, len(old))
	take := func(key string) int {
		for i, one := range old {
			if one == key && !taken[i] {
				taken[i] = true
				return i
			}
		}
		return -1
	}
	for j, key := range next {
		out[j] = take(key)
	}
	for j, key := range next {
		if out[j] < 0 && renamed != nil {
			if was, ok := renamed(key); ok {
				out[j] = take(was)
			}
		}
	}
	return out
}

func (d *differ) head() {
	o, n := d.old, d.next
	world := d.judge("")
	d.value("campaign", o.Campaign, n.Campaign, about("The campaign"), false)
	d.texts("title", "The title", o.Title, n.Title)
	d.documents("documents", "", o.Documents, n.Documents, world.documents)
	d.value("announce_at", date(o.AnnounceAt), date(n.AnnounceAt), moves("The announcement", o.AnnounceAt, n.AnnounceAt), false)
	d.value("deadline", date(o.Deadline), date(n.Deadline), moves("The deadline", o.Deadline, n.Deadline), world.deadline)
	d.value("notice_period", span(o.NoticePeriod), span(n.NoticePeriod), about("The notice period"), n.NoticePeriod < o.NoticePeriod)
	d.entries("audience.account_types", list(o.Audience.AccountTypes), list(n.Audience.AccountTypes), wording{
		added: "Accounts of type {key} are asked too.", removed: "Accounts of type {key} are no longer asked.",
		order: "The account types that are asked stand in another order: {after}.",
	}, never)
	d.entries("audience.bound", list(o.Audience.Bound), list(n.Audience.Bound), wording{
		added: "Accounts of type {key} stand where their owner stands.", removed: "Accounts of type {key} no longer stand where their owner stands.",
		order: "The account types that follow an owner stand in another order: {after}.",
	}, never)
	d.value("snooze.for", span(o.Snooze.For), span(n.Snooze.For), about("The time for which people can put off reminders"), false)
	d.value("snooze.max", strconv.Itoa(o.Snooze.Max), strconv.Itoa(n.Snooze.Max), about("How often people can put off reminders"), false)
	d.value("extensions.max", strconv.Itoa(o.Extensions.Max), strconv.Itoa(n.Extensions.Max), about("How often one person can be given more time"), false)
	d.value("extensions.longest", span(o.Extensions.Longest), span(n.Extensions.Longest), about("The most time one person can be given at once"), false)
	d.entries("grants", list(o.Grants), list(n.Grants), wording{
		added: "Acceptance also turns on {key}.", removed: "Acceptance no longer turns on {key}.",
		order: "The grants stand in another order: {after}.",
	}, func(key string) bool { return !slices.Contains(o.Grants, key) && slices.Contains(n.Grants, key) })
}

func (d *differ) texts(path, subject string, old, next Texts) {
	says := func(t Texts) []entry {
		var out []entry
		for _, locale := range slices.Sorted(maps.Keys(t)) {
			out = append(out, entry{locale, strconv.Quote(t[locale])})
		}
		return out
	}
	w := about(subject + " in the language {key}")
	w.added = subject + " in the language {key} is new: {after}."
	d.entries(path, says(old), says(next), w, never)
}

func (d *differ) documents(path, where string, old, next []DocumentRef, harsher bool) {
	says := func(documents []DocumentRef) []entry {
		var out []entry
		for _, one := range documents {
			out = append(out, entry{one.Document, "version " + one.Version})
		}
		return out
	}
	d.entries(path, says(old), says(next), wording{
		added:   sentence(where, "people are asked for {key}, {after}, too."),
		removed: sentence(where, "people are no longer asked for {key}, {before}."),
		changed: sentence(where, "people are asked for {key}, {after}, in place of {before}."),
		order:   sentence(where, "the documents stand in another order: {after}."),
	}, func(string) bool { return harsher })
}

func (d *differ) mapping() {
	says := func(mapping []StageMapping) []entry {
		var out []entry
		for _, m := range mapping {
			if !d.told[m.From] {
				out = append(out, entry{m.From, first(m.To, `""`)})
			}
		}
		return out
	}
	d.entries("mapping", says(d.old.Mapping), says(d.next.Mapping), wording{
		added:   "People at stage {key} of an earlier plan belong to stage {after}.",
		removed: "It is no longer said that people at stage {key} of an earlier plan belong to stage {before}.",
		changed: "People at stage {key} of an earlier plan belong to stage {after} and not to {before}.",
		order:   "The mapping stands in another order: {after}.",
	}, never)
}

func (d *differ) regions() {
	before, after := regionKeys(d.old.Regions), regionKeys(d.next.Regions)
	pairs := match(before, after, nil)
	for j, i := range pairs {
		var was Region
		if i >= 0 {
			was = d.old.Regions[i]
		}
		d.region(was, d.next.Regions[j], i >= 0)
	}
	for i, r := range d.old.Regions {
		if !slices.Contains(pairs, i) {
			d.value("regions."+r.Key, "for "+strings.Join(r.Countries, ", "), "", wording{
				removed: fmt.Sprintf("The region %s is taken out: {before} the plan counts as it does for the rest of the world.", r.Key),
			}, slices.ContainsFunc(r.Countries, func(c string) bool { return d.judge(c) != judgement{} }))
		}
	}
	if met := slices.DeleteFunc(slices.Clone(pairs), func(i int) bool { return i < 0 }); !slices.IsSorted(met) {
		d.value("regions", strings.Join(before, ", "), strings.Join(after, ", "), wording{changed: "The regions stand in another order: {after}."}, false)
	}
}

func (d *differ) region(o, n Region, known bool) {
	path, where := "regions."+n.Key+".", "In region "+n.Key+", "
	judged := d.judge(append(slices.Clone(o.Countries), n.Countries...)...)
	if !known {
		d.value("regions."+n.Key, "", "for "+strings.Join(n.Countries, ", "), wording{added: fmt.Sprintf("The region %s is new, {after}.", n.Key)}, judged != judgement{})
	} else {
		d.entries(path+"countries", list(o.Countries), list(n.Countries), wording{
			added: "The region " + n.Key + " applies to {key} too.", removed: "The region " + n.Key + " no longer applies to {key}.",
			order: "The countries of the region " + n.Key + " stand in another order: {after}.",
		}, func(country string) bool { return d.judge(country) != judgement{} && country != "" })
	}
	d.documents(path+"documents", where, o.Documents, n.Documents, judged.documents)
	d.value(path+"announce_at", date(o.AnnounceAt), date(n.AnnounceAt), moves(where+"the announcement", o.AnnounceAt, n.AnnounceAt), false)
	d.value(path+"deadline", date(o.Deadline), date(n.Deadline), moves(where+"the deadline", o.Deadline, n.Deadline), judged.deadline)
	d.value(path+"reminder", regionReminder(o.Reminder), regionReminder(n.Reminder), about(where+"the reminder"), false)
	d.value(path+"last_stage", o.LastStage, n.LastStage, about(where+"the last stage"), judged.last)
	d.value(path+"effect", string(o.Effect), string(n.Effect), about(where+"the effect of an acceptance"), judged.effect)
	d.value(path+"recorded", string(o.Recorded), string(n.Recorded), about(where+"what becomes of acceptances without effect"), false)
	d.texts(path+"message", where+"the message", o.Message, n.Message)
}

// judgement is where a plan is harsher for some countries.
type judgement struct{ deadline, last, effect, documents bool }

func (d *differ) judge(countries ...string) judgement {
	var out judgement
	for _, country := range countries {
		before, after := d.old.In(country), d.next.In(country)
		out.deadline = out.deadline || after.Deadline.Before(before.Deadline)
		out.last = out.last || lastOf(d.old, d.next, country) > before.Last
		out.effect = out.effect || before.Effect == Void && after.Effect == Full
		out.documents = out.documents || !slices.Equal(before.Documents, after.Documents)
	}
	return out
}

// moves words a change of date.
func moves(subject string, old, next time.Time) wording {
	w := about(subject)
	before, after := "{before}", "{after}"
	if old.Equal(old.Truncate(day)) && next.Equal(next.Truncate(day)) {
		before, after = old.UTC().Format("2 January 2006"), next.UTC().Format("2 January 2006")
	}
	by := span(next.Sub(old)) + " later"
	if next.Before(old) {
		by = span(old.Sub(next)) + " earlier"
	}
	w.changed = fmt.Sprintf("%s moves from %s to %s, %s.", subject, before, after, by)
	return w
}
