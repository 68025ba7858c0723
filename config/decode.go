package config

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/go-viper/mapstructure/v2"
	"golang.org/x/text/language"

	"assent/terms"
)

// document is the shape of config.yaml.
type document struct {
	Config       `mapstructure:",squash"`
	Capabilities []capability `mapstructure:"capabilities"`
	Ladders      []profile    `mapstructure:"profiles"`
}

type capability struct {
	Key       string            `mapstructure:"key"`
	Kind      terms.ValueKind   `mapstructure:"kind"`
	ExitRight bool              `mapstructure:"exit_right"`
	Grant     bool              `mapstructure:"grant"`
	OnDeny    terms.OnDeny      `mapstructure:"on_deny"`
	Values    []any             `mapstructure:"values"`
	Title     map[string]string `mapstructure:"title"`
	Context   []condition       `mapstructure:"context"`
}

type condition struct {
	Member string   `mapstructure:"member"`
	Is     []string `mapstructure:"is"`
	Value  any      `mapstructure:"value"`
}

type profile struct {
	Key    string  `mapstructure:"key"`
	Stages []stage `mapstructure:"stages"`
}

// stage has the words of a stage in a plan file.
type stage struct {
	Key          string         `mapstructure:"key"`
	From         string         `mapstructure:"from"`
	After        time.Duration  `mapstructure:"after"`
	Dwell        *time.Duration `mapstructure:"dwell"`
	Spread       time.Duration  `mapstructure:"spread"`
	FinalWarning time.Duration  `mapstructure:"final_warning"`
	Reminder     reminder       `mapstructure:"reminder"`
	Shadow       bool           `mapstructure:"shadow"`
	BrownOut     *brownOut      `mapstructure:"brown_out"`
	Off          []string       `mapstructure:"off"`
	Set          map[string]any `mapstructure:"set"`
}

type brownOut struct {
	At  string        `mapstructure:"at"`
	For time.Duration `mapstructure:"for"`
}

type reminder struct {
	Mode        terms.Mode    `mapstructure:"mode"`
	Every       time.Duration `mapstructure:"every"`
	EveryOpen   bool          `mapstructure:"every_open"`
	Dismissible bool          `mapstructure:"dismissible"`
	AskOnce     bool          `mapstructure:"ask_once"`
}

// misfit is a value of the wrong type.
type misfit struct {
	value any
	rule  string
}

func (m *misfit) Error() string { return m.rule }

// decode reads settings into their shape, without guessing types, and adds a
// fault for each key that is unknown and each value that does not fit. What
// fits is read nevertheless, so that its own faults show at the same time.
func decode(settings map[string]any, wrong *faults) document {
	var d document
	dec, err := mapstructure.NewDecoder(&mapstructure.DecoderConfig{Result: &d, ErrorUnused: true, DecodeHook: hook})
	if err == nil {
		err = dec.Decode(settings)
	}
	addMisfits(err, wrong)
	return d
}

// addMisfits takes apart what mapstructure joined together.
func addMisfits(err error, wrong *faults) {
	switch e := err.(type) { //nolint:errorlint // this is the walk down the wrapping
	case nil:
	case *mapstructure.DecodeError:
		addMisfit(e.Name(), e.Unwrap(), wrong)
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			addMisfits(one, wrong)
		}
	case interface{ Unwrap() error }:
		addMisfits(e.Unwrap(), wrong)
	default:
		wrong.add("config", nil, err.Error())
	}
}

func addMisfit(path string, err error, wrong *faults) {
	var unfit *misfit
	if errors.As(err, &unfit) {
		wrong.add(path, unfit.value, unfit.rule)
		return
	}
	unknown, ok := strings.CutPrefix(err.Error(), "has invalid keys: ")
	if !ok {
		wrong.add(path, nil, err.Error())
		return
	}
	for key := range strings.SplitSeq(unknown, ", ") {
		wrong.add(strings.TrimPrefix(path+"."+key, "config.document."), nil, "is not a setting of this version")
	}
}

// fits reports whether a kind of value in a file can become a kind of setting,
// and says what the setting wants.
func fits(from, to reflect.Kind) (string, bool) {
	switch to {
	case reflect.Bool:
		return "must be true or false", from == to
	case reflect.Int, reflect.Int64:
		return "must be a whole number", from == reflect.Int
	case reflect.Float64:
		return "must be a number", from == to || from == reflect.Int
	case reflect.String:
		return "must be text; in a file, put it in quotes", from == to
	case reflect.Slice:
		return "must be a list", from == to
	case reflect.Struct, reflect.Map:
		return "must be a section with keys and values", from == reflect.Map
	default:
		return "", true
	}
}

