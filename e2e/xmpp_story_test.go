package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// chatServer is an XMPP server with the gate, as its own test starts it.
type chatServer struct {
	kind    string
	address string
	start   func() (stop func())
}

// chatSettings are those of the module that a test chooses; times in seconds.
type chatSettings struct {
	ask, onSilence      string
	silence, mailboxTTL int
}

// road is what lies between a chat server and Assent: all of it, or, while it is
// broken, only questions to the decision point; while it is shut, nothing. A
// snapshot comes in many pages.
type road struct {
	*httptest.Server
	mu     sync.Mutex
	broken bool
	shut   bool
	pages  atomic.Int64       // of snapshots, that were asked for
	cut    context.CancelFunc // ends what is under way
	way    context.Context
}

func roadTo(t *testing.T, address string) *road {
	t.Helper()
	target, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	r := &road{}
	r.mend()
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.FlushInterval = -1
	proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		r.mu.Lock()
		broken, shut, way := r.broken, r.shut, r.way
		r.mu.Unlock()
		switch {
		case shut:
			w.WriteHeader(http.StatusServiceUnavailable)
		case !strings.HasPrefix(q.URL.Path, "/api/v1/enforcement"):
			proxy.ServeHTTP(w, q)
		case broken:
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			if query := q.URL.Query(); q.URL.Path == "/api/v1/enforcement" {
				query.Set("limit", "3")
				q.URL.RawQuery = query.Encode()
				r.pages.Add(1)
			}
			ctx, cancel := context.WithCancel(q.Context())
			defer cancel()
			defer context.AfterFunc(way, cancel)()
			proxy.ServeHTTP(w, q.WithContext(ctx))
		}
	}))
	t.Cleanup(func() { r.breaks(); r.Close() })
	return r
}

func (r *road) breaks() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.broken = true
	r.cut()
}

func (r *road) shuts() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.shut = true
	r.cut()
}

func (r *road) mend() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.broken, r.shut = false, false
	r.way, r.cut = context.WithCancel(context.Background())
}

// holdsItsUsers is what every XMPP server with the gate has to do for its users,
// whom the sample company leads through its stages.
func holdsItsUsers(t *testing.T, server func(t *testing.T, assent string, more chatSettings) chatServer) {
	t.Helper()
	s := sample(t, "40")
	way := roadTo(t, s.url)
	chat := server(t, way.URL, chatSettings{"refusals", "hold", 1, 30 * 86400})
	stop := chat.start()
	x := clients(t, chat.address)
	s.limits(x)
	s.takesReplies(x)
	s.suspends(x)

	stop() // what is held is there after it, and nobody is let in meanwhile
	read := way.pages.Load()
	chat.start()
	x.open("ben", "desk")
	x.open("ana", "watch")
	x.hears("watch", `stage="suspended_delivery"`)
	if read = way.pages.Load() - read; read < 3 {
		t.Errorf("everybody stood on %d pages: that shows nothing of many", read)
	}
	x.says("desk", "ana", "held-3", "held-3")
	x.says("watch", "ben", "again", "again")
	x.hears("watch", `id="again"`, "policy-violation")
	if got := x.bodies("watch"); got != "" {
		t.Errorf("ana's watch got %q while nothing is delivered", got)
	}

	way.breaks() // what is not heard of is asked for
	s.acceptsWhatIsAsked("ana")
	x.says("watch", "ben", "back", "i-am-back")
	x.hears("desk", "<body>i-am-back</body>")
	way.mend()
	x.hears("watch", "<body>held-3</body>")
	if got := x.bodies("watch"); got != "held-0 held-1 held-2 held-3" {
		t.Errorf("ana's watch got %q", got)
	}
	if got := x.bodies("desk"); got != "i-am-back" {
		t.Errorf("ben's desk got %q", got)
	}
	s.hearsOf(chat.kind)
}

