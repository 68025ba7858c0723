package mail_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"assent/internal/testenv"
	"assent/tokens"
	"assent/tracker"
)

// holds checks that a text has all these in it.
func holds(t *testing.T, what, text string, want ...string) {
	t.Helper()
	for _, one := range want {
		if !strings.Contains(text, one) {
			t.Errorf("%s: no %q in\n%s", what, one, text)
		}
	}
}

func TestAMailSaysWhatChangesInThePersonsLanguageAndOnlyLeadsToThePage(t *testing.T) {
	t.Parallel()
	for name, start := range servers() {
		t.Run(name, func(t *testing.T) { t.Parallel(); tellsWhatChanges(t, start(t)) })
	}
}

func tellsWhatChanges(t *testing.T, box server) {
	w := newWorld(t, fresh(t), box.port())
	box.reach(&w.carrier.Server)
	w.launch(map[string]string{"ana": "en", "amal": "ar-EG"})
	w.must(w.carrier.Run(t.Context()))
	w.must(w.carrier.Run(t.Context()))
	byTo := map[string]mailed{}
	for _, m := range box.got() {
		byTo[m.To] = m
	}
	if len(box.got()) != 2 || len(byTo) != 2 {
		t.Fatalf("got %d mails", len(box.got()))
	}
	ana := testenv.ReadMail(t, byTo["ana@example.org"])
	// 60 days after 6 January, 10:00 UTC, is the night to 8 March in Auckland.
	if ana.Subject != "Harbor: our terms change on 7 March 2021" {
		t.Errorf("subject %q", ana.Subject)
	}
	list, err := w.Deliveries(t.Context(), "ana")
	w.must(err)
	told := list[len(list)-1]
	for name, want := range map[string]string{
		"From": `"Harbor" <terms@harbor.example>`, "To": "<ana@example.org>", "Message-Id": "<" + told.Notice + "@harbor.example>",
		"Auto-Submitted": "auto-generated", "Content-Language": "en", "List-Unsubscribe": "", "List-Unsubscribe-Post": "",
	} {
		if got := ana.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	holds(t, "text", ana.Text, "Our terms are changing", "Messages you send to a business", "The new terms apply from 7 March 2021, 23:00 UTC+13.", "- Send messages", "help@harbor.example", "Harbor Ltd", "You do not have to decide today")
	holds(t, "html", ana.HTML, `<html lang="en" dir="ltr">`, "Messages you send to a business", "Read and choose")
	_, after, found := strings.Cut(ana.Text, "https://terms.example.org/l/")
	claims, err := w.signer.Verify(tokens.NoticeLink, strings.Fields(after)[0], w.Now())
	if !found || err != nil || claims.Person != "ana" || claims.Campaign != "new-terms" || claims.ID != told.Notice {
		t.Errorf("the link: %+v, %v", claims, err)
	}
	if strings.Contains(ana.HTML, "<form") || strings.Contains(ana.HTML, "<script") || strings.Contains(ana.HTML, "<img") || strings.Count(ana.Text, "https://") != 1 {
		t.Errorf("there is more in it than a link:\n%s", ana.Text)
	}
	amal := testenv.ReadMail(t, byTo["amal@example.org"])
	holds(t, "Arabic", amal.HTML, `<html lang="ar" dir="rtl">`, "شروطنا تتغير", "الرسائل إلى الأنشطة التجارية", "إرسال الرسائل")
	holds(t, "Arabic subject", amal.Subject, "Harbor", "2021")
	if strings.Contains(w.log.String(), "@example.org") {
		t.Errorf("the log holds addresses:\n%s", w.log)
	}
}

func TestARemindersHeadEndsRemindersInOneClick(t *testing.T) {
	t.Parallel()
	for name, start := range servers() {
		t.Run(name, func(t *testing.T) { t.Parallel(); endsReminders(t, start(t)) })
	}
}

func endsReminders(t *testing.T, box server) {
	w := newWorld(t, fresh(t), box.port())
	box.reach(&w.carrier.Server)
	w.launch(map[string]string{"ana": "fr"})
	w.must(w.carrier.Run(t.Context()))
	w.pass(7*day + time.Hour)
	w.must(w.carrier.Run(t.Context()))
	mails := box.got()
	if len(mails) != 2 {
		t.Fatalf("got %d mails", len(mails))
	}
	reminder := testenv.ReadMail(t, mails[1])
	link := strings.Trim(reminder.Get("List-Unsubscribe"), "<>")
	token, found := strings.CutPrefix(link, "https://terms.example.org/u/")
	claims, err := w.signer.Verify(tokens.Unsubscribe, token, w.Now().Add(365*day))
	if !found || err != nil || claims.Person != "ana" || reminder.Get("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click" {
		t.Errorf("%q, %v: %v", link, claims, err)
	}
	holds(t, "text", reminder.Text, link, "rappels")
	if reminder.Get("Message-Id") == testenv.ReadMail(t, mails[0]).Get("Message-Id") {
		t.Error("two mails with one id")
	}
	w.must(w.Silence(t.Context(), "ana", true))
	w.pass(7*day + time.Hour)
	w.must(w.carrier.Run(t.Context()))
	if len(box.got()) != 2 {
		t.Error("reminded after the person said no")
	}
}

func TestWhatTheServerSaysDecidesWhatBecomesOfALetter(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		how  manners
		want tracker.DeliveryState
		kept int // messages the server has after another run, an hour later
	}{
		"taken":                    {manners{}, tracker.Sent, 1},
		"no such mailbox":          {manners{Rcpt: "550 5.1.1 no such user"}, tracker.Bounced, 0},
		"later, at the mailbox":    {manners{Rcpt: "451 4.2.1 try later"}, tracker.Queued, 0},
		"a full mailbox":           {manners{Rcpt: "552 5.2.2 full"}, tracker.Dead, 0},
		"later, before the text":   {manners{Data: "421 4.3.2 going down"}, tracker.Queued, 0},
		"never, after the text":    {manners{Dot: "554 5.7.1 looks like spam"}, tracker.Dead, 1},
		"later, after the text":    {manners{Dot: "451 4.3.0 try later"}, tracker.Queued, 2},
		"gone at the mailbox":      {manners{Rcpt: "drop"}, tracker.Queued, 0},
		"silent at the mailbox":    {manners{Rcpt: "hang"}, tracker.Queued, 0},
		"gone after the text":      {manners{Dot: "drop"}, tracker.Uncertain, 1},
		"silent after the text":    {manners{Dot: "hang"}, tracker.Uncertain, 1},
		"a word that is no answer": {manners{Dot: "what"}, tracker.Uncertain, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			box := newPostbox(t)
			box.behave("ana@example.org", c.how)
			w := newWorld(t, fresh(t), box.port())
			w.launch(map[string]string{"ana": "en"})
			away := w.carrier.Run(t.Context())
			if got := w.state("ana"); got != c.want || (away != nil) != (c.want == tracker.Uncertain) {
				t.Fatalf("%s (%v), want %s", got, away, c.want)
			}
			w.wall.Store(int64(time.Hour))
			w.pass(time.Hour)
			_ = w.carrier.Run(t.Context()) // as before
			if n := len(box.got()); n != c.kept {
				t.Errorf("the server has %d messages, want %d", n, c.kept)
			}
			if strings.Contains(w.log.String(), "example.org\"") || strings.Contains(w.log.String(), "ana@") {
				t.Errorf("the log holds the address:\n%s", w.log)
			}
		})
	}
}

