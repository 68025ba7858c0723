package clients

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"assent/handlers/web"
)

// contexts reads what requests for flags say, with decoders that are used again.
type contexts struct{ decoders sync.Pool }

// evaluation is what a request says: about whom, and members of its context that
// capabilities declare.
type evaluation struct {
	person string
	said   map[string]string
}

// read finds context.targetingKey in a request for flags and the members that
// are asked for, and passes over the rest without building anything of it. The
// error says what OFREP says.
func (c *contexts) read(body []byte, asks func(member string) bool) (evaluation, error) {
	if person, ok := alone(body); ok {
		return evaluation{person: person}, nil
	}
	d, ok := c.decoders.Get().(*jsontext.Decoder)
	if !ok {
		d = new(jsontext.Decoder)
	}
	defer c.decoders.Put(d)
	d.Reset(bytes.NewBuffer(body)) // which it reads in place
	var e evaluation
	var seen, read bool
	err := members(d, func(name string) error {
		if name != "context" {
			return d.SkipValue()
		}
		if seen = true; d.PeekKind() != '{' {
			return flagProblem(http.StatusBadRequest, invalidContext, "context must be an object")
		}
		return members(d, func(name string) error {
			switch {
			case name == "targetingKey":
			case asks(name):
				return e.hear(d, name)
			default:
				return d.SkipValue()
			}
			token, err := d.ReadToken()
			if err == nil && token.Kind() != '"' {
				err = flagProblem(http.StatusBadRequest, invalidContext, "context.targetingKey must be a string")
			}
			if err == nil {
				e.person, read = token.String(), true
			}
			return err
		})
	})
	if err == nil {
		if _, more := d.ReadToken(); !errors.Is(more, io.EOF) {
			err = errors.New("there is more after the end of the JSON value")
		}
	}
	switch {
	case err != nil:
		return evaluation{}, parseFailure(err)
	case !seen:
		return evaluation{}, flagProblem(http.StatusBadRequest, invalidContext, "context is missing")
	case !read || e.person == "":
		return evaluation{}, flagProblem(http.StatusBadRequest, keyMissing, "context.targetingKey is missing: give the id of the person")
	}
	return e, nil
}

// alone is the person in a request that says nothing else, written as most
// clients write it: all that a decoder would find in it.
func alone(body []byte) (string, bool) {
	rest, begins := bytes.CutPrefix(body, []byte(`{"context":{"targetingKey":"`))
	person, ends := bytes.CutSuffix(rest, []byte(`"}}`))
	for _, c := range person {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			return "", false
		}
	}
	return string(person), begins && ends && len(person) > 0
}

// hear takes a member that is text, a number or a boolean; others say nothing.
func (e *evaluation) hear(d *jsontext.Decoder, member string) error {
	switch d.PeekKind() {
	case '{', '[', 'n':
		return d.SkipValue()
	}
	token, err := d.ReadToken()
	if err == nil {
		if e.said == nil {
			e.said = map[string]string{}
		}
		e.said[member] = token.String()
	}
	return err
}

// members calls fn at the value of each member of the object that comes next.
func members(d *jsontext.Decoder, fn func(name string) error) error {
	if d.PeekKind() != '{' {
		return errors.New("the body must be a JSON object")
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return err
		}
		if err := fn(name.String()); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

func parseFailure(err error) error {
	var known *web.Problem
	if errors.As(err, &known) {
		return err
	}
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) && syntax.Err != nil {
		err = syntax.Err
	}
	return flagProblem(http.StatusBadRequest, parseError, "the body cannot be read: "+err.Error())
}
