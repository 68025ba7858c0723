package gate

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"time"

	"assent/terms"
)

// NoticeFlag is the key of the flag that tells an app which reminder to show.
const NoticeFlag = "terms.notice"

// The reasons and variants of flags that no stage decides. A flag that is off
// always has its value: a client that gets no value, or the reason DISABLED,
// uses the default of its own code, which may be on.
const (
	reasonTargeting = "TARGETING_MATCH"
	reasonStatic    = "STATIC"
	variantDefault  = "default"
	variantSnoozed  = "snoozed"
)

// flag is one evaluated flag as OFREP 0.3 writes it. Value comes last, so that
// what is spliced into a notice stands near the end.
type flag struct {
	Key      string            `json:"key"`
	Reason   string            `json:"reason"`
	Variant  string            `json:"variant"`
	Metadata map[string]string `json:"metadata,omitempty"`
	Value    any               `json:"value"`
}

// notice is the value of the flag terms.notice, without next_at.
type notice struct {
	Mode         string `json:"mode"` // none, banner or full_screen
	Dismissible  bool   `json:"dismissible"`
	EveryOpen    bool   `json:"every_open"`
	EverySeconds int64  `json:"every_seconds"` // at most once in this time; 0: no limit
	Title        string `json:"title"`
	URL          string `json:"url"`
	Campaign     string `json:"campaign"`
	Stage        string `json:"stage"`
	NextStage    string `json:"next_stage"`
}

// answers are a profile's flags, rendered once. What differs from person to
// person is spliced in when they are written.
type answers struct {
	flags []byte // every flag but the notice, joined by commas
	ends  []int  // where each of them ends, in the order of the catalogue
	loud  splice // the notice
	quiet splice // the notice while reminders are silent
	about []byte // the metadata of all flags together
	tag   string // of all of the above
}

// about is what all flags of a person have in common: the position that
// terms.notice speaks of.
type about struct {
	Campaign string `json:"campaign"`
	Plan     int    `json:"plan"`
	Status   string `json:"status"`
	Stage    string `json:"stage"`
}

// splice is a rendered notice, cut where next_at goes; whole when after is
// empty.
type splice struct{ before, after []byte }

// render makes the answers of a profile.
func render(p *Profile) answers {
	var a answers
	for i, state := range p.Standing.Capabilities {
		if i > 0 {
			a.flags = append(a.flags, ',')
		}
		a.flags = append(a.flags, encode(flagOf(state))...)
		a.ends = append(a.ends, len(a.flags))
	}
	a.loud, a.quiet = p.notice(false), p.notice(true)
	if p.Leading >= 0 {
		pos := p.Standing.Positions[p.Leading]
		a.about = encode(about{pos.Campaign, pos.Plan, string(pos.Status), pos.Stage})
	}
	sum := sha256.New()
	for _, piece := range [][]byte{a.flags, a.loud.before, a.quiet.before, a.about} {
		_, _ = sum.Write(piece) // a hash never fails to write
	}
	a.tag = base64.RawURLEncoding.EncodeToString(sum.Sum(nil)[:12])
	return a
}

func flagOf(s terms.State) flag {
	f := flag{Key: s.Capability, Value: s.Value, Reason: reasonTargeting, Variant: string(s.Reason)}
	switch s.Reason {
	case terms.ReasonDefault:
		f.Reason, f.Variant = reasonStatic, variantDefault
	case terms.ReasonStage:
		f.Variant = s.Stage
	}
	if s.Campaign != "" {
		f.Metadata = map[string]string{"campaign": s.Campaign}
	}
	return f
}

