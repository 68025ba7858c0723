package planfile

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"assent/terms"

	"go.yaml.in/yaml/v3"
)

// noReminder is what a region says that never reminds.
const noReminder = "none"

func (r *reader) plan(n *yaml.Node, p *terms.Plan, profiles []Profile) {
	var profile string
	p.Extensions = terms.DefaultExtensions()
	r.object(n, "",
		field{"campaign", text(r, &p.Campaign)},
		field{"title", r.texts(&p.Title)},
		field{"documents", list(r, &p.Documents, r.document)},
		field{"announce_at", r.instant(&p.AnnounceAt)},
		field{"deadline", r.instant(&p.Deadline)},
		field{"notice_period", r.duration(&p.NoticePeriod)},
		field{"audience", r.audience(&p.Audience)},
		field{"snooze", r.snooze(&p.Snooze)},
		field{"extensions", r.extensions(&p.Extensions)},
		field{"grants", list(r, &p.Grants, textOf[string](r))},
		field{"profile", text(r, &profile)},
		field{"stages", list(r, &p.Stages, r.stage)},
		field{"mapping", r.mapping(&p.Mapping)},
		field{"regions", list(r, &p.Regions, r.region)},
	)
	if profile != "" {
		r.profile(profile, p, profiles)
	}
}

func (r *reader) profile(key string, p *terms.Plan, profiles []Profile) {
	if p.Stages != nil {
		r.add("profile", "stands beside stages: give one of them")
		return
	}
	known := make([]string, len(profiles))
	for i, one := range profiles {
		known[i] = one.Key
		if one.Key == key {
			p.Stages = copied(one.Stages)
			return
		}
	}
	r.add("profile", "%q is not a profile; there are %s", key, strings.Join(known, ", "))
}

func copied(stages []terms.Stage) []terms.Stage {
	out := slices.Clone(stages)
	for i, s := range out {
		out[i].Off, out[i].Set = slices.Clone(s.Off), slices.Clone(s.Set)
		if s.Dwell != nil {
			dwell := *s.Dwell
			out[i].Dwell = &dwell
		}
		if s.BrownOut != nil {
			brownOut := *s.BrownOut
			out[i].BrownOut = &brownOut
		}
	}
	return out
}

func (r *reader) document(d *terms.DocumentRef) read {
	return func(n *yaml.Node, path string) {
		r.object(n, path,
			field{"document", text(r, &d.Document)},
			field{"version", text(r, &d.Version)},
		)
	}
}

func (r *reader) audience(a *terms.Audience) read {
	return func(n *yaml.Node, path string) {
		r.object(n, path,
			field{"account_types", list(r, &a.AccountTypes, textOf[terms.AccountType](r))},
			field{"bound", list(r, &a.Bound, textOf[terms.AccountType](r))},
		)
	}
}

func (r *reader) snooze(s *terms.Snooze) read {
	return func(n *yaml.Node, path string) {
		r.object(n, path, field{"for", r.duration(&s.For)}, field{"max", r.integer(&s.Max)})
	}
}

// extensions reads both or none: beside a max of its own, a file does not get
// the longest of files that say nothing.
func (r *reader) extensions(x *terms.Extensions) read {
	return func(n *yaml.Node, path string) {
		*x = terms.Extensions{}
		r.object(n, path, field{"max", r.integer(&x.Max)}, field{"longest", r.duration(&x.Longest)})
	}
}

// mapping reads where people at stages of earlier plans go, in file order.
func (r *reader) mapping(into *[]terms.StageMapping) read {
	return func(n *yaml.Node, path string) {
		r.pairs(n, path, func(from string, value *yaml.Node, at string) {
			m := terms.StageMapping{From: from}
			text(r, &m.To)(value, at)
			*into = append(*into, m)
		})
	}
}

func (r *reader) stage(s *terms.Stage) read {
	return func(n *yaml.Node, path string) {
		r.object(n, path,
			field{"key", text(r, &s.Key)},
			field{"from", r.from(&s.FromAnnounce)},
			field{"after", r.duration(&s.After)},
			field{"dwell", r.dwell(&s.Dwell)},
			field{"spread", r.duration(&s.Spread)},
			field{"final_warning", r.duration(&s.FinalWarning)},
			field{"reminder", r.reminder(&s.Reminder)},
			field{"shadow", r.boolean(&s.Shadow)},
			field{"brown_out", r.brownOut(&s.BrownOut)},
			field{"off", list(r, &s.Off, textOf[string](r))},
			field{"set", r.set(&s.Set)},
		)
	}
}

