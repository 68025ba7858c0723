package evidence

import (
	"fmt"
	"strings"
)

// Fault is one piece that does not prove what it should.
type Fault struct {
	Piece  string // a file, or a record such as "record 17"
	Detail string
}

// String is the fault in a line.
func (f Fault) String() string { return f.Piece + ": " + f.Detail }

// Unproved says that a verification failed, and where: the first faults in
// order, and how many there are.
type Unproved struct {
	Faults []Fault // not empty; at most mostFaults
	Count  int
}

// mostFaults is how many faults are listed.
const mostFaults = 20

// Error lists the faults.
func (u *Unproved) Error() string {
	var b strings.Builder
	for i, f := range u.Faults {
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString(f.String())
	}
	if more := u.Count - len(u.Faults); more > 0 {
		fmt.Fprintf(&b, "\nand %d more", more)
	}
	return b.String()
}

// add notes a fault.
func (u *Unproved) add(piece, format string, args ...any) {
	if u.Count++; len(u.Faults) < mostFaults {
		u.Faults = append(u.Faults, Fault{Piece: piece, Detail: fmt.Sprintf(format, args...)})
	}
}

// orNil is nil when there are no faults.
func (u *Unproved) orNil() error {
	if u.Count == 0 {
		return nil
	}
	return u
}

// unproved is the error of a single fault.
func unproved(piece, format string, args ...any) error {
	u := &Unproved{}
	u.add(piece, format, args...)
	return u
}
