// Package planfile reads and writes the file a campaign's plan is kept in: YAML,
// or JSON of the same shape, of at most MaxSize bytes.
//
// It knows the shape of the file and nothing else. Whether a plan makes sense,
// which capabilities exist and what a stage may take away is for
// terms.Plan.Validate. Reading is strict: a key nobody knows is a fault and not
// a silent default, because a misspelt `last_stage` restricts people.
package planfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"assent/terms"

	"go.yaml.in/yaml/v3"
)

// MaxSize is the largest plan file that is read, in bytes.
const MaxSize = 64 << 10

// Profile is a ready-made ladder. A file that says `profile: KEY` gets its
// stages instead of listing its own.
type Profile struct {
	Key    string
	Stages []terms.Stage
}

// Parse reads a plan file. The error, if any, is terms.Faults: every fault of
// shape at once, each with its path in the file. The plan then holds what could
// be read. The plan's Number is 0 and its stages are the profile's where the
// file names one; they share no memory with it.
func Parse(data []byte, profiles []Profile) (terms.Plan, error) {
	r := &reader{}
	plan := r.parse(data, profiles)
	return plan, r.faults.OrNil()
}

// Load reads a plan file and validates the plan. The error, if any, is
// terms.Faults with the faults of shape and of meaning together. A fault of
// meaning at a place whose shape is wrong already is left out.
func Load(data []byte, profiles []Profile, catalogue terms.Catalogue) (terms.Plan, error) {
	r := &reader{}
	plan := r.parse(data, profiles)
	shape := r.faults
	if r.unreadable {
		return terms.Plan{}, shape
	}
	var meaning terms.Faults
	if err := plan.Validate(catalogue); err != nil && !errors.As(err, &meaning) {
		return terms.Plan{}, fmt.Errorf("validate plan: %w", err)
	}
	for _, f := range meaning {
		if !covered(shape, f.Path) {
			r.faults = append(r.faults, f)
		}
	}
	if err := r.faults.OrNil(); err != nil {
		return terms.Plan{}, err
	}
	return plan, nil
}

// covered reports whether a fault stands at the path, above it or below it.
func covered(faults terms.Faults, path string) bool {
	return slices.ContainsFunc(faults, func(f terms.Fault) bool {
		return within(f.Path, path) || within(path, f.Path)
	})
}

// within reports whether a path is another or lies below it.
func within(path, above string) bool {
	rest, ok := strings.CutPrefix(path, above)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

func (r *reader) parse(data []byte, profiles []Profile) terms.Plan {
	var plan terms.Plan
	root, fault := document(data)
	if fault == nil && root.Kind != yaml.MappingNode {
		fault = &terms.Fault{Path: "file", Detail: "must be keys with values, not " + describe(root)}
	}
	if fault != nil {
		r.faults, r.unreadable = terms.Faults{*fault}, true
		return plan
	}
	r.plan(root, &plan, profiles)
	return plan
}

// document is the one document of the file as a tree.
func document(data []byte) (*yaml.Node, *terms.Fault) {
	switch {
	case len(data) > MaxSize:
		return nil, &terms.Fault{Path: "file", Detail: fmt.Sprintf("is longer than %d KiB", MaxSize>>10)}
	case !utf8.Valid(data):
		return nil, &terms.Fault{Path: "file", Detail: "is not UTF-8 text"}
	case json.Valid(data):
		return fromJSON(data)
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var root, more yaml.Node
	switch err := dec.Decode(&root); {
	case errors.Is(err, io.EOF):
		return nil, &terms.Fault{Path: "file", Detail: "is empty"}
	case err != nil:
		return nil, syntaxFault(err)
	}
	switch err := dec.Decode(&more); {
	case err == nil:
		return nil, &terms.Fault{Path: "file", Detail: "holds a second document: a plan file has one"}
	case !errors.Is(err, io.EOF):
		return nil, syntaxFault(err)
	}
	return root.Content[0], nil
}

// syntaxFault takes the line out of an error such as "yaml: line 3: ...".
func syntaxFault(err error) *terms.Fault {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if place, detail, ok := strings.Cut(text, ": "); ok && strings.HasPrefix(place, "line ") {
		return &terms.Fault{Path: place, Detail: "cannot be read: " + detail}
	}
	return &terms.Fault{Path: "file", Detail: "cannot be read: " + text}
}
