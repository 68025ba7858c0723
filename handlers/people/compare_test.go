package people_test

import (
	"net/http"
	"strings"
	"testing"
)

const legalPage = "/legal/terms-of-service/"

func TestWhatChangedIsShownFromWhatThisPersonAccepted(t *testing.T) {
	t.Parallel()
	w := open(t, ana())
	b := w.signedIn("ana")
	b.post(choicePage, b.get(choicePage).form("accepted"))
	b.post(choicePage, b.get("/me/terms").form("withdrawn"))
	for _, version := range []string{"2021-06-01", "2021-07-01"} {
		w.publish(version)
	}
	w.activate(plan("2021-07-01"))
	page := b.get(choicePage + "?lang=en")
	page.says(t, "Compare word by word with version 2021-01-04 , which you accepted on 10 January 2021")
	link := legalPage + "2021-07-01/compare?campaign=new-terms-2021&amp;from=2021-01-04&amp;lang=en"
	if !strings.Contains(page.body, `href="`+link+`"`) {
		t.Errorf("no link to %s", link)
	}
	shown := b.get(strings.ReplaceAll(link, "&amp;", "&"))
	shown.says(t, "Version 2021-01-04 , which you accepted on 10 January 2021, compared with version 2021-07-01 , word by word.",
		"removed: 2021-01-04 end of what was removed", "added: 2021-07-01 end of what was added", "1 change.", "Back to your choices")
	if got := b.get(legalPage + "2021-07-01/compare?lang=en"); !strings.Contains(got.text(), "which you accepted") {
		t.Errorf("without a version it is not compared with what the person accepted: %s", got.text())
	}
	if got := w.browser().get(legalPage + "2021-07-01/compare?lang=en"); !strings.Contains(got.bare(), "Version 2021-06-01 compared with version 2021-07-01") {
		t.Errorf("a stranger is not shown what changed since the version before: %s", got.text())
	}
}

func TestAComparisonKeepsToWhatIsPublishedAndToOneLanguage(t *testing.T) {
	t.Parallel()
	w := open(t, ana())
	w.publish("2021-06-01")
	b := w.browser()
	b.get(legalPage+"2021-06-01/compare?lang=hi").says(t, "तुलना इस भाषा में दिखाई गई है: English") // they exist in English and French
	french := b.get(legalPage + "2021-06-01/compare?lang=fr")
	french.says(t, "Les deux versions sont les mêmes, mot pour mot.")
	whole := b.get(legalPage + "2021-06-01/compare?lang=en&view=side&show=all")
	whole.says(t, "In version 2021-01-04:", "In version 2021-06-01:")
	for _, path := range []string{"2021-01-04/compare", "2021-06-01/compare?from=never", "never/compare", "2021-01-04/compare?from="} {
		if got := b.get(legalPage + path); got.status != http.StatusNotFound {
			t.Errorf("%s answers %d", path, got.status)
		}
	}
}