// notice renders the flag that tells an app which reminder to show.
func (p *Profile) notice(quiet bool) splice {
	if p.Leading < 0 || p.Standing.Positions[p.Leading].Reminder.Mode == terms.NoReminder {
		f := flag{Key: NoticeFlag, Reason: reasonStatic, Variant: variantDefault, Value: notice{Mode: "none"}}
		return splice{before: append(open(f), "null}}"...)}
	}
	pos := p.Standing.Positions[p.Leading]
	value := notice{
		Mode: string(pos.Reminder.Mode), Dismissible: pos.Reminder.Dismissible,
		EveryOpen: pos.Reminder.EveryOpen, EverySeconds: int64(pos.Reminder.Every / time.Second),
		Title: p.parts[p.Leading].title, URL: p.accept[p.Leading],
		Campaign: pos.Campaign, Stage: pos.Stage, NextStage: pos.Next.Stage,
	}
	variant := pos.Stage
	if quiet {
		value.Mode, variant = "none", variantSnoozed
	}
	return splice{open(flag{Key: NoticeFlag, Reason: reasonTargeting, Variant: variant, Value: value}), []byte("}}")}
}

// open renders a notice up to the value of next_at, its last member.
func open(f flag) []byte {
	whole := encode(f)
	return append(whole[:len(whole)-len("}}")], `,"next_at":`...)
}

// encode writes a part of an answer, which is made of strings, numbers and
// booleans only.
func encode(part any) []byte {
	data, err := json.Marshal(part)
	if err != nil { // nothing in it can fail to marshal
		return []byte("{}")
	}
	return data
}

// AppendFlags appends the OFREP bulk answer for a person at an instant, which
// is a whole JSON document. More, if not nil, appends further members of it,
// each after a comma.
func (e Entry) AppendFlags(dst []byte, now time.Time, more func([]byte) []byte) []byte {
	dst = append(dst, `{"flags":[`...)
	dst = append(dst, e.Profile.answers.flags...)
	if len(e.Profile.answers.ends) > 0 {
		dst = append(dst, ',')
	}
	dst = append(e.appendNotice(dst, now), ']')
	if e.Profile.answers.about != nil {
		dst = append(append(dst, `,"metadata":`...), e.Profile.answers.about...)
	}
	if more != nil {
		dst = more(dst)
	}
	return append(dst, '}')
}

// AppendFlag appends the OFREP answer for one flag. For a key that is no flag
// the second result is false, and dst is as it was.
func (e Entry) AppendFlag(dst []byte, key string, now time.Time) ([]byte, bool) {
	if key == NoticeFlag {
		return e.appendNotice(dst, now), true
	}
	i, ok := e.Profile.index[key]
	if !ok {
		return dst, false
	}
	start := 0
	if i > 0 {
		start = e.Profile.answers.ends[i-1] + len(",")
	}
	return append(dst, e.Profile.answers.flags[start:e.Profile.answers.ends[i]]...), true
}

func (e Entry) appendNotice(dst []byte, now time.Time) []byte {
	s := e.spoken(now)
	dst = append(dst, s.before...)
	switch {
	case s.after == nil:
		return dst
	case e.NextAt == 0:
		dst = append(dst, "null"...)
	default:
		dst = append(dst, '"')
		dst = time.UnixMicro(e.NextAt).UTC().AppendFormat(dst, time.RFC3339Nano)
		dst = append(dst, '"')
	}
	return append(dst, s.after...)
}

// spoken is the notice at an instant: the quiet one while reminders are
// silent.
func (e Entry) spoken(now time.Time) *splice {
	if e.Quiet > now.UnixMicro() {
		return &e.Profile.answers.quiet
	}
	return &e.Profile.answers.loud
}

// AppendTag appends the entity tag, without quotes, of AppendFlags's answer at
// the same instant, without rendering it. The same answer has the same tag in
// every process, and a different answer a different one. It is made of letters,
// digits and . _ -
func (e Entry) AppendTag(dst []byte, now time.Time) []byte {
	dst = append(dst, e.Profile.answers.tag...)
	s := e.spoken(now)
	if s == &e.Profile.answers.quiet {
		dst = append(dst, ".q"...)
	}
	if s.after != nil {
		dst = strconv.AppendInt(append(dst, '.'), e.NextAt, 36)
	}
	return dst
}