func TestAServerThatIsAwayTakesNothingFromTheLetters(t *testing.T) {
	t.Parallel()
	box := newPostbox(t)
	w := newWorld(t, fresh(t), box.port())
	w.carrier.Server.Port = 1
	w.launch2(t, 25)
	if err := w.carrier.Run(t.Context()); err == nil {
		t.Error("nobody is told")
	}
	w.carrier.Server.Port = box.port()
	w.must(w.carrier.Run(t.Context()))
	if len(box.got()) != 0 {
		t.Error("the server is not left alone")
	}
	w.wall.Store(int64(time.Hour))
	w.pass(time.Hour)
	w.must(w.carrier.Run(t.Context()))
	seen := map[string]int{}
	for _, m := range box.got() {
		seen[m.To]++
	}
	if len(seen) != 25 || len(box.got()) != 25 {
		t.Errorf("%d mails to %d people", len(box.got()), len(seen))
	}
}

// launch2 announces to so many people.
func (w *world) launch2(t *testing.T, n int) {
	t.Helper()
	people := map[string]string{}
	for i := range n {
		people["p-"+strconv.Itoa(i)] = "en"
	}
	w.launch(people)
}

func TestAProcessThatDiesWhileItSendsLeadsToOneMail(t *testing.T) {
	t.Parallel()
	for name, start := range servers() {
		t.Run(name, func(t *testing.T) { t.Parallel(); leadsToOneMail(t, start(t)) })
	}
}

func leadsToOneMail(t *testing.T, box server) {
	w := newWorld(t, fresh(t), box.port())
	w.launch(map[string]string{"ana": "en", "ben": "en", "cam": "en"})
	line := newMuteLine(t, box.port())
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), "ASSENT_TEST_CARRIER="+w.path, "ASSENT_TEST_PORT="+strconv.Itoa(line.port()))
	w.must(child.Start())
	select {
	case <-line.swallowed: // the server has the whole message, and nobody has heard its answer
	case <-time.After(time.Minute):
		t.Error("the other process sends nothing")
	}
	w.must(child.Process.Kill())
	_ = child.Wait() // it was killed
	if n := len(box.got()); n != 1 {
		t.Fatalf("the server has %d mails, want the first", n)
	}
	first := box.got()[0].To
	box.reach(&w.carrier.Server)
	w.must(w.carrier.Run(t.Context()))
	if n := len(box.got()); n != 1 {
		t.Fatalf("%d mails while the other process may be alive", n)
	}
	w.wall.Store(int64(time.Hour))
	w.must(w.carrier.Run(t.Context()))
	seen := map[string]int{}
	for _, m := range box.got() {
		seen[m.To]++
	}
	if len(seen) != 3 || len(box.got()) != 3 {
		t.Errorf("mails: %v", seen)
	}
	if got := w.state(strings.TrimSuffix(first, "@example.org")); got != tracker.Uncertain {
		t.Errorf("what it was handing over is %s", got)
	}
}

