package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Fault is one setting that cannot be used.
type Fault struct {
	Key   string // path in config.yaml, name of an environment variable, or a file
	Value string // as people read it, without secrets; empty when there is none
	Rule  string // what it breaks and what would do
}

// String is the fault on one line.
func (f Fault) String() string {
	if f.Value == "" {
		return f.Key + ": " + f.Rule
	}
	return f.Key + " = " + f.Value + ": " + f.Rule
}

// Invalid is every fault of the settings at once, ordered by key. A program
// that gets one has been set up wrongly and should exit with status 2.
type Invalid struct {
	Faults []Fault
}

// Error lists the faults, one per line.
func (i *Invalid) Error() string {
	lines := make([]string, len(i.Faults))
	for n, f := range i.Faults {
		lines[n] = f.String()
	}
	return strings.Join(lines, "\n")
}

// faults collects what is wrong, on the way.
type faults []Fault

// add keeps the first fault of a key: the later ones are its consequences. A
// value of the wrong type is read as nothing, which then breaks rules too.
func (f *faults) add(key string, value any, rule string) {
	key = oneLine(key)
	if slices.ContainsFunc(*f, func(one Fault) bool { return one.Key == key }) {
		return
	}
	*f = append(*f, Fault{Key: key, Value: shown(value), Rule: oneLine(rule)})
}

// check adds a fault unless ok.
func (f *faults) check(ok bool, key string, value any, rule string) {
	if !ok {
		f.add(key, value, rule)
	}
}

// orNil returns the faults as an error, or nil.
func (f faults) orNil() error {
	if len(f) == 0 {
		return nil
	}
	slices.SortFunc(f, func(a, b Fault) int { return cmp.Compare(a.Key, b.Key) })
	return &Invalid{Faults: f}
}

// oneLine keeps a fault to its line, even if a file has line breaks in a key.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// shown is a value as an error may show it.
func shown(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string, DatabaseURL:
		return cut(fmt.Sprintf("%q", mask(fmt.Sprint(v))))
	case map[string]any, map[any]any:
		return "{…}"
	case []any:
		return "[…]"
	default:
		return cut(fmt.Sprint(v))
	}
}

// cut keeps a value short enough to be read.
func cut(text string) string {
	const longest = 120
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return text
}
