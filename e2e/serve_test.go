package e2e_test

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	_ "github.com/mattn/go-sqlite3" // to put a database into a state of another program

	"assent/internal/testenv"
)

func TestServeKnowsNothingOfTheDemonstration(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	// Without the keys of the demonstration, serve refuses its log altogether.
	database, keys := "ASSENT_DATABASE_URL=sqlite:"+dir+"/assent.db", "ASSENT_SECRETS_DIRECTORY="+dir+"/secrets"
	s := newSite(t, database, keys, "ASSENT_DEMO_CLOCK="+beginning).start("demo", "--people", "3")
	const demoKey = "assent_demo_key_for_trying_out"
	if !strings.Contains(s.server.log.String(), demoKey) {
		t.Fatalf("a demonstration does not say its key:\n%s", &s.server.log)
	}
	doors := []struct{ method, path, body string }{
		{"POST", "/demo/clock", `{"advance":"7d"}`},
		{"POST", "/demo/staff", ""},
		{"POST", "/demo/person", "person=ana"},
		{"GET", "/demo/review/ana", ""},
		{"GET", "/messenger", ""},
	}
	kinds := map[string]string{"/demo/clock": "application/json", "/demo/person": "application/x-www-form-urlencoded"}
	for _, door := range doors {
		if a := s.send(door.method, door.path, door.body, "Content-Type", kinds[door.path]); a.status >= 400 {
			t.Errorf("in a demonstration %s is %d: %s", door.path, a.status, a.body)
		}
	}
	s.stop()

	s.start("serve") // by accident, on what the demonstration left
	for _, door := range doors {
		s.send(door.method, door.path, door.body, "Content-Type", kinds[door.path]).problem(404, door.path)
	}
	s.send("POST", "/ofrep/v1/evaluate/flags/messages.send", `{"context":{"targetingKey":"ana"}}`, "Authorization", "Bearer "+demoKey).is(401)
	page := s.send("GET", "/staff/signin", "", "Accept", "text/html").is(200).body
	if strings.Contains(page, "/demo/") {
		t.Errorf("the console leads into the demonstration: %s", page)
	}
	if begun := s.standing("ana").text("campaigns/0/since"); begun < "2021" {
		t.Errorf("ana is where she is since %s", begun)
	}
	receipt := s.send("POST", "/api/v1/people/ana/notices", object("campaign", campaign, "channel", "in_app", "presented", true)).is(201)
	if at, err := time.Parse(time.RFC3339, receipt.text("recorded_at")); err != nil || time.Since(at) > time.Minute {
		t.Errorf("the clock of the demonstration is in force: %s, %v", receipt.body, err)
	}
}

func TestTheFirstStartPrintsALinkThatSetsUpTheConsoleOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t).start("serve")
	links := regexp.MustCompile(`http\S+/staff/setup\?token=\S+`).FindAllString(s.server.log.String(), -1)
	if len(links) != 1 || !strings.HasPrefix(links[0], s.url) {
		t.Fatalf("links: %q in\n%s", links, &s.server.log)
	}
	path := strings.TrimPrefix(links[0], s.url)
	token, err := url.QueryUnescape(path[strings.Index(path, "=")+1:])
	if err != nil {
		t.Fatal(err)
	}
	html := []string{"Accept", "text/html", "Content-Type", "application/x-www-form-urlencoded", "Authorization", ""}
	set := func(token, name, password string) answer {
		return s.send("POST", "/staff/setup", url.Values{"token": {token}, "name": {name}, "password": {password}}.Encode(), html...)
	}
	s.send("GET", "/staff", "", html...).is(303)
	s.send("GET", path, "", html...).is(200)
	s.send("GET", path, "", html...).is(200) // looking uses nothing up
	set(token+"x", "mallory", "correct horse battery").is(410)
	set(token, "mei", "short").is(422)
	first := set(token, "mei", "correct horse battery").is(303)
	cookie, _, _ := strings.Cut(first.header.Get("Set-Cookie"), ";")
	s.send("GET", "/staff", "", append([]string{"Cookie", cookie}, html...)...).is(200)
	set(token, "mallory", "correct horse battery").is(410)
	s.send("GET", path, "", html...).is(410)
	signIn := func(name, password string) answer {
		return s.send("POST", "/staff/signin", url.Values{"name": {name}, "password": {password}}.Encode(), html...)
	}
	signIn("mei", "correct horse battery").is(303)
	signIn("mei", "correct horse batterie").is(401)
	signIn("mallory", "correct horse battery").is(401)
	s.stop()
	s.start("serve")
	if strings.Contains(s.server.log.String(), "setup") {
		t.Errorf("the second start prints a link:\n%s", &s.server.log)
	}
	signIn("mei", "correct horse battery").is(303)
}

func TestADamagedDatabaseIsNotTouched(t *testing.T) {
	t.Parallel()
	s := newSite(t).start("serve").campaign()
	s.stop()
	path := filepath.Join(s.dir, "data", "assent.db")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	torn := append([]byte(nil), whole...)
	for i := range 4096 * 3 {
		torn[4096*5+i] ^= 0x5a
	}
	for name, data := range map[string][]byte{
		"another file": []byte(strings.Repeat("this is no database\n", 4096)),
		"torn pages":   torn,
		"half a file":  whole[:len(whole)/2],
	} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, command := range []string{"serve", "sweep", "migrate"} {
			s.refuses(1, []string{command}, path[len(s.dir)+1:], "damaged", "backup")
		}
		if after, err := os.ReadFile(path); err != nil || string(after) != string(data) {
			t.Errorf("%s was written to, %v", name, err)
		}
	}
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	s.start("serve").send("GET", "/api/v1/campaigns/"+campaign, "").is(200).says("plan", 1)
}

