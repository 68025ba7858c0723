package clients

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"

	"assent/handlers/web"
	"assent/terms"
	"assent/tracker"
)

const ndjson = "application/x-ndjson"

// maxBad is how many bad lines are reported before an import stops: beyond it
// the file is of another kind.
const maxBad = 10_000

// lineOut is the result of one line: a status, or what is wrong with it.
type lineOut struct {
	Line   int       `json:"line"`
	Status string    `json:"status,omitempty"`
	Errors []faultAt `json:"errors,omitempty"`
}

type faultAt struct {
	Path   string `json:"path"`
	Detail string `json:"detail"`
}

func places(faults terms.Faults) []faultAt {
	out := make([]faultAt, len(faults))
	for i, f := range faults {
		out[i] = faultAt(f)
	}
	return out
}

// importPeople reads people line by line, keeps the good ones in batches, and
// then reports on each line. The report comes after the whole body, because many
// clients do not read before they have written everything.
func (h *Handlers) importPeople(c *gin.Context) error {
	if err := web.RequireType(c, ndjson); err != nil {
		return err
	}
	web.Unhurried(c)
	report, err := ImportPeople(c.Request.Context(), h.Tracker, c.Request.Body, func(int) {})
	if err != nil {
		return err
	}
	c.Header("Content-Type", ndjson)
	c.Status(http.StatusOK)
	return report.write(c.Writer)
}

// Report is what came of an import: how many lines were read, and what is wrong
// with those that were not stored, by number from 1.
type Report struct {
	Lines int
	Bad   map[int]terms.Faults
}

// ImportPeople reads people as NDJSON, one a line, and stores the good ones in
// batches; progress is told how many lines were read. An error ends the import:
// the lines stored so far are kept, and it can be sent again as a whole.
func ImportPeople(ctx context.Context, t *tracker.Tracker, body io.Reader, progress func(lines int)) (Report, error) {
	in := intake{lines: bufio.NewReaderSize(body, web.MaxBody+2), bad: map[int]terms.Faults{}, ids: map[string]bool{}}
	in.store = func(batch []tracker.Person) error {
		defer progress(in.line)
		return t.AddPeople(ctx, batch)
	}
	if err := in.run(); err != nil {
		return Report{}, fmt.Errorf("import people, line %d: %w", in.line, err)
	}
	return Report{Lines: in.line, Bad: in.bad}, nil
}

// intake is one import under way.
type intake struct {
	lines *bufio.Reader
	store func([]tracker.Person) error
	line  int // number of the last line read
	bad   map[int]terms.Faults
	batch []tracker.Person
	ids   map[string]bool // in the batch
}

func (in *intake) run() error {
	for {
		line, err := in.next()
		if errors.Is(err, io.EOF) {
			return in.flush()
		}
		if err == nil && in.bad[in.line] == nil {
			err = in.take(line)
		}
		if err != nil {
			return err
		}
		if len(in.bad) >= maxBad {
			in.line++
			in.bad[in.line] = terms.Faults{{Detail: fmt.Sprintf("there were %d bad lines before this one: nothing from here on was read", maxBad)}}
			return in.flush()
		}
	}
}

// next reads a line; nil for one that is too long, whose fault is noted.
func (in *intake) next() ([]byte, error) {
	line, err := in.lines.ReadSlice('\n')
	if len(line) == 0 && err != nil {
		return nil, readFailure(err)
	}
	in.line++
	if !errors.Is(err, bufio.ErrBufferFull) {
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, readFailure(err)
		}
		if line = bytes.TrimRight(line, "\r\n"); len(line) <= web.MaxBody {
			return line, nil
		}
	}
	in.bad[in.line] = terms.Faults{{Detail: fmt.Sprintf("the line is longer than %d bytes", web.MaxBody)}}
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = in.lines.ReadSlice('\n')
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, readFailure(err)
	}
	return nil, nil
}

func readFailure(err error) error {
	if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return io.EOF
	}
	return terms.Errorf(terms.Invalid, "the body ended early; the lines stored so far are kept, send the others again")
}

// take keeps one line's person for the next batch, or notes its faults. A
// batch holds nobody twice.
func (in *intake) take(line []byte) error {
	person, faults := readPerson(line)
	if len(faults) > 0 {
		in.bad[in.line] = faults
		return nil
	}
	if in.ids[person.ID] || len(in.batch) == tracker.MaxBatch {
		if err := in.flush(); err != nil {
			return err
		}
	}
	in.ids[person.ID] = true
	in.batch = append(in.batch, person)
	return nil
}

// readPerson reads the person on a line, or says what is wrong with it.
func readPerson(line []byte) (tracker.Person, terms.Faults) {
	var in personIn
	if err := web.Decode(line, &in); err != nil {
		return tracker.Person{}, faultsOf(err)
	}
	person, err := in.person()
	return person, faultsOf(err)
}

func faultsOf(err error) terms.Faults {
	var faults terms.Faults
	var unreadable *web.Problem
	switch {
	case err == nil:
		return nil
	case errors.As(err, &unreadable):
		return unreadable.Faults
	case errors.As(err, &faults):
		return faults
	}
	return terms.Faults{{Detail: err.Error()}}
}

func (in *intake) flush() error {
	if len(in.batch) == 0 {
		return nil
	}
	err := in.store(in.batch)
	in.batch = in.batch[:0]
	clear(in.ids)
	return err
}

// write writes a line about each line.
func (r Report) write(w io.Writer) error {
	out := bufio.NewWriter(w)
	for n := 1; n <= r.Lines; n++ {
		result := lineOut{Line: n, Status: "stored"}
		if faults, ok := r.Bad[n]; ok {
			result = lineOut{Line: n, Errors: places(faults)}
		}
		data, err := json.Marshal(result, json.Deterministic(true))
		if err != nil {
			return fmt.Errorf("write the result of line %d: %w", n, err)
		}
		if _, err := out.Write(append(data, '\n')); err != nil {
			return fmt.Errorf("write the result of line %d: %w", n, err)
		}
	}
	return out.Flush()
}
