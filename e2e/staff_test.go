package e2e_test

import (
	"strings"
	"testing"

	"assent/internal/testenv"
)

// signsIn goes through the provider's form, from the console's page to sign in.
func (b *tab) signsIn(s *site, user string) {
	b.Helper()
	b.open(s.url + "/staff/runs")
	b.click(`a[href^="/staff/signin/provider"]`)
	b.sees(patience, `document.querySelector('input[name="user"]')`)
	b.types(`input[name="user"]`, user)
	b.types(`input[name="password"]`, testenv.Password)
	b.click("button")
}

// TestStaffSignInAtTheProviderAndLeave has two members of staff sign in with a
// browser: one who may act, and one who may look. Then one of them leaves, and
// the provider goes away.
func TestStaffSignInAtTheProviderAndLeave(t *testing.T) {
	t.Parallel()
	p := testenv.NewProvider(t)
	p.Change(func(claims map[string]any) { claims["groups"] = []string{"all", claims["sub"].(string) + "s"} })
	s := newSite(t, "ASSENT_STAFF_OIDC_ISSUER="+p.URL, "ASSENT_STAFF_OIDC_CLIENT_ID="+p.ClientID, "ASSENT_STAFF_OIDC_CLIENT_SECRET="+p.Secret,
		"ASSENT_STAFF_OIDC_ROLE_CLAIM=groups", "ASSENT_STAFF_OIDC_EDITORS=editors", "ASSENT_STAFF_OIDC_VIEWERS=viewers").start("serve")

	editor, viewer, stranger := newTab(t), newTab(t), newTab(t)
	editor.signsIn(s, "editor")
	editor.sees(patience, `document.body.innerText.includes('Signed in as editor')`)
	editor.click(`a[href="/staff/runs/pause"]`)
	editor.types(`[name="reason"]`, "to look at the counts")
	editor.click(`main form button`)
	editor.forgives("404")
	editor.sees(patience, `location.pathname === '/staff/runs' && document.body.innerText.includes('to look at the counts')`)

	viewer.signsIn(s, "viewer")
	viewer.sees(patience, `document.body.innerText.includes('Signed in as viewer, to look only')`)
	viewer.open(s.url + "/staff/runs/resume")
	viewer.sees(patience, `document.body.innerText.includes('this is for those who may act') && !document.querySelector('[name="reason"]')`)
	viewer.forgives("403")

	stranger.signsIn(s, "nobody")
	stranger.sees(patience, `document.body.innerText.includes('This account may not use the console')`)
	stranger.forgives("403")

	if said := s.runs("staff", "remove", "viewer"); !strings.Contains(said, "viewer is signed out") {
		t.Errorf("removing says %s", said)
	}
	viewer.open(s.url + "/staff/runs")
	viewer.sees(patience, `location.pathname === '/staff/signin'`)
	viewer.signsIn(s, "viewer")
	viewer.sees(patience, `document.body.innerText.includes('Viewer was removed here')`)
	viewer.forgives("403")

	p.Down(true)
	editor.open(s.url + "/staff/runs") // whoever is in stays in
	editor.sees(patience, `document.body.innerText.includes('Signed in as editor')`)
	s.stop()
	s.start("serve") // which knows nothing of the provider yet, and needs it for nothing else
	editor.open(s.url + "/staff/runs")
	editor.sees(patience, `document.body.innerText.includes('Signed in as editor')`)
	viewer.open(s.url + "/staff/signin/provider")
	viewer.sees(patience, `document.body.innerText.includes('The provider does not answer')`)
	viewer.forgives("503")
}

// forgives drops what the browser says of an answer that had to come, and of
// an icon that the provider does not have.
func (b *tab) forgives(status string) {
	b.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	var others []string
	for _, regret := range b.regrets {
		if !strings.Contains(regret, "status of "+status) && !strings.HasSuffix(regret, "/favicon.ico") {
			others = append(others, regret)
		}
	}
	b.regrets = others
}
