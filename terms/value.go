package terms

import (
	"fmt"
	"strconv"
)

// ValueKind is the type of a capability.
type ValueKind string

// The kinds of value a capability can have.
const (
	Boolean ValueKind = "boolean"
	Integer ValueKind = "integer"
	String  ValueKind = "string"
)

// Value is what a capability evaluates to: a boolean, an integer or a string.
// Values are comparable with ==; the zero Value has no kind.
type Value struct {
	Kind ValueKind
	bool bool
	int  int64
	text string
}

// BoolValue returns a boolean value.
func BoolValue(b bool) Value { return Value{Kind: Boolean, bool: b} }

// IntValue returns an integer value.
func IntValue(i int64) Value { return Value{Kind: Integer, int: i} }

// TextValue returns a string value.
func TextValue(s string) Value { return Value{Kind: String, text: s} }

// Bool reports whether the capability may be used at all: a true boolean, a
// positive integer, or any non-empty string.
func (v Value) Bool() bool {
	switch v.Kind {
	case Boolean:
		return v.bool
	case Integer:
		return v.int > 0
	default:
		return v.text != ""
	}
}

// Int returns the integer of an Integer value, else 0.
func (v Value) Int() int64 { return v.int }

// String returns the value as people read it.
func (v Value) String() string {
	switch v.Kind {
	case Boolean:
		return strconv.FormatBool(v.bool)
	case Integer:
		return strconv.FormatInt(v.int, 10)
	default:
		return v.text
	}
}

// MarshalJSON writes the bare JSON boolean, number or string.
func (v Value) MarshalJSON() ([]byte, error) { return v.AppendJSON(nil), nil }

// AppendJSON appends what MarshalJSON writes.
func (v Value) AppendJSON(dst []byte) []byte {
	switch v.Kind {
	case Boolean:
		return strconv.AppendBool(dst, v.bool)
	case Integer:
		return strconv.AppendInt(dst, v.int, 10)
	case String:
		return append(dst, quoteJSON(v.text)...)
	default:
		return append(dst, "null"...)
	}
}

// UnmarshalJSON reads a bare JSON boolean, integer or string.
func (v *Value) UnmarshalJSON(data []byte) error {
	s := string(data)
	switch {
	case s == "null":
		*v = Value{}
	case s == "true", s == "false":
		*v = BoolValue(s == "true")
	case len(s) > 1 && s[0] == '"':
		text, err := strconv.Unquote(s)
		if err != nil {
			return fmt.Errorf("value %s: %w", s, err)
		}
		*v = TextValue(text)
	default:
		i, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return fmt.Errorf("value %s is not a boolean, an integer or a string", s)
		}
		*v = IntValue(i)
	}
	return nil
}

// quoteJSON quotes a catalogue string, which Catalogue.Validate limits to
// printable ASCII, so Go's quoting and JSON's are the same.
func quoteJSON(s string) string { return strconv.QuoteToASCII(s) }
