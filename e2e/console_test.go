package e2e_test

import (
	"strings"
	"testing"
)

// TestStaffReadTheCampaign opens the console as a newcomer does, finds the
// campaign in it, and looks up why somebody is where they are.
func TestStaffReadTheCampaign(t *testing.T) {
	t.Parallel()
	s := sample(t, "150")
	s.clock("2021-07-06T00:00:00Z")
	b := newTab(t)
	b.do(screen(1440))
	b.open(s.url + "/staff")
	b.sees(patience, `!document.querySelector('.side')`) // nobody gets in without signing in
	b.open(s.url)
	b.click(`form[action="/demo/staff"] button`)
	b.click(`main a[href="/staff/campaigns/` + campaign + `"]`)
	b.sees(patience, "document.querySelector('.stats')")
	text := ask[string](b, "document.body.innerText")
	counts := s.send("GET", "/api/v1/campaigns/"+campaign, "").is(200)
	for _, word := range []string{"Our terms and privacy policy are changing", "6 July 2021", "Limited", "What happens next", "Regions", "Latest changes of stage"} {
		if !strings.Contains(text, word) {
			t.Errorf("the console does not show %q:\n%s", word, text)
		}
	}
	accepted, _ := counts.at("counts/accepted").(float64)
	if shown := ask[float64](b, `parseFloat([...document.querySelectorAll('.stats div')].find(d => d.querySelector('dt').textContent === 'Accepted').querySelector('.d').textContent)`); shown != accepted {
		t.Errorf("the console shows %v who accepted, the API %v", shown, accepted)
	}
	if drawn := ask[int](b, "document.querySelectorAll('figure svg').length"); drawn < 2 {
		t.Errorf("%d charts are drawn", drawn)
	}
	for _, width := range []int64{320, 1440} {
		for _, path := range []string{"/staff", "/staff/campaigns/" + campaign, "/staff/people?id=ana"} {
			b.do(screen(width))
			b.open(s.url + path)
			b.fits(width)
		}
	}
	if why := ask[string](b, "document.querySelector('main').innerText"); !strings.Contains(why, "ana") || !strings.Contains(strings.ToLower(why), "limited") {
		t.Errorf("of ana it says:\n%s", why)
	}
}