// letsGoOfItsUsers is what the other settings are for: each thing a user does is
// asked of the decision point, silence lets everybody through after a while, and
// what is held is held for a time.
func letsGoOfItsUsers(t *testing.T, server func(t *testing.T, assent string, more chatSettings) chatServer) {
	t.Helper()
	const silence, kept = 7, 24 // longer than the stream is silent, and than silence takes to be noticed
	s := sample(t, "40")
	way := roadTo(t, s.url)
	chat := server(t, way.URL, chatSettings{"always", "allow", silence, kept})
	chat.start()
	x := clients(t, chat.address)
	x.open("ana", "phone")
	x.open("ben", "tablet")

	way.breaks() // what is not heard of counts all the same
	s.clock("2021-07-05T00:00:00Z")
	x.says("phone", "ben", "unheard", "unheard")
	x.hears("phone", `id="unheard"`, "policy-violation", `capability="messages.send"`, `stage="limited"`)
	way.mend()
	x.hears("phone", `<standing`, `stage="limited"`)

	s.clock("2021-08-20T00:00:00Z")
	const suspended = `stage="suspended_delivery"`
	x.hears("phone", "<standing", suspended)
	x.says("tablet", "ana", "old", "old")
	time.Sleep((kept + 1) * time.Second)
	x.says("tablet", "ana", "new", "new")
	x.says("tablet", "cy", "new-2", "new") // whoever is only away gets it by and by
	s.signal(syscall.SIGSTOP)
	x.hears("phone", "<body>new</body>")
	x.says("phone", "ben", "let-through", "let-through")
	x.hears("tablet", "<body>let-through</body>")

	told := x.count("phone", "<standing", suspended)
	s.signal(syscall.SIGCONT)
	s.tells(x, told)
	x.says("phone", "ben", "held-again", "held-again")
	x.hears("phone", `id="held-again"`, "policy-violation")
	x.says("tablet", "ana", "later", "later")
	told = x.count("phone", "<standing", suspended)
	way.shuts() // who is turned away at the door hears nothing either
	x.hears("phone", "<body>later</body>")
	way.mend()
	s.tells(x, told)
	x.says("tablet", "ana", "last", "last")
	s.acceptsWhatIsAsked("ana")
	x.hears("phone", "<body>last</body>")
	if got := x.bodies("phone"); got != "new later last" {
		t.Errorf("ana's phone got %q", got)
	}
	if got := x.bodies("tablet"); got != "let-through" {
		t.Errorf("ben's tablet got %q", got)
	}
}

// tells waits until ana's phone was told once more that she is suspended.
func (s *site) tells(x *xmpp, before int) {
	s.Helper()
	for deadline := time.Now().Add(2 * patience); x.count("phone", "<standing", `stage="suspended_delivery"`) == before; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.Fatal("Assent speaks again, and its rules do not hold")
		}
	}
}

// signal stops the server for a while, or has it go on.
func (s *site) signal(what syscall.Signal) {
	s.Helper()
	if err := s.server.Process.Signal(what); err != nil {
		s.Fatal(err)
	}
}

// hearsOf waits until a chat server has said that nothing is lacking there.
func (s *site) hearsOf(kind string) {
	s.Helper()
	said := ""
	for deadline := time.Now().Add(2 * patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		said = s.send("GET", "/api/v1/enforcement/points", "").is(200).body
		if strings.Contains(said, `"kind":"`+kind+`","state":"current","on_silence":"hold"`) && strings.Contains(said, `"behind":0`) && strings.Contains(said, `"refused":`) {
			return
		}
	}
	s.Fatalf("%s has not reported that it lacks nothing: %s", kind, said)
}

