package config

import (
	"fmt"
	"math"
)

// Flags is who may ask for flags from a browser, and how clients hear that
// theirs have changed.
type Flags struct {
	AllowedOrigins   []string `mapstructure:"allowed_origins"` // of pages; "*" for any
	Streams          int      `mapstructure:"streams"`         // at once; 0: there are none
	NoticesPerSecond int      `mapstructure:"notices_per_second"`
}

func (f *Flags) check(wrong *faults) {
	for i, origin := range f.AllowedOrigins {
		wrong.check(origin == "*" || isOrigin(origin), fmt.Sprintf("flags.allowed_origins[%d]", i), origin,
			`must be like https://app.example.org, without a path, or "*"`)
	}
	wrong.check(f.Streams >= 0, "flags.streams", f.Streams, "must be 0 or more")
	wrong.check(f.NoticesPerSecond > 0, "flags.notices_per_second", f.NoticesPerSecond, "must be above 0")
}

// Limits is how many requests a second are answered; 0 for any number.
type Limits struct {
	Flags     float64 `mapstructure:"flags"`
	Responses float64 `mapstructure:"responses"`
	Other     float64 `mapstructure:"other"`
	Person    float64 `mapstructure:"person"`
}

func (l *Limits) check(wrong *faults) {
	for key, rate := range map[string]float64{"flags": l.Flags, "responses": l.Responses, "other": l.Other, "person": l.Person} {
		wrong.check(rate >= 0 && !math.IsInf(rate, 0), "limits."+key, rate, "must be a number of requests a second, or 0 for any")
	}
}
