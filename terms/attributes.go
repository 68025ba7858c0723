package terms

import (
	"maps"
	"slices"
	"strings"
)

// Attributes are what the platform says of a person besides region, locale and
// account type, for holds that concern only some: keys with values, such as
// app=kaios. The text is canonical, one key=value to a line in order of key, so
// that equal attributes are equal texts. Use ParseAttributes to make one.
type Attributes string

// MaxAttributes is how many a person or selector can have.
const MaxAttributes = 16

// maxAttribute is the longest value, in bytes.
const maxAttribute = 64

// ParseAttributes checks keys and values and puts them into canonical form.
// Faults name the key at fault.
func ParseAttributes(of map[string]string) (Attributes, error) {
	var faults Faults
	if len(of) > MaxAttributes {
		faults = append(faults, Fault{"attributes", "are too many: give at most 16"})
	}
	lines := make([]string, 0, len(of))
	for _, key := range slices.Sorted(maps.Keys(of)) {
		value := of[key]
		switch {
		case !ValidKey(key):
			faults = append(faults, Fault{"attributes." + key, "is not a key: use lower-case words joined by dashes, dots or underscores"})
		case value == "" || len(value) > maxAttribute || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' }):
			faults = append(faults, Fault{"attributes." + key, "must be 1 to 64 bytes of text on one line"})
		}
		lines = append(lines, key+"="+value)
	}
	return Attributes(strings.Join(lines, "\n")), faults.OrNil()
}

// Map returns the attributes by key; nil for none.
func (a Attributes) Map() map[string]string {
	if a == "" {
		return nil
	}
	out := map[string]string{}
	for line := range strings.SplitSeq(string(a), "\n") {
		key, value, _ := strings.Cut(line, "=")
		out[key] = value
	}
	return out
}

// Has reports whether every one of others is among these.
func (a Attributes) Has(others Attributes) bool {
	if others == "" {
		return true
	}
	for line := range strings.SplitSeq(string(others), "\n") {
		if !a.has(line) {
			return false
		}
	}
	return true
}

func (a Attributes) has(line string) bool {
	for own := range strings.SplitSeq(string(a), "\n") {
		if own == line {
			return true
		}
	}
	return false
}
