package terms_test

import (
	"errors"
	"testing"
	"time"

	"assent/terms"
)

func TestDurationsAreReadInDaysAndBelow(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"0":       0,
		"0d":      0,
		"28d":     28 * 24 * time.Hour,
		"1d12h":   36 * time.Hour,
		"24h":     24 * time.Hour,
		"10ms":    10 * time.Millisecond,
		"106751d": 106751 * 24 * time.Hour,
	} {
		got, err := terms.ParseDuration(text)
		if err != nil || got != want {
			t.Errorf("ParseDuration(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
}

func TestWhatIsNoDurationIsRefusedAndQuoted(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "d", "5", "-1s", "-1d", "1d-1h", "1.5d", "d1h", "1d2d", "106752d", "99999999999d", "two days", "1w"} {
		got, err := terms.ParseDuration(text)
		if got != 0 || !errors.Is(err, terms.Invalid) {
			t.Errorf("ParseDuration(%q) = %v, %v; want an error of kind invalid", text, got, err)
		}
	}
}

func TestADurationIsWrittenShortAndReadBack(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]time.Duration{
		"0s": 0, "28d": 28 * day, "7d12h": 7*day + 12*time.Hour, "1h30m": 90 * time.Minute, "1d5s": day + 5*time.Second,
		"1d20m": day + 20*time.Minute, "10s": 10 * time.Second, "1h0m10s": time.Hour + 10*time.Second, "106751d": 106751 * day,
	} {
		got := terms.FormatDuration(d)
		if got != want {
			t.Errorf("FormatDuration(%v) = %q, want %q", d, got, want)
		}
		if back, err := terms.ParseDuration(got); err != nil || back != d {
			t.Errorf("%q reads back as %v, %v", got, back, err)
		}
	}
}

func TestATimeOfDayIsReadToTheMinute(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"00:00": 0, "09:30": 9*time.Hour + 30*time.Minute, "14:00": 14 * time.Hour, "23:59": day - time.Minute} {
		got, err := terms.ParseTimeOfDay(text)
		if err != nil || got != want || terms.FormatTimeOfDay(got) != text {
			t.Errorf("ParseTimeOfDay(%q) = %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "24:00", "14", "14:60", "14:0", "2pm", "840", "14:00:30", "-1:00"} {
		if got, err := terms.ParseTimeOfDay(text); got != 0 || !errors.Is(err, terms.Invalid) {
			t.Errorf("ParseTimeOfDay(%q) = %v, %v; want an error of kind invalid", text, got, err)
		}
	}
}
