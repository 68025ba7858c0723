package ledger

import (
	"bytes"
	"encoding/json"
	"errors"

	canonicaljson "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/gowebpki/jcs"
)

// errForm is the answer to JSON that says the right thing in the wrong form.
var errForm = errors.New("is not in its one form: a name is repeated or unknown, an optional field is empty, or a value is written in an unusual way")

// canonical returns v as JSON in the form of RFC 8785. The fields of v are
// declared in the order of their names and hold integers and texts, of which what
// becomes encoding/json/v2 escapes as little as that form wants.
func canonical(v any) ([]byte, error) {
	return canonicaljson.Marshal(v, jsontext.AllowInvalidUTF8(true))
}

// decode reads exactly one JSON value into v and refuses fields v does not have.
func decode(data []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	return dec.Decode(v)
}

// same returns the canonical form of data if that is also the canonical form
// of v, which was decoded from it. White space, the order of names and escapes
// may differ; nothing else may: Go reads "Record" as "record", lets the last
// of two names win and ignores stray bits of base64, and a second
// implementation might not.
func same(data []byte, v any) ([]byte, error) {
	again, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	got, err := jcs.Transform(data)
	if err != nil {
		return nil, err
	}
	want, err := jcs.Transform(again)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(got, want) {
		return nil, errForm
	}
	return got, nil
}
