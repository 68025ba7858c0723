package e2e_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"assent/internal/testenv"
)

// line is a connection to a database that can be made worse.
type line struct {
	*testing.T
	url      string // of the database, by way of it
	to       string
	listener net.Listener
	network  string

	mu    sync.Mutex
	state string // "", slow, stalled or down
	open  []net.Conn
	moved chan struct{} // closed when the state changes
}

// newLine leads to the database at a URL.
func newLine(t *testing.T, database string) *line {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	l := &line{T: t, network: "tcp", to: u.Host, moved: make(chan struct{})}
	if host := u.Query().Get("host"); strings.HasPrefix(host, "/") { // a socket
		port := u.Query().Get("port")
		if port == "" {
			port = "5432"
		}
		l.network, l.to = "unix", host+"/.s.PGSQL."+port
	}
	if l.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	u.Host = l.listener.Addr().String()
	q := u.Query()
	q.Del("host")
	q.Del("port")
	q.Set("sslmode", "disable")
	u.RawQuery = q.Encode()
	l.url = u.String()
	go l.accept()
	t.Cleanup(func() {
		_ = l.listener.Close()
		l.set("down")
	})
	return l
}

func (l *line) accept() {
	for {
		conn, err := l.listener.Accept()
		if err != nil {
			return // the test is over
		}
		if l.is() == "down" {
			_ = conn.Close()
			continue
		}
		database, err := net.Dial(l.network, l.to)
		if err != nil {
			l.Errorf("reach the database: %v", err)
			return
		}
		l.mu.Lock()
		l.open = append(l.open, conn, database)
		l.mu.Unlock()
		go l.pass(conn, database)
		go l.pass(database, conn)
	}
}

func (l *line) is() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state
}

// set changes the state; down cuts what is open.
func (l *line) set(state string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state = state
	close(l.moved)
	l.moved = make(chan struct{})
	if state == "down" {
		for _, conn := range l.open {
			_ = conn.Close()
		}
		l.open = nil
	}
}

// pass copies bytes as the state allows.
func (l *line) pass(from, to net.Conn) {
	defer func() { _, _ = from.Close(), to.Close() }()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		for {
			l.mu.Lock()
			state, moved := l.state, l.moved
			l.mu.Unlock()
			if state == "slow" {
				time.Sleep(300 * time.Millisecond)
			}
			if state != "stalled" {
				break
			}
			<-moved
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// answers is all that bia's person may do by every way of asking, and whether
// each of them answered in time.
func (s *site) answers(person string) string {
	s.Helper()
	limit := http.Client{Timeout: 10 * time.Second}
	post := func(path, body string) string {
		r, err := http.NewRequestWithContext(s.Context(), http.MethodPost, s.url+path, strings.NewReader(body))
		if err != nil {
			s.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+key)
		r.Header.Set("Content-Type", "application/json")
		response, err := limit.Do(r)
		if err != nil {
			s.Errorf("%s: %v", path, err)
			return err.Error()
		}
		defer func() { _ = response.Body.Close() }()
		data, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != http.StatusOK {
			s.Errorf("%s: %d %s, %v", path, response.StatusCode, data, err)
		}
		text := string(data)
		text, _, _ = strings.Cut(text, `,"eventStreams"`) // tickets are made anew
		return text
	}
	context := object("context", map[string]string{"targetingKey": person})
	return post("/ofrep/v1/evaluate/flags", context) + "\n" +
		post("/ofrep/v1/evaluate/flags?flagConfigEtag=x~zzzz", context) + "\n" + // told of a change that this server has not seen
		post("/ofrep/v1/evaluate/flags/business.data_sharing", context) + "\n" +
		post("/access/v1/evaluation", object("subject", map[string]string{"type": "user", "id": person}, "action", map[string]string{"name": "business.data_sharing"}, "resource", map[string]string{"type": "any", "id": "any"}))
}

// pair is two servers on one PostgreSQL, the second by way of a line.
func pair(t *testing.T) (*site, *site, *line) {
	t.Helper()
	database := testenv.Postgres(t)
	l, keys := newLine(t, database), t.TempDir()
	secrets := "ASSENT_SECRETS_DIRECTORY=" + keys
	one := newSite(t, "ASSENT_DATABASE_URL="+database, secrets).start("serve").campaign()
	other := newSite(t, "ASSENT_DATABASE_URL="+l.url, secrets).start("serve")
	return one, other, l
}

// TestAnotherServerKnowsWithinASecond has a person change their mind again and
// again at one server, and asks the other.
func TestAnotherServerKnowsWithinASecond(t *testing.T) {
	t.Parallel()
	one, other, _ := pair(t)
	one.person("bia", "BR", "pt-BR")
	var took []time.Duration
	for i := range 40 {
		action := []string{"accepted", "withdrawn"}[i%2]
		one.respond("bia", action, "pt-BR", fmt.Sprint(i)).is(201)
		begun := time.Now()
		other.eventually("the other server knows", func() bool { return other.flag("bia", "business.data_sharing") == (action == "accepted") })
		took = append(took, time.Since(begun))
	}
	slices.Sort(took)
	t.Logf("known after %s (half of them), %s (most)", took[len(took)/2], took[len(took)-1])
	if took[len(took)/2] > time.Second {
		t.Errorf("half of the changes took longer than %s", took[len(took)/2])
	}
}

// TestADatabaseInTroubleMakesNobodysAnswersWorse makes the database of one
// server slow, silent or absent, while people withdraw and accept at another.
func TestADatabaseInTroubleMakesNobodysAnswersWorse(t *testing.T) {
	t.Parallel()
	one, other, l := pair(t)
	other.troubled = true
	for i, state := range []string{"slow", "stalled", "down"} {
		stays, comes := fmt.Sprintf("stays%d", i), fmt.Sprintf("comes%d", i)
		one.person(stays, "BR", "pt-BR")
		one.person(comes, "BR", "pt-BR")
		one.respond(stays, "accepted", "pt-BR", state).is(201)
		other.eventually("both are known", func() bool {
			return other.flag(stays, "business.data_sharing") == true && strings.Contains(other.answers(comes), campaign)
		})
		before := other.answers(stays) + other.answers(comes)

		l.set(state)
		one.respond(stays, "withdrawn", "pt-BR", state+" 2").is(201)
		one.respond(comes, "accepted", "pt-BR", state+" 3").is(201)
		if state != "slow" {
			other.eventually(state+": it says that it is stale", func() bool {
				ready := other.send("GET", "/readyz", "").problem(503, "database")
				stale, _ := ready.at("stale_seconds").(float64)
				return stale > 2
			})
			for begun := time.Now(); time.Since(begun) < 12*time.Second; { // keys are looked up again after ten
				if after := other.answers(stays) + other.answers(comes); after != before {
					t.Fatalf("%s: before\n%s\nafter\n%s", state, before, after)
				}
			}
		}
		l.set("")
		other.eventually(state+" is over, and both are as they should be", func() bool {
			return other.flag(stays, "business.data_sharing") == false && other.flag(comes, "business.data_sharing") == true
		})
		other.eventually("it is ready again", func() bool { return other.send("GET", "/readyz", "").status == http.StatusOK })
	}
}
