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
