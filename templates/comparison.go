package templates

import (
	"slices"

	"znkr.io/diff"
)

// Comparison is what changed between two versions of a text, section by section, in the order of the later one; what
// was removed stands where it used to.
type Comparison struct {
	Sections []Section
	Changes  int // passages that are not the same
}

// Section is what stands under one heading.
type Section struct {
	ID       string
	Heading  Passage // Kind "heading"; without words for what comes before the first heading
	Passages []Passage
	Changes  int // passages that are not the same, the heading among them
	State    PassageState
}

// Passage is one paragraph, item of a list or row of a table of either version, or of both.
type Passage struct {
	Kind  string // "heading", "paragraph", "item", "row" or "verbatim"
	State PassageState
	runs  []run
}

// PassageState says what became of a passage.
type PassageState string

// What can become of a passage.
const (
	PassageSame    PassageState = "same"
	PassageChanged PassageState = "changed"
	PassageAdded   PassageState = "added"
	PassageRemoved PassageState = "removed"
)

// run is words in a row that share a fate.
type run struct {
	state PassageState // same, added or removed
	words []word
}

// CompareMarkdown compares two versions of a terms text word by word. Where a paragraph was moved, it is shown as
// removed in one place and added in the other.
func CompareMarkdown(before, after []byte) Comparison {
	var c Comparison
	section := Section{ID: "c-1"}
	flush := func() {
		if len(section.Heading.runs) > 0 || len(section.Passages) > 0 {
			section.State = section.state()
			c.Sections, c.Changes = append(c.Sections, section), c.Changes+section.Changes
		}
	}
	for _, pair := range align(blocksOf(before), blocksOf(after)) {
		p := pair.passage()
		if p.Kind == "heading" {
			flush()
			section = Section{ID: idOf(len(c.Sections) + 1), Heading: p}
		} else {
			section.Passages = append(section.Passages, p)
		}
		if p.State != PassageSame {
			section.Changes++
		}
	}
	flush()
	return c
}

// state is that of all the passages where they agree, else changed.
func (s Section) state() PassageState {
	all := slices.Clone(s.Passages)
	if len(s.Heading.runs) > 0 {
		all = append(all, s.Heading)
	}
	for _, p := range all {
		if p.State != all[0].State {
			return PassageChanged
		}
	}
	return all[0].State
}

// Same counts the passages that are as they were.
func (s Section) Same() int {
	n := 0
	for _, p := range s.Passages {
		if p.State == PassageSame {
			n++
		}
	}
	return n
}

// pair is a block of the earlier version, of the later one, or of both.
type pair struct{ before, after *block }

func (p pair) passage() Passage {
	switch {
	case p.before == nil:
		return Passage{p.after.kind.String(), PassageAdded, []run{{PassageAdded, p.after.words}}}
	case p.after == nil:
		return Passage{p.before.kind.String(), PassageRemoved, []run{{PassageRemoved, p.before.words}}}
	case p.before.key == p.after.key:
		return Passage{p.after.kind.String(), PassageSame, []run{{PassageSame, p.after.words}}}
	}
	return Passage{p.after.kind.String(), PassageChanged, reword(p.before.words, p.after.words)}
}

// align pairs the blocks of two versions in order: first those that read alike, then, between them, those that
// resemble one another.
func align(before, after []block) []pair {
	var out []pair
	var gone, come []*block
	i, j := 0, 0
	for _, e := range diff.Edits(keys(before), keys(after)) {
		switch e.Op {
		case diff.Delete:
			gone, i = append(gone, &before[i]), i+1
		case diff.Insert:
			come, j = append(come, &after[j]), j+1
		case diff.Match:
			out = append(append(out, resemble(gone, come)...), pair{&before[i], &after[j]})
			gone, come, i, j = nil, nil, i+1, j+1
		}
	}
	return append(out, resemble(gone, come)...)
}

func keys(blocks []block) []string {
	all := make([]string, len(blocks))
	for i, b := range blocks {
		all[i] = b.key
	}
	return all
}

// reword says how the words of one block became those of another: what goes stands before what comes in its place.
func reword(before, after []word) []run {
	var out []run
	i, j := 0, 0
	for _, e := range diff.Edits(readings(before), readings(after), diff.Minimal()) {
		switch e.Op {
		case diff.Delete:
			out, i = add(out, PassageRemoved, before[i]), i+1
		case diff.Insert:
			out, j = add(out, PassageAdded, after[j]), j+1
		case diff.Match:
			same := after[j]
			same.spaced = same.spaced || before[i].spaced // it may be first in one version only
			out, i, j = add(out, PassageSame, same), i+1, j+1
		}
	}
	return gather(out, before, after)
}

func add(runs []run, state PassageState, w word) []run {
	if n := len(runs); n > 0 && runs[n-1].state == state {
		runs[n-1].words = append(runs[n-1].words, w)
		return runs
	}
	return append(runs, run{state, []word{w}})
}

// readings are words by what makes them the same: how they read and where they lead.
func readings(words []word) []string {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = w.text + "\x00" + w.href
	}
	return all
}

// shortest is how many words have to stay in a row between two changes for a reader to see them as staying.
const shortest = 3

// gather makes runs fit for reading: one or two words that happen to stay between larger changes go with them, and
// in each change the words that go come first.
func gather(runs []run, before, after []word) []run {
	var out []run
	var gone, come []word
	flush := func() {
		if len(gone) > 0 {
			out = append(out, run{PassageRemoved, gone})
		}
		if len(come) > 0 {
			out = append(out, run{PassageAdded, come})
		}
		gone, come = nil, nil
	}
	i, j := 0, 0 // words of each version passed by
	for n, r := range runs {
		switch size := len(r.words); {
		case r.state == PassageRemoved:
			gone, i = append(gone, r.words...), i+size
		case r.state == PassageAdded:
			come, j = append(come, r.words...), j+size
		case size < shortest && len(gone)+len(come) > size && changing(runs[n+1:]) > size:
			gone, come = append(gone, before[i:i+size]...), append(come, after[j:j+size]...)
			i, j = i+size, j+size
		default:
			flush()
			out, i, j = append(out, r), i+size, j+size
		}
	}
	flush()
	return out
}

// changing counts the words that change at the beginning of runs.
func changing(runs []run) int {
	n := 0
	for _, r := range runs {
		if r.state == PassageSame {
			break
		}
		n += len(r.words)
	}
	return n
}
