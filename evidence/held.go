package evidence

import (
	"bufio"
	"encoding/json"
	"io"
	"time"

	"assent/tracker"
)

// WriteHeld writes everything that is held on a person as one JSON document: a
// list of rows for each table, an empty one where there is nothing. What the
// names mean is in docs/privacy.md.
func WriteHeld(person string, held []tracker.Holding, at time.Time, w io.Writer) error {
	out := &lines{Writer: bufio.NewWriter(w)}
	out.text("{\n  \"format\": 1,\n  \"person\": ")
	out.value(person)
	out.text(",\n  \"made_at\": ")
	out.value(at.UTC())
	out.text(",\n  \"held\": {")
	for i, h := range held {
		out.between(i, "\n    ")
		out.value(h.Name)
		out.text(": [")
		for j, row := range h.Rows {
			out.between(j, "\n      ")
			out.value(row)
		}
		out.text("]")
	}
	out.text("\n  }\n}\n")
	if out.err != nil {
		return out.err
	}
	return out.Flush()
}

// lines writes until it fails.
type lines struct {
	*bufio.Writer
	err error
}

func (l *lines) text(s string) {
	if l.err == nil {
		_, l.err = l.WriteString(s)
	}
}

// between sets one of a list apart from the one before it.
func (l *lines) between(i int, indent string) {
	if i > 0 {
		l.text(",")
	}
	l.text(indent)
}

func (l *lines) value(v any) {
	data, err := json.Marshal(v)
	if l.err == nil {
		l.err = err
	}
	l.text(string(data))
}
