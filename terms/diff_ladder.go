package terms

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// stages compares the ladders stage by stage, in the order of the next one.
func (d *differ) stages() {
	before, after := stageKeys(d.old), stageKeys(d.next)
	pairs := match(before, after, d.renamed)
	for j, i := range pairs {
		var was Stage
		if i >= 0 {
			was = d.old.Stages[i]
			d.rename(was, d.next.Stages[j])
		}
		d.stage(i, j, was, d.next.Stages[j])
	}
	for i, s := range d.old.Stages {
		if !slices.Contains(pairs, i) {
			d.gone(i, s)
		}
	}
	if met := slices.DeleteFunc(slices.Clone(pairs), func(i int) bool { return i < 0 }); !slices.IsSorted(met) {
		d.value("stages", strings.Join(before, ", "), strings.Join(after, ", "), wording{changed: "The stages stand in another order: {after}."}, slices.ContainsFunc(met, func(i int) bool { return len(d.shorter(i)) > 0 }))
	}
}

// renamed is the old key of a stage that only the next plan has, where its
// mapping takes over the people of one stage that only the old plan had.
func (d *differ) renamed(key string) (string, bool) {
	for _, m := range d.next.Mapping {
		if m.To == key && d.old.StageIndex(key) < 0 && d.old.StageIndex(m.From) >= 0 && d.next.StageIndex(m.From) < 0 {
			return m.From, true
		}
	}
	return "", false
}

func (d *differ) rename(o, n Stage) {
	if o.Key == n.Key {
		return
	}
	d.tell(o.Key)
	d.value("stages."+n.Key+".key", o.Key, n.Key, wording{changed: fmt.Sprintf("The stage %s is now called %s.", o.Key, n.Key)}, false)
}

// tell keeps a mapping of the next plan from being told again, unless the old
// plan had one from there too.
func (d *differ) tell(from string) {
	if !slices.ContainsFunc(d.old.Mapping, func(m StageMapping) bool { return m.From == from }) {
		d.told[from] = true
	}
}

func (d *differ) gone(i int, s Stage) {
	text := "The stage " + s.Key + ", {before}, is taken out."
	if to := align(d.old, d.next)[i]; to >= 0 && d.next.Stages[to].Key != s.Key {
		d.tell(s.Key)
		text += " People at it belong to stage " + d.next.Stages[to].Key + "."
	}
	d.value("stages."+s.Key, when(s), "", wording{removed: text}, len(d.shorter(i)) > 0)
}

// shorter lists where the next plan is harsher to people at an old stage.
func (d *differ) shorter(i int) []string {
	if i < 0 {
		return nil
	}
	h := &harsher{old: d.old, next: d.next, catalogue: d.catalogue}
	h.stage(i, align(d.old, d.next)[i])
	var out []string
	for _, f := range h.faults {
		out = append(out, f.Path[strings.LastIndex(f.Path, ".")+1:])
	}
	return out
}

// stage compares one stage with the one it was; i is -1 for a new one.
func (d *differ) stage(i, j int, o, n Stage) {
	path, name := "stages."+n.Key, "The stage "+n.Key
	harsh := d.shorter(i)
	worse := func(fields ...string) bool {
		return slices.ContainsFunc(harsh, func(f string) bool { return slices.Contains(fields, f) })
	}
	if i < 0 {
		d.value(path, "", when(n), wording{added: name + " is new, {after}."}, false)
	} else {
		d.value(path+".after", when(o), when(n), wording{changed: name + " begins {after} and not {before}."}, worse("after", "from"))
		d.gap(path+".dwell", name, i, j, worse("dwell"))
	}
	d.value(path+".dwell", least(o), least(n), about("The least time at stage "+n.Key), worse("dwell"))
	d.value(path+".spread", span(o.Spread), span(n.Spread), about("The time over which people enter stage "+n.Key), worse("spread"))
	d.value(path+".final_warning", span(o.FinalWarning), span(n.FinalWarning), about("The time between the final warning at stage "+n.Key+" and what follows"), worse("final_warning"))
	d.value(path+".reminder", reminderWords(o.Reminder), reminderWords(n.Reminder), about("The reminder at stage "+n.Key), false)
	d.value(path+".shadow", shadow(o), shadow(n), wording{
		added: name + " takes nothing away: it is only tried.", removed: name + " is no longer only tried: it counts.",
	}, o.Shadow && worse("off"))
	w := wording{
		added:   name + " takes something away only {after}.",
		removed: name + " takes away what it does all day, and not only {before}.",
		changed: name + " takes something away {after}, and not {before}.",
	}
	if n.Shadow {
		w.removed = name + " no longer takes something away {before}."
	}
	d.value(path+".brown_out", window(o), window(n), w, worse("brown_out") || o.BrownOut != nil && n.BrownOut == nil && !n.Shadow && worse("off"))
	if i >= 0 {
		d.order(path+".off", n.Key, o.Off, n.Off)
		d.order(path+".set", n.Key, setKeys(o), setKeys(n))
	}
}

