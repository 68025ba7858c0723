package ledger

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"assent/terms"
)

// rule says what is wrong with a value; "" when nothing is.
type rule func(value string) string

// check returns every fault of the record. Evidence is checked where it is
// made: what goes into the log cannot be corrected later.
func (r Record) check() error {
	faults := terms.Faults{}
	fault := func(path, detail string) {
		if detail != "" {
			faults = append(faults, terms.Fault{Path: path, Detail: detail})
		}
	}
	for _, f := range []struct {
		path, value string
		rule        rule
	}{
		{"receipt_id", r.ReceiptID, required},
		{"campaign", r.Campaign, required},
		{"action", string(r.Action), oneOf(terms.Accept, terms.Decline, terms.Withdraw)},
		{"snapshot_sha256", r.Snapshot, optional(digest)},
		{"sentence", r.Sentence, optional(required)},
		{"button_label", r.ButtonLabel, optional(required)},
		{"method", string(r.Method), oneOf(MethodPage, MethodLink, MethodAPI, MethodImport, MethodOnBehalf)},
		{"actor", r.Actor, required},
		{"stage", r.Stage, required},
		{"region", r.Region, optional(required)},
		{"effect", string(r.Effect), effectOf(r.Action)},
		{"person", r.Person, digest},
		{"details", r.Details, digest},
	} {
		fault(f.path, f.rule(f.value))
	}
	for i, d := range r.Documents {
		for _, f := range []struct{ name, detail string }{
			{"document", required(d.Document)}, {"version", required(d.Version)}, {"locale", required(d.Locale)}, {"sha256", digest(d.SHA256)},
		} {
			if f.detail != "" {
				fault(fmt.Sprintf("documents[%d].%s", i, f.name), f.detail)
			}
		}
	}
	if len(r.Documents) == 0 {
		fault("documents", "at least one is required")
	}
	if r.Plan < 1 || int64(r.Plan) > MaxSize {
		fault("plan", "must be a plan's number, from 1")
	}
	if r.ReceivedAt.IsZero() {
		fault("received_at", "is required")
	}
	fault("presented_at", written(r.PresentedAt))
	fault("responded_at", written(r.RespondedAt))
	fault("received_at", written(r.ReceivedAt))
	return faults.OrNil()
}

func required(value string) string {
	switch {
	case value == "":
		return "is required"
	case !utf8.ValidString(value):
		return "is not UTF-8"
	}
	return ""
}

func optional(then rule) rule {
	return func(value string) string {
		if value == "" {
			return ""
		}
		return then(value)
	}
}

// digest wants 32 bytes in lower-case hex.
func digest(value string) string {
	if len(value) != 64 || strings.Trim(value, "0123456789abcdef") != "" {
		return "must be 64 lower-case hex digits"
	}
	return ""
}

func oneOf[S ~string](values ...S) rule {
	return func(value string) string {
		if slices.Contains(values, S(value)) {
			return ""
		}
		words := make([]string, len(values))
		for i, v := range values {
			words[i] = string(v)
		}
		return fmt.Sprintf("must be one of %s", strings.Join(words, ", "))
	}
}

// effectOf asks for the effect of an acceptance; of other actions it is optional.
func effectOf(a terms.Action) rule {
	known := oneOf(terms.Full, terms.Void)
	if a == terms.Accept {
		return known
	}
	return optional(known)
}

// written wants a year of four digits, the only one RFC 3339 can write.
func written(t time.Time) string {
	if year := t.UTC().Year(); year < 1 || year > 9999 {
		return "must be between the years 1 and 9999"
	}
	return ""
}
