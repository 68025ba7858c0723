package planfile

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"assent/terms"

	"go.yaml.in/yaml/v3"
)

// reader walks the tree of a file and collects every fault on the way.
type reader struct {
	faults     terms.Faults
	unreadable bool // there is no tree of keys: the plan says nothing
}

// read puts what a node says somewhere, or adds faults at its path.
type read func(n *yaml.Node, path string)

// field is a key an object may have.
type field struct {
	key  string
	read read
}

func (r *reader) add(path, format string, args ...any) {
	r.faults = append(r.faults, terms.Fault{Path: path, Detail: fmt.Sprintf(format, args...)})
}

// pairs calls visit for each key of a mapping with text keys, once per key.
func (r *reader) pairs(n *yaml.Node, path string, visit func(key string, value *yaml.Node, at string)) {
	if n.Kind != yaml.MappingNode {
		r.add(path, "must be keys with values, not %s", describe(n))
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		at := place(join(path, key.Value))
		switch {
		case key.Kind != yaml.ScalarNode || key.ShortTag() != "!!str":
			r.add(place(path), "line %d: a key must be text, not %s", key.Line, describe(key))
		case seen[key.Value]:
			r.add(at, "stands twice")
		default:
			visit(key.Value, n.Content[i+1], at)
		}
		seen[key.Value] = true
	}
}

// object reads a mapping that has no keys but these.
func (r *reader) object(n *yaml.Node, path string, fields ...field) {
	r.pairs(n, path, func(key string, value *yaml.Node, at string) {
		for _, f := range fields {
			if f.key == key {
				f.read(value, at)
				return
			}
		}
		r.add(at, "is not a known key; the keys here are %s", keys(fields))
	})
}

// list reads a sequence into a slice. An empty one leaves the slice nil.
func list[T any](r *reader, into *[]T, each func(*T) read) read {
	return func(n *yaml.Node, path string) {
		if n.Kind != yaml.SequenceNode {
			r.add(path, "must be a list, not %s", describe(n))
			return
		}
		for i, item := range n.Content {
			var one T
			each(&one)(item, fmt.Sprintf("%s[%d]", path, i))
			*into = append(*into, one)
		}
	}
}

func text[T ~string](r *reader, into *T) read {
	return func(n *yaml.Node, path string) {
		switch {
		case n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str":
			*into = T(n.Value)
		case n.Kind == yaml.ScalarNode && n.ShortTag() != "!!null":
			r.add(path, "must be text: put %s in quotes", n.Value)
		default:
			r.add(path, "must be text, not %s", describe(n))
		}
	}
}

// The shape of a BCP 47 tag; whether such a language exists is not asked.
var localePattern = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$`)

func (r *reader) texts(into *terms.Texts) read {
	return func(n *yaml.Node, path string) {
		r.pairs(n, path, func(locale string, value *yaml.Node, at string) {
			if !localePattern.MatchString(locale) {
				r.add(at, "%q is not a language tag such as en or pt-BR", locale)
				return
			}
			var s string
			text(r, &s)(value, at)
			if *into == nil {
				*into = terms.Texts{}
			}
			(*into)[locale] = s
		})
	}
}

func (r *reader) boolean(into *bool) read {
	return func(n *yaml.Node, path string) {
		if n.Kind != yaml.ScalarNode || n.Value != "true" && n.Value != "false" || n.ShortTag() != "!!bool" {
			r.add(path, "must be true or false, not %s", describe(n))
			return
		}
		*into = n.Value == "true"
	}
}

func (r *reader) integer(into *int) read {
	return func(n *yaml.Node, path string) {
		i, err := strconv.Atoi(n.Value)
		if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!int" || err != nil {
			r.add(path, "must be a whole number, not %s", describe(n))
			return
		}
		*into = i
	}
}

func (r *reader) duration(into *time.Duration) read {
	return func(n *yaml.Node, path string) {
		d, err := terms.ParseDuration(n.Value)
		if n.Kind != yaml.ScalarNode || err != nil {
			r.add(path, "must be a length of time such as 90m, 24h or 28d, not %s", describe(n))
			return
		}
		*into = d
	}
}

func (r *reader) timeOfDay(into *time.Duration) read {
	return func(n *yaml.Node, path string) {
		d, err := terms.ParseTimeOfDay(n.Value)
		if n.Kind != yaml.ScalarNode || err != nil {
			r.add(path, `must be a time of day in UTC such as "14:00", not %s`, describe(n))
			return
		}
		*into = d
	}
}

func (r *reader) instant(into *time.Time) read {
	return func(n *yaml.Node, path string) {
		t, err := time.Parse(time.RFC3339, n.Value)
		switch {
		case n.Kind != yaml.ScalarNode || err != nil:
			r.add(path, "must be an instant such as 2021-05-15T00:00:00Z, not %s", describe(n))
		case !strings.HasSuffix(n.Value, "Z"):
			r.add(path, "must be in UTC: write %s", t.UTC().Format(time.RFC3339))
		case t.Nanosecond() != 0:
			r.add(path, "must be a whole second: write %s", t.Format(time.RFC3339))
		default:
			*into = t.UTC()
		}
	}
}

// describe says what stands where something else was wanted.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "keys with values"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias: write the value out"
	}
	if n.ShortTag() == "!!null" {
		return "nothing"
	}
	return strconv.Quote(n.Value)
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// place names the file itself where there is no path in it.
func place(path string) string {
	if path == "" {
		return "file"
	}
	return path
}

func keys(fields []field) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.key
	}
	return strings.Join(names, ", ")
}