// gap tells of a stage that grows shorter only because the next one is due
// earlier after it.
func (d *differ) gap(path, name string, i, j int, harsher bool) {
	if harsher && d.old.Stages[i].Dwell == nil && d.next.Stages[j].Dwell == nil {
		d.value(path, none(span(d.old.dwell(i))), none(span(d.next.dwell(j))), wording{
			changed: name + " lasts at least {after} and not {before}.",
		}, true)
	}
}

// order tells of a list that says the same in another order.
func (d *differ) order(path, stage string, old, next []string) {
	if !slices.Equal(slices.Sorted(slices.Values(old)), slices.Sorted(slices.Values(next))) {
		return // what came or went is told by capability
	}
	d.value(path, strings.Join(old, ", "), strings.Join(next, ", "), wording{changed: "What stage " + stage + " takes away stands in another order: {after}."}, false)
}

// capabilities compares at which stage each capability is taken away.
func (d *differ) capabilities() {
	labels := d.labels()
	for _, c := range d.catalogue {
		before, place := d.old.takings(c.Key, labels)
		after, at := d.next.takings(c.Key, stageKeys(d.next))
		if at == "" {
			at = place
		}
		d.value("stages."+at+"."+c.Key, before, after, wording{
			added:   c.Key + ", which was not restricted, is now {after}.",
			removed: c.Key + " is given back: it was {before} and is no longer restricted.",
			changed: c.Key + " is now {after}; before, it was {before}.",
		}, d.takes(c))
	}
}

// labels names the stages of the old plan as the next plan names them.
func (d *differ) labels() []string {
	out := stageKeys(d.old)
	keys := stageKeys(d.next)
	for j, i := range match(out, keys, d.renamed) {
		if i >= 0 {
			out[i] = keys[j]
		}
	}
	return out
}

// takes reports whether the next plan leaves someone less of a capability.
func (d *differ) takes(c Capability) bool {
	to := align(d.old, d.next)
	for i, j := range to {
		for _, window := range []bool{false, true} {
			if j >= 0 && c.Stricter(d.next.left(c, j, window), d.old.left(c, i, window)) {
				return true
			}
		}
	}
	for j := range d.next.Stages {
		for _, country := range append(countries(d.old, d.next), "") {
			if j <= d.next.In(country).Last && !slices.Contains(to, j) && sooner(d.old, d.next, c, country, j) {
				return true
			}
		}
	}
	return false
}

// takings says at which stages a plan takes a capability away, and the first
// place where it does.
func (p Plan) takings(key string, labels []string) (string, string) {
	var out []string
	at := ""
	for i, s := range p.Stages {
		for _, off := range s.Off {
			if off == key {
				out, at = append(out, "off at stage "+labels[i]), first(at, s.Key+".off")
			}
		}
		for _, set := range s.Set {
			if set.Capability == key {
				out, at = append(out, "set to "+valueWords(set.Value)+" at stage "+labels[i]), first(at, s.Key+".set")
			}
		}
	}
	return strings.Join(out, ", then "), at
}

// mentioned is a catalogue of the capabilities that two plans mention. Texts
// are ordered as the old ladder takes them, then as the next one does.
func mentioned(plans ...Plan) Catalogue {
	var out Catalogue
	for _, p := range plans {
		for _, s := range p.Stages {
			for _, key := range s.Off {
				out = out.mention(key, BoolValue(false))
			}
			for _, set := range s.Set {
				out = out.mention(set.Capability, set.Value)
			}
		}
	}
	for i, c := range out {
		on, off := BoolValue(true), BoolValue(false)
		switch c.Kind {
		case Integer:
			on, off = IntValue(math.MaxInt64), IntValue(math.MinInt64)
		case String:
			on, off = Value{}, Value{Kind: "off"}
		}
		out[i].Values = append(append([]Value{on}, c.Values...), off)
	}
	return out
}

func (c Catalogue) mention(key string, value Value) Catalogue {
	i := slices.IndexFunc(c, func(one Capability) bool { return one.Key == key })
	if i < 0 {
		i, c = len(c), append(c, Capability{Key: key, Kind: Boolean})
	}
	if value.Kind != Boolean {
		c[i].Kind = value.Kind
		if !slices.Contains(c[i].Values, value) {
			c[i].Values = append(c[i].Values, value)
		}
	}
	return c
}

func valueWords(v Value) string {
	if v.Kind == String {
		return strconv.Quote(v.String())
	}
	return v.String()
}