func (s *site) limits(x *xmpp) {
	s.Helper()
	x.open("ana", "phone")
	x.open("ben", "tablet")
	x.says("phone", "ben", "m1", "hello")
	x.hears("tablet", "<body>hello</body>")

	s.clock("2021-07-05T00:00:00Z") // limited
	x.hears("phone", "urn:assent:terms:0", `stage="limited"`, "accept_url")
	x.says("phone", "ben", "typed", "typed")
	x.hears("phone", `id="typed"`, "policy-violation", `capability="messages.send"`, `stage="limited"`, "accept_url")
	x.sends("phone", append(tag("message", "to", "ben@localhost", "type", "chat", "id", "sealed"), append(tag("encrypted", "xmlns", "urn:xmpp:omemo:2"), "x")))
	x.hears("phone", `id="sealed"`, "policy-violation")
	x.sends("phone", append(tag("iq", "type", "get", "id", "roster"), tag("query", "xmlns", "jabber:iq:roster")))
	x.hears("phone", `id="roster"`, "policy-violation", `capability="chats.list"`)
	x.sends("phone", append(tag("iq", "type", "set", "id", "history"), tag("query", "xmlns", "urn:xmpp:mam:2")))
	x.hears("phone", `id="history"`, "policy-violation", `capability="chats.history"`)
	x.rings("phone", "ben", "call-0", "propose")
	x.hears("phone", `id="call-0"`, "policy-violation", `capability="calls.place"`)
	x.says("phone", "help", "help-1", "help") // whom the operator left open to everybody
	x.says("phone", "ben", "typed-2", "typed")
	x.hears("phone", `id="typed-2"`, "policy-violation")
	if x.find("phone", `id="help-1"`, "policy-violation") != "" {
		s.Error("nobody can write to support")
	}
}

func (s *site) takesReplies(x *xmpp) {
	s.Helper()
	x.says("tablet", "ana", "m2", "are-you-there")
	note := x.hears("phone", "<body>are-you-there</body>", "reply-token")
	_, token, _ := strings.Cut(note, "<reply-token")
	_, token, _ = strings.Cut(token, ">")
	token, _, _ = strings.Cut(token, "<")
	with := func(token string) []any { return append(tag("reply-token", "xmlns", "urn:assent:terms:0"), token) }
	x.says("phone", "ben", "forged", "forged", with("x"+token))
	x.hears("phone", `id="forged"`, "policy-violation")
	x.says("phone", "cy", "elsewhere", "elsewhere", with(token))
	x.hears("phone", `id="elsewhere"`, "policy-violation")
	x.open("ana", "laptop")
	x.says("laptop", "ben", "other", "other-device", with(token))
	x.hears("laptop", `id="other"`, "policy-violation")
	x.do(map[string]any{"op": "close", "client": "laptop"})
	x.says("phone", "ben", "reply", "from-the-notification", with(token))
	x.hears("tablet", "<body>from-the-notification</body>")
	x.says("phone", "ben", "replay", "replay", with(token))
	x.hears("phone", `id="replay"`, "policy-violation")

	x.rings("tablet", "ana", "call-1", "propose")
	x.hears("phone", "<propose", "call-1")
	x.rings("phone", "ben", "call-1", "proceed")
	x.hears("tablet", "<proceed", "call-1")
	x.rings("phone", "ben", "call-2", "propose") // back
	x.hears("tablet", "<propose", "call-2")

	// Assent does not answer for a while: everybody stays as last known.
	s.signal(syscall.SIGSTOP)
	x.says("phone", "ben", "outage", "outage")
	x.hears("phone", `id="outage"`, "policy-violation")
	x.says("tablet", "ana", "m3", "in-the-outage")
	x.hears("phone", "<body>in-the-outage</body>")
	s.signal(syscall.SIGCONT)
}

func (s *site) suspends(x *xmpp) {
	s.Helper()
	s.clock("2021-08-20T00:00:00Z")
	x.hears("phone", "urn:assent:terms:0", `stage="suspended_delivery"`)
	for i := range 3 {
		x.says("tablet", "ana", fmt.Sprint("held-", i), fmt.Sprint("held-", i))
	}
	x.rings("tablet", "ana", "call-3", "propose")
	if refusal := x.hears("tablet", `id="call-3"`, "service-unavailable"); strings.Contains(refusal, "assent") || strings.Contains(refusal, "policy") {
		s.Errorf("the caller learns of a stage: %s", refusal)
	}
	x.do(map[string]any{"op": "close", "client": "phone"})
	x.open("ana", "phone")
	x.hears("phone", `stage="suspended_delivery"`)
	if got := x.bodies("phone"); got != "are-you-there in-the-outage" {
		s.Errorf("ana's phone got %q while nothing is delivered", got)
	}
	if got := x.bodies("tablet"); got != "hello from-the-notification" {
		s.Errorf("ben's tablet got %q", got)
	}
}
