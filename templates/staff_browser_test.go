package templates_test

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"

	"assent/internal/testenv"
)

// TestNoPageOfTheConsoleKeepsStaffOut holds the pages of the console to WCAG 2.2 A and AA and to good practice: the main
// ones each time, on a phone in light and on a desk in dark; all of them on three screens in both where everything is
// looked at.
func TestNoPageOfTheConsoleKeepsStaffOut(t *testing.T) {
	t.Parallel()
	type look struct {
		width  int64
		scheme string
	}
	looks, all := []look{{390, "light"}, {1440, "dark"}}, os.Getenv(everything) != ""
	if all {
		looks = append(looks, look{390, "dark"}, look{320, "light"}, look{320, "dark"}, look{1440, "light"})
	}
	main := []string{"staff/overview", "staff/person", "staff/launch", "staff/notices", "staff/webhook", "staff/developers", "staff/act"}
	list := slices.DeleteFunc(append(staffSamples(), actSamples()...), func(s sample) bool {
		return s.name == "empty" || !all && (s.name != "full" || !slices.Contains(main, s.page))
	})
	e := show(t, newPages(t), map[string][]sample{"en": list})
	for n, s := range e.samples {
		e.do(screenOf(390), light("light"), chromedp.Navigate(fmt.Sprintf("%s/sample/en/%d", e.url, n)), testenv.Axe())
		for _, look := range looks {
			e.do(screenOf(look.width), light(look.scheme))
			for _, f := range e.judge() {
				t.Errorf("%s %s, %s, %d wide: %s", s.page, s.name, look.scheme, look.width, f)
			}
		}
	}
	if len(list) < len(main) {
		t.Errorf("only %d pages were looked at", len(list))
	}
}
