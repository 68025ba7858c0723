package planfile

import (
	"bytes"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"time"

	"assent/terms"

	"go.yaml.in/yaml/v3"
)

// Format writes a plan as a canonical YAML plan file: keys in a fixed order,
// what is not set left out, stages in full where the file named a profile. Two
// plans that say the same give the same bytes, so files can be compared line by
// line, and Parse reads it back to the same plan but for its Number. Strings
// must be UTF-8.
func Format(p terms.Plan) ([]byte, error) {
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(planNode(p)); err != nil {
		return nil, fmt.Errorf("write plan of campaign %q: %w", p.Campaign, err)
	}
	if err := enc.Close(); err != nil {
		return nil, fmt.Errorf("write plan of campaign %q: %w", p.Campaign, err)
	}
	return out.Bytes(), nil
}

func planNode(p terms.Plan) *yaml.Node {
	return always(block(
		pair{"campaign", str(p.Campaign)},
		pair{"title", texts(p.Title)},
		pair{"documents", items(p.Documents, documentNode)},
		pair{"announce_at", instant(p.AnnounceAt)},
		pair{"deadline", instant(p.Deadline)},
		pair{"notice_period", duration(p.NoticePeriod)},
		pair{"audience", flow(pair{"account_types", words(p.Audience.AccountTypes)}, pair{"bound", words(p.Audience.Bound)})},
		pair{"snooze", flow(pair{"for", duration(p.Snooze.For)}, pair{"max", integer(p.Snooze.Max)})},
		pair{"extensions", extensionsNode(p.Extensions)},
		pair{"grants", words(p.Grants)},
		pair{"stages", items(p.Stages, stageNode)},
		pair{"mapping", mappingNode(p.Mapping)},
		pair{"regions", items(p.Regions, regionNode)},
	))
}

// extensionsNode leaves out the ones of a plan that says nothing, so that one
// that allows none has to say so.
func extensionsNode(x terms.Extensions) *yaml.Node {
	if x == terms.DefaultExtensions() {
		return nil
	}
	return flow(pair{"max", scalar("!!int", strconv.Itoa(x.Max))}, pair{"longest", duration(x.Longest)})
}

func mappingNode(mapping []terms.StageMapping) *yaml.Node {
	pairs := make([]pair, len(mapping))
	for i, m := range mapping {
		pairs[i] = pair{m.From, quoted(m.To)}
	}
	return flow(pairs...)
}

func documentNode(d terms.DocumentRef) *yaml.Node {
	return always(flow(pair{"document", str(d.Document)}, pair{"version", str(d.Version)}))
}

func stageNode(s terms.Stage) *yaml.Node {
	from, dwell := (*yaml.Node)(nil), (*yaml.Node)(nil)
	if s.FromAnnounce {
		from = str("announce")
	}
	if s.Dwell != nil {
		dwell = durationNode(*s.Dwell)
	}
	return always(block(
		pair{"key", str(s.Key)},
		pair{"from", from},
		pair{"after", duration(s.After)},
		pair{"dwell", dwell},
		pair{"spread", duration(s.Spread)},
		pair{"final_warning", duration(s.FinalWarning)},
		pair{"reminder", reminderNode(s.Reminder)},
		pair{"shadow", flag(s.Shadow)},
		pair{"brown_out", brownOutNode(s.BrownOut)},
		pair{"off", words(s.Off)},
		pair{"set", setNode(s.Set)},
	))
}

func reminderNode(r terms.Reminder) *yaml.Node {
	return flow(
		pair{"mode", str(string(r.Mode))},
		pair{"every", duration(r.Every)},
		pair{"every_open", flag(r.EveryOpen)},
		pair{"dismissible", flag(r.Dismissible)},
		pair{"ask_once", flag(r.AskOnce)},
	)
}

func brownOutNode(b *terms.BrownOut) *yaml.Node {
	if b == nil {
		return nil
	}
	return flow(pair{"at", quoted(terms.FormatTimeOfDay(b.At))}, pair{"for", durationNode(b.For)})
}

