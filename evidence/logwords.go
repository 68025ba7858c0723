package evidence

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"assent/ledger"
)

// Proved lists what a verified log proves, a sentence each.
func (r LogReport) Proved() []string {
	c := r.Checkpoint
	out := []string{
		fmt.Sprintf("The log %q signed a head over %d records (%s).", c.Origin, c.Head.Size, keyNames(c.Keys)),
		fmt.Sprintf("These are the %d records under that head: none was changed, added, left out or moved since.", c.Head.Size),
	}
	if said := r.said(); said != "" {
		out = append(out, said)
	}
	if r.Counts[ledger.KindErasure] > 0 {
		out = append(out, fmt.Sprintf("The details of %d records were destroyed on purpose, with the keys of their pseudonyms, as tombstones among these say; the records are still there.", r.Erased))
	}
	for _, k := range r.Kept {
		out = append(out, fmt.Sprintf("It continues the checkpoint over %d records that was kept elsewhere: those are still the same.", k.Head.Size))
	}
	return out
}

// said counts the records by what they are about.
func (r LogReport) said() string {
	var parts []string
	for _, what := range slices.Sorted(maps.Keys(r.Counts)) {
		parts = append(parts, fmt.Sprintf("%s %d", what, r.Counts[what]))
	}
	if len(parts) == 0 {
		return ""
	}
	text := "They say: " + strings.Join(parts, ", ")
	if !r.First.IsZero() {
		text += fmt.Sprintf("; from %s to %s", r.First.UTC().Format(time.RFC3339), r.Last.UTC().Format(time.RFC3339))
	}
	return text + "."
}

// NotProved lists what a verified log leaves open and how to settle it.
func (r LogReport) NotProved() []string {
	open := []string{
		"Who the people are: the records hold pseudonyms. Whoever has a person's key can show that it belongs to an account.",
		"The times: they are those of the server's own clock.",
		"That a choice is missing: a log shows what is in it, not what was never written.",
	}
	if len(r.Kept) == 0 {
		open = append(open, "That this is the only history: hold it against a checkpoint that was kept elsewhere (--checkpoint).")
	}
	if r.Strange > 0 {
		open = append(open, fmt.Sprintf("What %d records of kinds that this program does not know say; they are unchanged all the same.", r.Strange))
	}
	if len(r.Checkpoint.Others) > 0 {
		open = append(open, fmt.Sprintf("The other signatures on the checkpoint, by %q: their keys are not known here.", r.Checkpoint.Others))
	}
	return open
}

// String is the whole report for a reader.
func (r LogReport) String() string { return report(r.Proved(), r.NotProved()) }

func report(proved, open []string) string {
	return "Proved\n" + list(proved) + "\nNot proved\n" + list(open)
}

func list(lines []string) string { return "  - " + strings.Join(lines, "\n  - ") + "\n" }

func keyNames(ids []string) string {
	if len(ids) == 1 {
		return "its key " + ids[0]
	}
	return "its keys " + strings.Join(ids, " and ")
}