func TestAMailIsTriedAgainOrGivenUpAsTheServerSays(t *testing.T) {
	t.Parallel()
	for name, start := range servers() {
		t.Run(name, func(t *testing.T) { t.Parallel(); doesAsItIsTold(t, start(t)) })
	}
}

func doesAsItIsTold(t *testing.T, box server) {
	w := newWorld(t, fresh(t), box.port())
	box.reach(&w.carrier.Server)
	box.behave("later@example.org", manners{Rcpt: "450 4.2.1 try later"})
	box.behave("never@example.org", manners{Rcpt: "550 5.1.1 no such user"})
	box.behave("back@example.org", manners{Back: "5.1.6"})
	w.launch(map[string]string{"later": "en", "never": "en", "back": "en"})
	w.must(w.carrier.Run(t.Context()))
	for person, want := range map[string]tracker.DeliveryState{"later": tracker.Queued, "never": tracker.Bounced, "back": tracker.Sent} {
		if got := w.state(person); got != want {
			t.Errorf("%s: %s, want %s", person, got, want)
		}
	}
	mails := box.got()
	if len(mails) != 1 || mails[0].To != "terms@harbor.example" || mails[0].From != "" {
		t.Fatalf("there is more than what came back: %+v", mails)
	}
	id := regexp.MustCompile(`(?mi)^Message-ID: (<ntc_\S+@harbor\.example>)`).FindStringSubmatch(mails[0].Data)
	status := regexp.MustCompile(`(?m)^Status: (\S+)`).FindStringSubmatch(mails[0].Data)
	if id == nil || status == nil {
		t.Fatalf("what came back names no notice:\n%s", mails[0].Data)
	}
	w.must(w.Bounced(t.Context(), tracker.Bounce{Notice: id[1], Kind: tracker.HardBounce, Code: strings.TrimSpace(status[1])}))
	if got := w.state("back"); got != tracker.Bounced {
		t.Errorf("what came back is %s", got)
	}
	box.behave("later@example.org", manners{})
	w.wall.Store(int64(time.Hour))
	w.pass(time.Hour)
	w.must(w.carrier.Run(t.Context()))
	if mails := box.got(); w.state("later") != tracker.Sent || len(mails) != 2 {
		t.Errorf("later: %s, with %d mails", w.state("later"), len(mails))
	}
}

// carry is the other process: it sends what is due in a database, and waits.
func carry() {
	testing.Init()
	port, err := strconv.Atoi(os.Getenv("ASSENT_TEST_PORT"))
	if err != nil {
		panic(err)
	}
	var t alone
	w := newWorld(&t, os.Getenv("ASSENT_TEST_CARRIER"), port)
	w.carrier.Server.Timeout = time.Minute
	fmt.Println(w.carrier.Run(t.Context()))
}

func TestEveryMailOfAPlanIsKeptInEveryLanguage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fresh(t), 1)
	w.launch(map[string]string{"ana": "en"})
	pages, err := w.carrier.Writer.Sheet(t.Context(), w.Tracker, "new-terms", 1)
	w.must(err)
	subjects := map[string]string{}
	for _, p := range pages {
		if !p.Letter || !strings.Contains(string(p.HTML), "help@harbor.example") {
			t.Errorf("%s in %s: a letter %t\n%s", p.State, p.Locale, p.Letter, p.HTML)
		}
		if p.Locale == "en" {
			_, title, _ := strings.Cut(string(p.HTML), "<title>")
			subjects[p.State], _, _ = strings.Cut(title, "</title>")
		}
	}
	want := map[string]string{
		"e-mail, told at announced": "Harbor: our terms change on 7 March 2021", "e-mail, reminder at announced": "Harbor: a reminder about our new terms",
		"e-mail, warned at announced": "Harbor: some features stop on 7 March 2021", "e-mail, restored at announced": "Harbor: your features are back",
		"e-mail, entered at limited": "Harbor: some features are off now", "e-mail, moved": "Harbor: the date of our new terms is now 7 March 2021",
		"e-mail, reversed": "Harbor: the limits we announced are taken back",
	}
	if !maps.Equal(subjects, want) || len(pages) != 6*len(want) {
		t.Errorf("%d mails: %q", len(pages), subjects)
	}
}
