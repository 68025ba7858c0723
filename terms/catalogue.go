package terms

import (
	"fmt"
	"regexp"
	"slices"
)

// OnDeny tells an enforcement point what to do with what a stage took away.
type OnDeny string

// What an enforcement point does on a denial.
const (
	Reject   OnDeny = "reject" // refuse, and say why
	HoldBack OnDeny = "hold"   // keep for later, deliver after restoration
	Drop     OnDeny = "drop"   // discard silently
)

// Texts is a text per locale (BCP 47 tag).
type Texts map[string]string

// In returns the text for a locale, falling back to its language, to English,
// then to any text at all in alphabetical order of locale.
func (t Texts) In(locale string) string {
	for _, tag := range []string{locale, language(locale), "en"} {
		if s, ok := t[tag]; ok {
			return s
		}
	}
	tags := make([]string, 0, len(t))
	for tag := range t {
		tags = append(tags, tag)
	}
	slices.Sort(tags)
	if len(tags) == 0 {
		return ""
	}
	return t[tags[0]]
}

func language(locale string) string {
	for i, r := range locale {
		if r == '-' || r == '_' {
			return locale[:i]
		}
	}
	return locale
}

// Capability is one thing a person can do, which an enforcement point can
// allow or deny.
type Capability struct {
	Key       string
	Kind      ValueKind
	ExitRight bool    // no plan can restrict it
	Grant     bool    // only acceptance turns it on
	OnDeny    OnDeny  // what enforcement points do when it is off
	Values    []Value // from most to least permissive; booleans are always true, false
	Title     Texts
	Context   []Condition
}

// Condition leaves less of a capability to requests for flags in whose context a
// member has one of some values: an app on the web, say, that has no
// notifications to reply from. It is about the request and takes nothing from
// the person; decisions do not know it.
type Condition struct {
	Member string
	Is     []string // numbers and booleans too, as JSON writes them
	Value  Value    // what is left at most
}

// Within is what a request leaves of a value: that, or the strictest of the
// conditions it meets.
func (c Capability) Within(said map[string]string, v Value) Value {
	for _, one := range c.Context {
		is, ok := said[one.Member]
		if ok && slices.Contains(one.Is, is) && c.Stricter(one.Value, v) {
			v = one.Value
		}
	}
	return v
}

// On is the value of a person nothing restricts.
func (c Capability) On() Value { return c.Values[0] }

// Off is the most restrictive value.
func (c Capability) Off() Value { return c.Values[len(c.Values)-1] }

// Default is what a person has whom no campaign concerns: On, and Off for a
// grant, which nobody has without accepting.
func (c Capability) Default() Value {
	if c.Grant {
		return c.Off()
	}
	return c.On()
}

// Stricter reports whether a restricts more than b.
func (c Capability) Stricter(a, b Value) bool {
	if c.Kind == Integer {
		return a.int < b.int
	}
	return slices.Index(c.Values, a) > slices.Index(c.Values, b)
}

// Accepts reports whether v is a value this capability can take.
func (c Capability) Accepts(v Value) bool {
	if v.Kind != c.Kind {
		return false
	}
	if c.Kind == Integer {
		return v.int >= c.Off().int && v.int <= c.On().int
	}
	return slices.Contains(c.Values, v)
}

// Catalogue is the ordered list of capabilities a deployment knows.
type Catalogue []Capability

// Find returns the capability with a key.
func (c Catalogue) Find(key string) (Capability, bool) {
	i := slices.IndexFunc(c, func(one Capability) bool { return one.Key == key })
	if i < 0 {
		return Capability{}, false
	}
	return c[i], true
}

var keyPattern = regexp.MustCompile(`^[a-z0-9]+([._-][a-z0-9]+)*$`)
var printable = regexp.MustCompile(`^[ -!#-\[\]-~]+$`)

// ValidKey reports whether a string can name a campaign, stage, region,
// document or capability: lower-case words joined by dots, dashes or
// underscores, at most 64 bytes.
func ValidKey(s string) bool { return len(s) <= 64 && keyPattern.MatchString(s) }

// Validate returns every fault of the catalogue at once, or nil.
func (c Catalogue) Validate() error {
	var faults Faults
	add := func(i int, field, format string, args ...any) {
		faults = append(faults, Fault{fmt.Sprintf("capabilities[%d].%s", i, field), fmt.Sprintf(format, args...)})
	}
	seen := map[string]bool{}
	for i, one := range c {
		if !ValidKey(one.Key) {
			add(i, "key", "%q is not a key: use lower-case words joined by dots", one.Key)
		}
		if seen[one.Key] {
			add(i, "key", "%q stands twice", one.Key)
		}
		seen[one.Key] = true
		if one.ExitRight && one.Grant {
			add(i, "grant", "%q cannot be an exit right and a grant", one.Key)
		}
		if !slices.Contains([]OnDeny{Reject, HoldBack, Drop}, one.OnDeny) {
			add(i, "on_deny", "%q is not one of reject, hold, drop", one.OnDeny)
		}
		for j, condition := range one.Context {
			for _, fault := range one.checkCondition(condition) {
				add(i, fmt.Sprintf("context[%d]", j), "%s", fault)
			}
		}
		for _, fault := range one.checkValues() {
			add(i, "values", "%s", fault)
		}
	}
	return faults.OrNil()
}

func (c Capability) checkCondition(one Condition) []string {
	var faults []string
	if c.ExitRight {
		faults = append(faults, fmt.Sprintf("%q is an exit right, of which nothing may be taken", c.Key))
	}
	if one.Member == "" || one.Member == "targetingKey" {
		faults = append(faults, fmt.Sprintf("%q cannot be a member that counts", one.Member))
	}
	if len(one.Is) == 0 {
		faults = append(faults, "give at least one value that the member may have")
	}
	if !c.Accepts(one.Value) {
		faults = append(faults, fmt.Sprintf("%q is no value of %s", one.Value, c.Key))
	}
	return faults
}

func (c Capability) checkValues() []string {
	var faults []string
	switch c.Kind {
	case Boolean:
		if !slices.Equal(c.Values, []Value{BoolValue(true), BoolValue(false)}) {
			faults = append(faults, "a boolean has the values true, false")
		}
	case Integer, String:
		if len(c.Values) < 2 {
			faults = append(faults, "give at least two values, from most to least permissive")
		}
		for _, v := range c.Values {
			if v.Kind != c.Kind {
				faults = append(faults, fmt.Sprintf("%q is not of kind %s", v, c.Kind))
			}
			if v.Kind == String && !printable.MatchString(v.text) {
				faults = append(faults, fmt.Sprintf("%q has characters other than plain printable ASCII", v.text))
			}
		}
	default:
		faults = append(faults, fmt.Sprintf("kind %q is not one of boolean, integer, string", c.Kind))
	}
	return faults
}
