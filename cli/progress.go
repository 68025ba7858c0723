package cli

import (
	"fmt"
	"io"
	"os"
	"time"
)

// progress shows how far long work has got: on a terminal, at most ten times a
// second, on one line; nowhere else.
type progress struct {
	out  io.Writer // nil when nobody is looking
	verb string
	last time.Time
	n    int
}

func newProgress(out io.Writer, verb string) *progress {
	p := &progress{verb: verb}
	if terminal(out) {
		p.out = out
	}
	return p
}

// terminal reports whether a file is a screen with somebody before it, and not
// the device that swallows everything.
func terminal(file any) bool {
	f, ok := file.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}

// set shows that n are done.
func (p *progress) set(n int) {
	p.n = n
	if now := time.Now(); p.out != nil && now.Sub(p.last) >= 100*time.Millisecond {
		p.last = now
		fmt.Fprintf(p.out, "\r%s %d", p.verb, n)
	}
}

// done shows the last count and ends the line.
func (p *progress) done() {
	if p.out != nil {
		fmt.Fprintf(p.out, "\r%s %d\n", p.verb, p.n)
	}
}
