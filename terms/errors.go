package terms

import (
	"fmt"
	"strings"
)

// Kind classifies an error for whoever has to answer it. A Kind is itself an
// error, so errors.Is(err, terms.NotFound) works on anything Errorf made.
type Kind string

// The kinds; the HTTP layer maps each to one status in one place.
const (
	Invalid         Kind = "invalid"         // the input breaks a rule; nothing was changed
	Unauthenticated Kind = "unauthenticated" // no valid credentials
	Forbidden       Kind = "forbidden"       // valid credentials without the right
	Restricted      Kind = "restricted"      // the person's stage does not allow it
	NotFound        Kind = "not_found"       // the named thing does not exist
	Conflict        Kind = "conflict"        // the state moved on; the error says to what
	TooMany         Kind = "too_many"        // a budget is used up
	Unavailable     Kind = "unavailable"     // it could not be done now; the same again may work in a moment
)

// Error makes a Kind usable as the target of errors.Is.
func (k Kind) Error() string { return string(k) }

// Error is a failure whose message is safe to show to whoever asked: it names
// the thing and the way out, and never internal detail.
type Error struct {
	Kind    Kind
	Message string
}

// Error returns the message for people.
func (e *Error) Error() string { return e.Message }

// Unwrap returns the kind, for errors.Is.
func (e *Error) Unwrap() error { return e.Kind }

// Errorf makes an Error of a kind.
func Errorf(k Kind, format string, args ...any) error {
	return &Error{Kind: k, Message: fmt.Sprintf(format, args...)}
}

// Fault is one thing wrong with an input, with its place in it, written as a
// path such as "stages[3].off[0]".
type Fault struct {
	Path   string
	Detail string
}

// Faults is every fault of one input at once; an error of kind Invalid.
type Faults []Fault

// Error lists the faults, one per line.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, one := range f {
		lines[i] = one.Path + ": " + one.Detail
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns Invalid, for errors.Is.
func (f Faults) Unwrap() error { return Invalid }

// OrNil returns the faults as an error, or nil when there are none.
func (f Faults) OrNil() error {
	if len(f) == 0 {
		return nil
	}
	return f
}

// Stale reports a response to something that is not, or no longer, what is
// asked of the person. Current is what they should be shown instead. It is an
// error of kind Conflict.
type Stale struct {
	Message string
	Current []DocumentText
}

// Error returns the message for people.
func (s *Stale) Error() string { return s.Message }

// Unwrap returns Conflict, for errors.Is.
func (s *Stale) Unwrap() error { return Conflict }
