package ledger

import (
	"fmt"
	"strings"
)

// Report is what a verified receipt says. Its words are careful: a receipt
// proves less than people like to think.
type Report struct {
	Record     Record
	Leaf       Hash
	Index      int64
	Checkpoint Checkpoint
}

// Proved lists what the receipt proves, a sentence each.
func (r Report) Proved() []string {
	c := r.Checkpoint
	return []string{
		fmt.Sprintf("The log %q signed a head over %d records.", c.Origin, c.Head.Size) + by(c.Keys),
		fmt.Sprintf("Record %d under that head is this one, unchanged to the last byte.", r.Index),
		r.said(),
	}
}

// by says which keys of the log have signed.
func by(keys []string) string {
	if len(keys) == 1 {
		return " Its key " + keys[0] + " did."
	}
	return " Its keys " + strings.Join(keys, " and ") + " did."
}

// said retells the record.
func (r Report) said() string {
	var b strings.Builder
	fmt.Fprintf(&b, "It says: %s by %q (%s) in the campaign %q, received %s, for",
		r.Record.Action, r.Record.Actor, r.Record.Method, r.Record.Campaign, r.Record.ReceivedAt.UTC().Format(stampLayout))
	for i, d := range r.Record.Documents {
		if i > 0 {
			b.WriteString(" and")
		}
		fmt.Fprintf(&b, " %q version %q in %q with SHA-256 %s", d.Document, d.Version, d.Locale, d.SHA256)
	}
	return b.String() + "."
}

// NotProved lists what the receipt leaves open and how to settle it.
func (r Report) NotProved() []string {
	open := []string{
		"Who the person is: the record holds a pseudonym. Whoever has the person's key can show that it belongs to an account.",
		"The details, such as the address: the record holds a commitment. Whoever has them and their salt can show that they are the ones.",
		"The time: it is that of the server's own clock.",
		"That the texts are the ones you hold: compare their SHA-256.",
		"That everybody sees the same log: compare this checkpoint with one obtained elsewhere. A later one must extend it.",
	}
	if r.Record.Snapshot == "" || r.Record.Sentence == "" {
		open = append(open, "What the page said: the record does not tell in full.")
	}
	if len(r.Checkpoint.Others) > 0 {
		open = append(open, fmt.Sprintf("The other signatures on the checkpoint, by %q: their keys are not known here.", r.Checkpoint.Others))
	}
	return open
}

// String is the whole report for a reader.
func (r Report) String() string {
	return "Proved\n" + list(r.Proved()) + "\nNot proved\n" + list(r.NotProved())
}

func list(lines []string) string {
	return "  - " + strings.Join(lines, "\n  - ") + "\n"
}
