package templates_test

import (
	"bytes"
	"html/template"
	"reflect"
	"strings"
	"testing"
	"time"

	"assent/templates"
)

func TestASnapshotReadsAsThePageInEveryStateZoneAndLanguage(t *testing.T) {
	t.Parallel()
	pages := newPages(t)
	render := func(c templates.Choice) string {
		var out bytes.Buffer
		if err := pages.Render(&out, "people/choice", c); err != nil {
			t.Fatal(err)
		}
		return strings.NewReplacer("key.body.mac", "", "0198c0de", "").Replace(out.String())
	}
	for i, locale := range pages.Locales() {
		frame := fullFrame(pages, locale)
		var err error
		if frame.Zone, err = time.LoadLocation([]string{"America/Sao_Paulo", "Pacific/Auckland", "Asia/Kolkata"}[i%3]); err != nil {
			t.Fatal(err)
		}
		for _, state := range choices(t, frame) {
			c, ok := state.view.(templates.Choice)
			if !ok {
				t.Fatalf("%s is a %T", state.name, state.view)
			}
			for _, now := range []time.Duration{0, -time.Hour, 11 * time.Hour, -30 * 24 * time.Hour} {
				for _, own := range []bool{false, true} {
					c.Own, c.Now = own, c.Now.Add(now)
					if got, want := render(c.Snapshot()), render(c); got != want {
						t.Errorf("%s, %s, at %s before %s: the snapshot reads\n%s\nand the page\n%s", locale.Tag(), state.name, c.Now, c.From, got, want)
					}
				}
			}
		}
	}
}

func TestWhoeverIsShownTheSameHasTheSameView(t *testing.T) {
	t.Parallel()
	pages := newPages(t)
	at := func(now time.Time) templates.Choice {
		c := choice(t, fullFrame(pages, pages.Match("en")))
		later := now.Sub(day("2021-01-10 00:00"))
		c.Now, c.Declined, c.Steps[2].At = now, day("2021-01-09 00:00").Add(later), c.Steps[2].At.Add(later)
		c.Form.Shown, c.AppURL = now.String(), template.URL("harbor://"+now.String())
		return c.Snapshot()
	}
	first, second, other := at(day("2021-01-10 00:00")), at(day("2021-01-10 23:59")), at(day("2021-01-11 00:00"))
	if first.Digest() != second.Digest() {
		t.Error("at another time of the day it is another view")
	}
	if first.Digest() == other.Digest() {
		t.Error("on another day it is the same view")
	}
}

func TestEveryFieldOfAViewTellsItApart(t *testing.T) {
	t.Parallel()
	pages := newPages(t)
	c := choice(t, fullFrame(pages, pages.Match("en")))
	c.Zone = time.UTC
	c.Off, c.Still, c.Case = []string{"Calls"}, []string{"Chats"}, templates.Case{Messages: []string{"Wait."}, Hours: &templates.Hours{From: "09:00", Until: "10:00"}}
	seen := map[[32]byte]string{c.Digest(): "nothing"}
	var change func(path string, v reflect.Value)
	told := func(path string) {
		t.Helper()
		if before, known := seen[c.Digest()]; known {
			t.Errorf("%s changed gives the digest of %s", path, before)
		}
		seen[c.Digest()] = path
	}
	with := func(path string, v reflect.Value, other any) {
		was := reflect.New(v.Type()).Elem()
		was.Set(v)
		v.Set(reflect.ValueOf(other).Convert(v.Type()))
		told(path)
		v.Set(was)
	}
	change = func(path string, v reflect.Value) {
		switch known := v.Interface().(type) {
		case templates.Locale:
			with(path, v, pages.Match("ar"))
			return
		case *time.Location:
			with(path, v, time.FixedZone("elsewhere", 3600))
			return
		case time.Time:
			with(path, v, known.Add(time.Nanosecond))
			return
		}
		switch v.Kind() {
		case reflect.String:
			with(path, v, v.String()+"x")
		case reflect.Bool:
			with(path, v, !v.Bool())
		case reflect.Int:
			with(path, v, v.Int()+1)
		case reflect.Slice:
			if v.Len() == 0 {
				return // in the first document there is one of each
			}
			with(path+"[:]", v, v.Slice(0, v.Len()-1).Interface())
			change(path+"[0]", v.Index(0))
		case reflect.Pointer:
			if v.IsNil() {
				return
			}
			with(path+"*", v, reflect.Zero(v.Type()).Interface())
			change(path, v.Elem())
		case reflect.Struct:
			for i := range v.NumField() {
				change(path+"."+v.Type().Field(i).Name, v.Field(i))
			}
		default:
			t.Errorf("%s is a %s, which no digest is known to tell", path, v.Kind())
		}
	}
	change("", reflect.ValueOf(&c).Elem())
	if len(seen) < 70 {
		t.Errorf("only %d changes were tried", len(seen))
	}
}