func setNode(values []terms.SetValue) *yaml.Node {
	pairs := make([]pair, len(values))
	for i, s := range values {
		v := quoted(s.Value.String())
		switch s.Value.Kind {
		case terms.Boolean:
			v = scalar("!!bool", s.Value.String())
		case terms.Integer:
			v = scalar("!!int", s.Value.String())
		}
		pairs[i] = pair{s.Capability, v}
	}
	return flow(pairs...)
}

func regionNode(g terms.Region) *yaml.Node {
	var reminder *yaml.Node
	switch {
	case g.Reminder == nil:
	case *g.Reminder == terms.Reminder{}:
		reminder = quoted(noReminder)
	default:
		reminder = reminderNode(*g.Reminder)
	}
	return always(block(
		pair{"key", str(g.Key)},
		pair{"countries", words(g.Countries)},
		pair{"documents", items(g.Documents, documentNode)},
		pair{"announce_at", instant(g.AnnounceAt)},
		pair{"deadline", instant(g.Deadline)},
		pair{"reminder", reminder},
		pair{"last_stage", str(g.LastStage)},
		pair{"effect", str(string(g.Effect))},
		pair{"recorded", str(string(g.Recorded))},
		pair{"message", texts(g.Message)},
	))
}

// pair is a key with its value; a nil value leaves the key out.
type pair struct {
	key   string
	value *yaml.Node
}

// block is a mapping with a line per key, nil when it would be empty.
func block(pairs ...pair) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for _, p := range pairs {
		if p.value != nil {
			n.Content = append(n.Content, quoted(p.key), p.value)
		}
	}
	if len(n.Content) == 0 {
		return nil
	}
	return n
}

// flow is a mapping on one line, nil when it would be empty.
func flow(pairs ...pair) *yaml.Node {
	n := block(pairs...)
	if n != nil {
		n.Style = yaml.FlowStyle
	}
	return n
}

// always writes an empty mapping where even one that says nothing counts, as an
// item of a list does.
func always(n *yaml.Node) *yaml.Node {
	if n == nil {
		return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Style: yaml.FlowStyle}
	}
	return n
}

func items[T any](list []T, each func(T) *yaml.Node) *yaml.Node {
	if len(list) == 0 {
		return nil
	}
	n := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
	for _, one := range list {
		n.Content = append(n.Content, each(one))
	}
	return n
}

func words[T ~string](list []T) *yaml.Node {
	n := items(list, func(w T) *yaml.Node { return quoted(string(w)) })
	if n != nil {
		n.Style = yaml.FlowStyle
	}
	return n
}

func texts(t terms.Texts) *yaml.Node {
	var pairs []pair
	for _, locale := range slices.Sorted(maps.Keys(t)) {
		pairs = append(pairs, pair{locale, quoted(t[locale])})
	}
	return block(pairs...)
}

func str(s string) *yaml.Node {
	if s == "" {
		return nil
	}
	return quoted(s)
}

// What needs no quotes: letters of any script, with spaces and the marks of
// keys between. Everything else is quoted, so that no reader takes it for
// another type and every character comes back as it was.
var plain = regexp.MustCompile(`^\pL[\pL\pM0-9._-]*( [\pL\pM0-9._-]+)*$`)

func quoted(s string) *yaml.Node {
	n := scalar("!!str", s)
	if !plain.MatchString(s) {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

func flag(b bool) *yaml.Node {
	if !b {
		return nil
	}
	return scalar("!!bool", "true")
}

func integer(i int) *yaml.Node {
	if i == 0 {
		return nil
	}
	return scalar("!!int", strconv.Itoa(i))
}

func instant(t time.Time) *yaml.Node {
	if t.IsZero() {
		return nil
	}
	return scalar("!!timestamp", t.UTC().Format(time.RFC3339))
}

func duration(d time.Duration) *yaml.Node {
	if d == 0 {
		return nil
	}
	return durationNode(d)
}

func durationNode(d time.Duration) *yaml.Node { return scalar("!!str", terms.FormatDuration(d)) }
