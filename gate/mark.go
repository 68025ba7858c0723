package gate

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Mark is how far a gate has come: every answer reflects the log of changes up
// to Revision, what plans and holds among them did to everybody included, and
// the holds and brown-outs that began or ended by themselves up to Turned. It
// means the same in every process on the same database.
type Mark struct {
	Revision uint64
	Turned   time.Time
}

// String is the mark in the form that ParseMark reads: REVISION-MICROSECONDS.
func (m Mark) String() string {
	return strconv.FormatUint(m.Revision, 10) + "-" + strconv.FormatInt(m.Turned.UnixMicro(), 10)
}

// ParseMark reads what String wrote.
func ParseMark(text string) (Mark, error) {
	revision, turned, _ := strings.Cut(text, "-")
	r, err := strconv.ParseUint(revision, 10, 63)
	at, err2 := strconv.ParseInt(turned, 10, 64)
	if err != nil || err2 != nil {
		return Mark{}, fmt.Errorf("%q is no mark", text)
	}
	return Mark{r, time.UnixMicro(at).UTC()}, nil
}

// Mark is how far the gate has come; the zero Mark before Load has finished.
func (g *Gate) Mark() Mark {
	if m := g.mark.Load(); m != nil {
		return *m
	}
	return Mark{}
}

// settle moves the mark once nobody is left to be placed again.
func (g *Gate) settle() {
	if len(g.again) == 0 && !g.walking {
		g.mark.Store(&Mark{g.revision.Load(), g.turned})
	}
}

// Turned reports whether a hold or a brown-out of any campaign has begun or
// ended by itself since a mark was made. People it concerns are in no list of
// changes: whoever comes from that mark reads everything again.
func (g *Gate) Turned(since Mark) bool {
	g.following.wait()
	defer g.following.leave()
	for _, book := range g.books {
		if book.turns(since.Turned, g.turned) {
			return true
		}
	}
	return false
}

// Moved returns a channel that is closed when the gate has applied a newer
// change than those it had applied by now.
func (g *Gate) Moved() <-chan struct{} {
	g.moving.Lock()
	defer g.moving.Unlock()
	if g.moved == nil {
		g.moved = make(chan struct{})
	}
	return g.moved
}

// wake tells those who wait for a change.
func (g *Gate) wake() {
	g.moving.Lock()
	defer g.moving.Unlock()
	if g.moved != nil {
		close(g.moved)
		g.moved = nil
	}
}
