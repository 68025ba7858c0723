package terms_test

import (
	"testing"
	"time"

	"assent/terms"
)

func TestQuietHoursEndWhereThePersonIs(t *testing.T) {
	t.Parallel()
	zone := func(name string) *time.Location {
		place, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		return place
	}
	night := terms.QuietHours{From: 21 * time.Hour, Until: 8 * time.Hour}
	noon := terms.QuietHours{From: 12 * time.Hour, Until: 13*time.Hour + 30*time.Minute}
	for _, c := range []struct {
		hours     terms.QuietHours
		now, want string
		place     string
	}{
		{night, "2021-01-10T20:59:59Z", "2021-01-10T20:59:59Z", "UTC"},
		{night, "2021-01-10T21:00:00Z", "2021-01-11T08:00:00Z", "UTC"},
		{night, "2021-01-11T07:59:59Z", "2021-01-11T08:00:00Z", "UTC"},
		{night, "2021-01-11T08:00:00Z", "2021-01-11T08:00:00Z", "UTC"},
		{night, "2021-01-10T12:00:00Z", "2021-01-10T12:00:00Z", "America/Sao_Paulo"},
		{night, "2021-01-11T00:30:00Z", "2021-01-11T11:00:00Z", "America/Sao_Paulo"},
		{night, "2021-01-10T16:00:00Z", "2021-01-11T02:30:00Z", "Asia/Kolkata"},
		{night, "2021-03-28T00:30:00Z", "2021-03-28T06:00:00Z", "Europe/Paris"}, // the clock goes forward that night
		{night, "2021-10-31T00:30:00Z", "2021-10-31T07:00:00Z", "Europe/Paris"}, // and back
		{noon, "2021-01-10T12:10:00Z", "2021-01-10T13:30:00Z", "UTC"},
		{noon, "2021-01-10T14:00:00Z", "2021-01-10T14:00:00Z", "UTC"},
		{terms.QuietHours{}, "2021-01-10T00:00:00Z", "2021-01-10T00:00:00Z", "UTC"},
	} {
		now, err := time.Parse(time.RFC3339, c.now)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.hours.After(now, zone(c.place)).UTC().Format(time.RFC3339); got != c.want {
			t.Errorf("%v at %s in %s: until %s, want %s", c.hours, c.now, c.place, got, c.want)
		}
	}
}
