package terms

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// What follows puts what a plan says into words. Two values have the same words
// only if a plan file would not tell them apart; no words mean that it would
// leave them out.

// date is an instant: 15 May 2021, 00:00 UTC.
func date(t time.Time) string {
	switch {
	case t.IsZero():
		return ""
	case t.Unix()%60 != 0:
		return t.UTC().Format("2 January 2006, 15:04:05 UTC")
	default:
		return t.UTC().Format("2 January 2006, 15:04 UTC")
	}
}

// span is a length of time: 28 days, 1 day and 12 hours.
func span(d time.Duration) string {
	var out []string
	for _, unit := range []struct {
		size time.Duration
		name string
	}{{day, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}, {time.Nanosecond, "nanosecond"}} {
		if n := int64(d / unit.size); n != 0 {
			out = append(out, plural(n, unit.name))
		}
		d %= unit.size
	}
	if last := len(out) - 1; last > 0 {
		return strings.Join(out[:last], ", ") + " and " + out[last]
	}
	return strings.Join(out, "")
}

func plural(n int64, name string) string {
	if n != 1 {
		name += "s"
	}
	return strconv.FormatInt(n, 10) + " " + name
}

// none says so where there are no words.
func none(words string) string { return first(words, "no time") }

func first(words, otherwise string) string {
	if words == "" {
		return otherwise
	}
	return words
}

// least is the time a stage lasts at least, where the plan says it.
func least(s Stage) string {
	if s.Dwell == nil {
		return ""
	}
	return none(span(*s.Dwell))
}

// when says when a stage is due.
func when(s Stage) string {
	event := "the deadline"
	if s.FromAnnounce {
		event = "the announcement"
	}
	if s.After == 0 {
		return "on " + event
	}
	return span(s.After) + " after " + event
}

func shadow(s Stage) string {
	if s.Shadow {
		return "only tried"
	}
	return ""
}

// window says in which hours of the day a stage takes something away.
func window(s Stage) string {
	if s.BrownOut == nil {
		return ""
	}
	return fmt.Sprintf("from %s UTC for %s each day", FormatTimeOfDay(s.BrownOut.At), none(span(s.BrownOut.For)))
}

// reminderWords says how a client reminds: a banner, at most every 7 days.
func reminderWords(r Reminder) string {
	var out []string
	if r.Mode != NoReminder {
		out = append(out, strings.ReplaceAll(string(r.Mode), "_", " "))
	}
	if r.Every != 0 {
		out = append(out, "at most once in "+span(r.Every))
	}
	for _, flag := range []struct {
		set  bool
		says string
	}{{r.EveryOpen, "at each opening"}, {r.Dismissible, "can be dismissed"}, {r.AskOnce, "silent once answered"}} {
		if flag.set {
			out = append(out, flag.says)
		}
	}
	return strings.Join(out, ", ")
}

// regionReminder is what stands in place of the stages' reminders.
func regionReminder(r *Reminder) string {
	if r == nil {
		return ""
	}
	return first(reminderWords(*r), "none")
}

// sentence begins with a place or with a capital.
func sentence(where, text string) string {
	if where != "" {
		return where + text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

func never(string) bool { return false }

func list[T ~string](items []T) []entry {
	out := make([]entry, len(items))
	for i, one := range items {
		out[i] = entry{string(one), first(string(one), `""`)}
	}
	return out
}

func keysOf(entries []entry) []string {
	out := make([]string, len(entries))
	for i, one := range entries {
		out[i] = one.key
	}
	return out
}

func regionKeys(regions []Region) []string {
	out := make([]string, len(regions))
	for i, one := range regions {
		out[i] = one.Key
	}
	return out
}

func stageKeys(p Plan) []string {
	out := make([]string, len(p.Stages))
	for i, one := range p.Stages {
		out[i] = one.Key
	}
	return out
}

func setKeys(s Stage) []string {
	out := make([]string, len(s.Set))
	for i, one := range s.Set {
		out[i] = one.Capability
	}
	return out
}