// hook checks each value before mapstructure bends it: that would cut 2.7 down
// to 2, and take a number for a length of time in nanoseconds.
func hook(from, to reflect.Value) (any, error) {
	value := from.Interface()
	if to.Type() == reflect.TypeFor[time.Duration]() {
		text, _ := value.(string) // anything else is no length of time either
		d, err := terms.ParseDuration(text)
		if err != nil {
			return nil, &misfit{value, "must be a length of time such as 30s, 24h or 28d"}
		}
		return d, nil
	}
	rule, ok := fits(from.Kind(), to.Kind())
	if ok {
		return value, nil
	}
	if to.Type() == reflect.TypeFor[Secret]() {
		value = Secret("given")
	}
	return nil, &misfit{value, rule}
}

// resolve turns the lists of the document into what the rules work with.
func (d document) resolve(wrong *faults) Config {
	c := d.Config
	for i, one := range d.Capabilities {
		c.Catalogue = append(c.Catalogue, one.resolve(fmt.Sprintf("capabilities[%d]", i), wrong))
	}
	for i, one := range d.Ladders {
		p := Profile{Key: one.Key}
		for j, s := range one.Stages {
			p.Stages = append(p.Stages, s.resolve(fmt.Sprintf("profiles[%d].stages[%d]", i, j), wrong))
		}
		c.Profiles = append(c.Profiles, p)
	}
	return c
}

func (c capability) resolve(path string, wrong *faults) terms.Capability {
	resolved := terms.Capability{
		Key: c.Key, Kind: c.Kind, ExitRight: c.ExitRight, Grant: c.Grant, OnDeny: c.OnDeny, Title: terms.Texts{},
	}
	if c.Kind == terms.Boolean && c.Values == nil {
		resolved.Values = []terms.Value{terms.BoolValue(true), terms.BoolValue(false)}
	}
	for i, one := range c.Values {
		resolved.Values = append(resolved.Values, value(fmt.Sprintf("%s.values[%d]", path, i), one, wrong))
	}
	for i, one := range c.Context {
		left := value(fmt.Sprintf("%s.context[%d].value", path, i), one.Value, wrong)
		resolved.Context = append(resolved.Context, terms.Condition{Member: one.Member, Is: one.Is, Value: left})
	}
	for locale, text := range c.Title {
		// viper made the keys lower case; this gives pt-br its capitals back.
		tag, err := language.Parse(locale)
		wrong.check(err == nil, path+".title."+locale, text, "is not in a language of BCP 47 such as en or pt-BR")
		resolved.Title[tag.String()] = text
	}
	return resolved
}

func (s stage) resolve(path string, wrong *faults) terms.Stage {
	wrong.check(s.From == "" || s.From == "announce", path+".from", s.From,
		"can only be announce; left out, the stage counts from the deadline")
	resolved := terms.Stage{
		Key: s.Key, FromAnnounce: s.From == "announce", After: s.After, Dwell: s.Dwell, Spread: s.Spread,
		FinalWarning: s.FinalWarning, Reminder: terms.Reminder(s.Reminder), Shadow: s.Shadow, Off: s.Off,
	}
	if b := s.BrownOut; b != nil {
		at, err := terms.ParseTimeOfDay(b.At)
		wrong.check(err == nil, path+".brown_out.at", b.At, `must be a time of day in UTC such as "14:00"`)
		resolved.BrownOut = &terms.BrownOut{At: at, For: b.For}
	}
	for _, key := range slices.Sorted(maps.Keys(s.Set)) {
		v := value(path+".set."+key, s.Set[key], wrong)
		resolved.Set = append(resolved.Set, terms.SetValue{Capability: key, Value: v})
	}
	return resolved
}

// value is a capability's value as written in a file.
func value(path string, written any, wrong *faults) terms.Value {
	switch v := written.(type) {
	case bool:
		return terms.BoolValue(v)
	case int:
		return terms.IntValue(int64(v))
	case string:
		return terms.TextValue(v)
	}
	wrong.add(path, written, "must be true, false, a whole number or text")
	return terms.Value{}
}