func TestADatabaseOfANewerProgramIsNotTouched(t *testing.T) {
	t.Parallel()
	const newer = "INSERT INTO schema_migrations (version, name, checksum) VALUES (9999, 'of_the_future', 'x')"
	for _, url := range []string{"sqlite:" + filepath.Join(t.TempDir(), "assent.db"), testenv.Postgres(t)} {
		s := newSite(t, "ASSENT_DATABASE_URL="+url)
		s.runs("migrate")
		s.runs("migrate")
		execute(t, url, newer)
		for _, command := range []string{"serve", "demo", "sweep", "migrate", "doctor"} {
			s.refuses(1, []string{command}, "newer Assent", "backup")
		}
	}
}

// execute is somebody who does something to a database behind the program's back.
func execute(t *testing.T, url, statement string) {
	t.Helper()
	var err error
	if file, isFile := strings.CutPrefix(url, "sqlite:"); isFile {
		var db *sql.DB
		if db, err = sql.Open("sqlite3", file); err == nil {
			_, err = db.ExecContext(t.Context(), statement)
			err = errors.Join(err, db.Close())
		}
	} else {
		var conn *pgx.Conn
		if conn, err = pgx.Connect(t.Context(), url); err == nil {
			_, err = conn.Exec(t.Context(), statement)
			err = errors.Join(err, conn.Close(context.Background()))
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A standby that takes over without the last transactions leaves a server knowing
// more than its database, and deaf to what comes under the same numbers.
func TestAServerEndsWhenItsDatabaseIsPutBack(t *testing.T) {
	t.Parallel()
	onEveryDatabase(t, func(t *testing.T, setting string) {
		s := newSite(t, setting).start("serve")
		s.publish()
		s.send("PUT", "/api/v1/campaigns/"+campaign+"/plans", plan, "Content-Type", "application/yaml").is(201)
		s.send("POST", "/api/v1/campaigns/"+campaign+"/plans/1/activate", "").is(200)
		s.troubled = true
		url := strings.TrimPrefix(setting, "ASSENT_DATABASE_URL=")
		execute(t, url, "ALTER TABLE revision RENAME TO mislaid") // a question that fails says nothing of the sort
		s.eventually("the failure is told", func() bool { return strings.Contains(s.server.log.String(), "following changes failed") })
		execute(t, url, "ALTER TABLE mislaid RENAME TO revision")
		s.eventually("it goes on", func() bool {
			answer, err := http.Get(s.url + "/readyz")
			return err == nil && answer.Body.Close() == nil && answer.StatusCode == http.StatusOK
		})
		execute(t, url, "UPDATE revision SET value = value - 1")
		select {
		case <-s.server.ended:
		case <-time.After(patience):
			t.Fatal("it goes on")
		}
		if log := s.server.log.String(); s.server.ProcessState.ExitCode() != 1 || !strings.Contains(log, "put back to an older state") {
			t.Errorf("it ended with %d:\n%s", s.server.ProcessState.ExitCode(), log)
		}
	})
}

func TestSettingsThatCannotBeUsedAreListedAllAtOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t, "ASSENT_DATABASE_URL=mysql://x", "ASSENT_SCHEDULER_DUTY=2", "ASSENT_NO_SUCH_SETTING=1", "ASSENT_LINKS_SESSION_TTL=soon")
	file := filepath.Join(s.dir, "assent.yaml")
	faulty := "server:\n  listen: nowhere\n  colour: blue\nscheduler:\n  tick: TZ=Europe/Paris * * * * *\nlog:\n  level: loud\nmessaging: yes\n"
	if err := os.WriteFile(file, []byte(faulty), 0o600); err != nil {
		t.Fatal(err)
	}
	all := []string{"database.url", "mysql://x", "scheduler.duty", "at most 1", "ASSENT_NO_SUCH_SETTING", "links.session_ttl", "soon",
		"server.colour", "scheduler.tick", "must not name a time zone", "log.level", "loud", "debug, info, warn, error", "messaging"}
	for _, command := range []string{"serve", "demo", "sweep", "doctor"} {
		s.refuses(2, []string{command, "--config", file}, all...)
	}
	s = newSite(t)
	s.refuses(2, []string{"serve", "--config", "no-such-file.yaml"}, "no-such-file.yaml")
	s.refuses(2, []string{"serve", "--colour"}, "--colour")
	s.refuses(2, []string{"reverse"}, "reverse")
	s.refuses(2, []string{"verify"}, "RECEIPT")
	s.with("ASSENT_DEMO_CLOCK=yesterday").refuses(2, []string{"demo"}, "ASSENT_DEMO_CLOCK", "yesterday", "2021-01-04T00:00:00Z")
}

func TestTwoServersDoNotShareAnAddress(t *testing.T) {
	t.Parallel()
	s := newSite(t).start("serve")
	other := newSite(t).with(s.settings[3:5]...)
	other.refuses(1, []string{"serve"}, strings.TrimPrefix(s.url, "http://"), "another server")
}

func TestEveryCommandSaysWhatItIsFor(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	help := s.runs("--help")
	for _, command := range []string{"serve", "demo", "apply", "import", "sweep", "key", "staff", "migrate", "doctor", "verify"} {
		if !strings.Contains(help, "\n  "+command+" ") {
			t.Errorf("--help does not list %s:\n%s", command, help)
		}
		if own := s.runs(command, "--help"); !strings.Contains(own, "assent "+command) || !strings.Contains(own, "--config") {
			t.Errorf("%s --help:\n%s", command, own)
		}
	}
}
