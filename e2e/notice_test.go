package e2e_test

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"assent/internal/testenv"
)

// written is a campaign of a site that writes to people by way of a mail server,
// and has them sign in at a provider. It is about to begin.
func written(t *testing.T) (*site, *testenv.Postbox) {
	t.Helper()
	box, provider := testenv.NewPostbox(t), testenv.NewProvider(t)
	s := newSite(t, "ASSENT_DEMO_CLOCK=2021-01-05T12:00:00Z", "ASSENT_NOTICES_TICK=@every 1s",
		"ASSENT_MAIL_HOST=127.0.0.1", "ASSENT_MAIL_PORT="+strconv.Itoa(box.Port()), "ASSENT_MAIL_TLS=none", "ASSENT_MAIL_FROM=terms@harbor.example",
		"ASSENT_PEOPLE_OIDC_ISSUER="+provider.URL, "ASSENT_PEOPLE_OIDC_CLIENT_ID="+provider.ClientID, "ASSENT_PEOPLE_OIDC_CLIENT_SECRET="+provider.Secret)
	return s.start("demo", "--empty").campaign(), box
}

// reachable adds somebody who can be written to.
func (s *site) reachable(person, region, locale string) {
	s.Helper()
	s.person(person, region, locale)
	s.send("PUT", "/api/v1/people/"+person+"/contact", object("email", person+"@example.org")).is(200)
}

// mails waits until so many mails have come, and reads the last.
func (s *site) mails(box *testenv.Postbox, n int) testenv.Letter {
	s.Helper()
	s.eventually("mail number "+strconv.Itoa(n)+" comes", func() bool { return len(box.Got()) >= n })
	if got := len(box.Got()); got > n {
		s.Fatalf("%d mails came, want %d", got, n)
	}
	return testenv.ReadMail(s.TB, box.Got()[n-1])
}

// linkIn is the address that a mail leads to, by what it begins with.
func (s *site) linkIn(text, start string) string {
	s.Helper()
	found := regexp.MustCompile(regexp.QuoteMeta(s.url+start) + `[\w.-]+`).FindString(text)
	if found == "" {
		s.Fatalf("no link to %s in\n%s", start, text)
	}
	return found
}

// TestAPersonFollowsAMailToTheChoice begins where people do: with the mail. It is
// opened in a mailbox, leads to the sign-in and from there to the page, in the
// language it was in, and only the button there records anything.
func TestAPersonFollowsAMailToTheChoice(t *testing.T) {
	t.Parallel()
	s, box := written(t)
	s.reachable("amal", "EG", "ar")
	s.clock("2021-01-06T12:00:00Z") // the plan is announced
	told := s.mails(box, 1)
	if told.Get("List-Unsubscribe") != "" {
		t.Error("what people have to be told can be unsubscribed from")
	}
	b := newTab(t)
	b.do(screen(390), chromedp.Navigate("data:text/html;charset=utf-8,"+url.PathEscape(told.HTML)))
	b.sees(patience, `document.documentElement.dir === "rtl" && document.querySelector(".open a")`)
	b.fits(390)
	if text := s.linkIn(told.Text, "/l/"); ask[string](b, `document.querySelector(".open a").href`) != text {
		t.Errorf("the text leads elsewhere than the HTML: %s", text)
	}
	b.click(".open a")
	b.sees(patience, `document.querySelector("[name=user]")`)
	b.types("[name=user]", "amal")
	b.types("[name=password]", testenv.Password)
	b.do(chromedp.Submit("form"))
	b.sees(patience, `document.querySelector("form.choose") && document.documentElement.lang === "ar"`)
	s.stands("amal", "announced", "pending")
	b.click(`button[value="accepted"]`)
	b.sees(patience, `location.pathname.endsWith("/done")`)
	s.standing("amal").says("campaigns/0/status", "accepted")
}

// TestAMailProgramEndsRemindersAndNothingElse is what a mail program does by itself.
func TestAMailProgramEndsRemindersAndNothingElse(t *testing.T) {
	t.Parallel()
	s, box := written(t)
	s.reachable("bia", "BR", "pt-BR")
	s.clock("2021-01-06T12:00:00Z")
	s.mails(box, 1)
	s.clock("2021-01-14T12:00:00Z")
	reminder := s.mails(box, 2)
	link := strings.TrimPrefix(strings.Trim(reminder.Get("List-Unsubscribe"), "<>"), s.url)
	if reminder.Get("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click" || !strings.Contains(reminder.HTML, link) {
		t.Errorf("it ends at %q, in the HTML elsewhere:\n%s", link, reminder.HTML)
	}
	const parts = "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n"
	s.send("POST", link, parts, "Content-Type", "multipart/form-data; boundary=x", "Authorization", "").is(200)
	s.send("GET", "/api/v1/people/bia/contact", "").is(200).says("reminders", false)
	s.clock("2021-01-29T12:00:00Z")
	time.Sleep(3 * time.Second) // the letters are looked at each second
	s.mails(box, 2)
	// What has to be told comes all the same.
	s.clock("2021-06-18T12:00:00Z")
	s.clock("2021-07-03T12:00:00Z") // by now everybody is warned, and nobody limited before that
	if warned := s.mails(box, 3); warned.Get("List-Unsubscribe") != "" || !strings.Contains(warned.Subject, "param em") {
		t.Errorf("what people have to be told is %q, and unsubscribed from at %q", warned.Subject, warned.Get("List-Unsubscribe"))
	}
}

// TestTheMailsOfAPlanAreKeptWithItsPages is staff looking at what was kept when the
// plan was put into force.
func TestTheMailsOfAPlanAreKeptWithItsPages(t *testing.T) {
	t.Parallel()
	s, _ := written(t)
	b := newTab(t)
	b.do(screen(1440))
	b.open(s.url)
	b.click(`form[action="/demo/staff"] button`)
	b.sees(patience, `document.querySelector(".side .who")`)
	b.open(s.url + "/staff/campaigns/" + campaign + "/launch")
	b.click(`a[href^="/staff/sheets/"]`)
	b.sees(patience, `document.querySelector("#state")`)
	for _, state := range []string{"Announced", "Limited: what works", "E-mail, told at announced", "E-mail, entered at limited", "E-mail, told, turkey"} {
		if !ask[bool](b, fmt.Sprintf("[...document.querySelectorAll('#state option')].some(o => o.textContent === %q)", state)) {
			t.Errorf("no page is kept of %q", state)
		}
	}
	b.open(ask[string](b, `[...document.querySelectorAll(".sheet li")].find(l => l.querySelector("h2").textContent.startsWith("E-mail, entered at limited")).querySelector("p a").href`))
	if text := ask[string](b, "document.body.innerText"); !strings.Contains(text, "Your account is not deleted") {
		t.Errorf("the mail says:\n%s", text)
	}
}