func (r *reader) from(announce *bool) read {
	return func(n *yaml.Node, path string) {
		if n.Kind != yaml.ScalarNode || n.Value != "announce" {
			r.add(path, "can only be announce, not %s; left out, the stage counts from the deadline", describe(n))
			return
		}
		*announce = true
	}
}

func (r *reader) dwell(into **time.Duration) read {
	return func(n *yaml.Node, path string) {
		var d time.Duration
		r.duration(&d)(n, path)
		*into = &d
	}
}

// brownOut wants the time of day said: nobody means midnight by leaving it out.
func (r *reader) brownOut(into **terms.BrownOut) read {
	return func(n *yaml.Node, path string) {
		b, said := &terms.BrownOut{}, false
		r.object(n, path,
			field{"at", func(n *yaml.Node, path string) {
				said = true
				r.timeOfDay(&b.At)(n, path)
			}},
			field{"for", r.duration(&b.For)},
		)
		if !said && n.Kind == yaml.MappingNode {
			r.add(path+".at", `is missing: give a time of day in UTC such as "14:00"`)
		}
		*into = b
	}
}

func (r *reader) reminder(into *terms.Reminder) read {
	return func(n *yaml.Node, path string) {
		r.object(n, path,
			field{"mode", r.mode(&into.Mode)},
			field{"every", r.duration(&into.Every)},
			field{"every_open", r.boolean(&into.EveryOpen)},
			field{"dismissible", r.boolean(&into.Dismissible)},
			field{"ask_once", r.boolean(&into.AskOnce)},
		)
	}
}

func (r *reader) mode(into *terms.Mode) read {
	return func(n *yaml.Node, path string) {
		if m := terms.Mode(n.Value); n.Kind == yaml.ScalarNode && (m == terms.Banner || m == terms.FullScreen) {
			*into = m
			return
		}
		r.add(path, "must be banner or full_screen, not %s", describe(n))
	}
}

// set reads capabilities with the values they are lowered to, in file order.
func (r *reader) set(into *[]terms.SetValue) read {
	return func(n *yaml.Node, path string) {
		r.pairs(n, path, func(key string, value *yaml.Node, at string) {
			v, ok := capabilityValue(value)
			if !ok {
				r.add(at, "must be true, false, a whole number or text, not %s", describe(value))
				return
			}
			*into = append(*into, terms.SetValue{Capability: key, Value: v})
		})
	}
}

func capabilityValue(n *yaml.Node) (terms.Value, bool) {
	if n.Kind != yaml.ScalarNode {
		return terms.Value{}, false
	}
	switch n.ShortTag() {
	case "!!bool":
		return terms.BoolValue(n.Value == "true"), n.Value == "true" || n.Value == "false"
	case "!!int":
		i, err := strconv.ParseInt(n.Value, 10, 64)
		return terms.IntValue(i), err == nil
	default:
		return terms.TextValue(n.Value), n.ShortTag() == "!!str"
	}
}

func (r *reader) region(g *terms.Region) read {
	return func(n *yaml.Node, path string) {
		r.object(n, path,
			field{"key", text(r, &g.Key)},
			field{"countries", list(r, &g.Countries, textOf[string](r))},
			field{"documents", list(r, &g.Documents, r.document)},
			field{"announce_at", r.instant(&g.AnnounceAt)},
			field{"deadline", r.instant(&g.Deadline)},
			field{"reminder", r.regionReminder(&g.Reminder)},
			field{"last_stage", text(r, &g.LastStage)},
			field{"effect", text(r, &g.Effect)},
			field{"recorded", text(r, &g.Recorded)},
			field{"message", r.texts(&g.Message)},
		)
	}
}

// regionReminder reads what stands in place of the stages' reminders; none is
// short for one that says nothing.
func (r *reader) regionReminder(into **terms.Reminder) read {
	return func(n *yaml.Node, path string) {
		*into = &terms.Reminder{}
		switch {
		case n.Kind == yaml.ScalarNode && n.Value == noReminder:
		case n.Kind == yaml.MappingNode:
			r.reminder(*into)(n, path)
		default:
			r.add(path, "must be none, or keys with values such as {mode: banner, every: 30d}, not %s", describe(n))
		}
	}
}

// textOf is text for the items of a list.
func textOf[T ~string](r *reader) func(*T) read {
	return func(into *T) read { return text(r, into) }
}
