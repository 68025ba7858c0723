package clients_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// patience is how long a test waits for what must come.
const patience = 60 * time.Second

// flagsOf asks for every flag of somebody.
func (w *world) flagsOf(person, have, query string) answer {
	w.Helper()
	return w.send("POST", bulk+query, object("context", map[string]string{"targetingKey": person}), "If-None-Match", have)
}

// invitation is the address of the notices about somebody.
func (w *world) invitation(person string) string {
	w.Helper()
	return w.flagsOf(person, "", "").is(200).at("eventStreams.0.endpoint.requestUri").(string)
}

// listener reads a stream of notices as a browser does.
type listener struct {
	*world
	status int
	lines  chan string
}

func (w *world) listen(server *httptest.Server, path, last string) listener {
	w.Helper()
	ctx, cancel := context.WithCancel(w.Context())
	w.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+path, nil)
	w.must(err)
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	got, err := server.Client().Do(r)
	w.must(err)
	l := listener{w, got.StatusCode, make(chan string, 100)}
	go func() {
		defer close(l.lines)
		defer func() { _ = got.Body.Close() }() // only read
		for lines := bufio.NewScanner(got.Body); lines.Scan(); {
			l.lines <- lines.Text()
		}
	}()
	return l
}

// next returns the next line that begins so, "" at the end of the stream.
func (l listener) next(prefix string) string {
	l.Helper()
	limit := time.After(patience)
	for {
		select {
		case line, ok := <-l.lines:
			if rest, found := strings.CutPrefix(line, prefix); found || !ok {
				return rest
			}
		case <-limit:
			l.Fatalf("no %q came", prefix)
		}
	}
}

// notice reads one notice and returns its id.
func (l listener) notice() string {
	l.Helper()
	id := l.next("id: ")
	if l.next("event: ") != "message" {
		l.Fatal("the type of an event must be message")
	}
	var data map[string]any
	l.must(json.Unmarshal([]byte(l.next("data: ")), &data))
	if l.holds("Notice", data); data["etag"] != id {
		l.Fatalf("%v under %s", data, id)
	}
	return id
}

func TestAReaderHearsOfItsOwnChangesAndOfNoOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.person("u1", "BR")
	w.person("u2", "BR")
	w.reach(date(2021, 1, 7))
	server, before := w.serve(), w.flagsOf("u1", "", "").Header().Get("ETag")
	first, second := w.listen(server, w.invitation("u1"), ""), w.listen(server, w.invitation("u2"), "")
	if first.status != 200 || first.next("retry: ") == "" || second.next("retry: ") == "" {
		t.Fatalf("status %d", first.status)
	}
	w.choose("u1", "accepted", "k1").is(201)
	id := first.notice()
	after := w.flagsOf("u1", before, "?flagConfigEtag="+id).is(200)
	if w.choose("u2", "accepted", "k2").is(201); second.notice() == id {
		t.Fatal("u2 was told of u1's change")
	}
	// What one has heard of is not told again; what one missed is.
	again := w.listen(server, w.invitation("u1"), "")
	again.next("retry: ")
	resumed := w.listen(server, w.invitation("u1"), id)
	resumed.next("retry: ")
	missed := w.listen(server, w.invitation("u1"), "another~1")
	if got := missed.notice(); !strings.HasPrefix(got, strings.Trim(after.Header().Get("ETag"), `"`)) {
		t.Fatalf("%s does not name %s", got, after.Header().Get("ETag"))
	}
	if len(again.lines)+len(resumed.lines) > 2 { // an empty line ends the opening
		t.Fatal("a reader was told what it knows")
	}
}

// The web provider of OpenFeature asks again with its tag when its stream was
// closed, and with a 304 would take its old address for another try, once a
// second and without end.
func TestAnEndedTicketComesWithAnotherTag(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.person("u1", "BR")
	path, tag := w.invitation("u1"), w.flagsOf("u1", "", "").Header().Get("ETag")
	w.ahead.Store(int64(2 * day))
	w.send("GET", path, "", "Authorization", "").is(401).says("errorCode", "GENERAL")
	w.flagsOf("u1", tag, "").is(200)
	if w.invitation("u1") == path {
		t.Fatal("the ticket stayed the same")
	}
	for _, wrong := range []string{"/ofrep/v1/streams", "/ofrep/v1/streams?ticket=x", strings.Replace(path, "ticket=", "ticket=a", 1)} {
		w.send("GET", wrong, "", "Authorization", "").is(401)
	}
}

func TestAStreamTicketOpensNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, ticket, _ := strings.Cut(w.invitation("u1"), "ticket=")
	ticket, _, _ = strings.Cut(ticket, "&")
	for _, header := range []string{"Authorization", "X-API-Key"} {
		value := strings.TrimPrefix("Bearer "+ticket, map[string]string{"X-API-Key": "Bearer "}[header])
		headers := []string{"Authorization", "", header, value}
		w.send("POST", bulk, `{"context":{"targetingKey":"u1"}}`, headers...).is(401)
		w.send("GET", "/api/v1/people/u1/standing", "", headers...).is(401)
		w.send("POST", "/messaging/v1/rpc/chats.list", "{}", headers...).is(401)
	}
}

func TestWhoeverFindsNoPlaceLooksNowAndThen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.person("u1", "BR")
	server, path := w.serve(), w.invitation("u1")
	for range 4 {
		w.listen(server, path, "").next("retry: ")
	}
	fifth := w.listen(server, path, "")
	if got := fifth.next("retry: "); got != "20000" || fifth.next("id: ") != "" {
		t.Fatalf("retry %s", got)
	}
	if w.listen(server, path, "other").notice() == "" {
		t.Fatal("a change was not told")
	}
}

func TestAReaderWhoDoesNotReadIsCut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.person("u1", "BR")
	client, conn := net.Pipe() // it holds nothing: who does not read blocks the writer
	listener := &single{conn: make(chan net.Conn, 1), done: make(chan struct{})}
	listener.conn <- conn
	server := &http.Server{Handler: w.engine, ReadHeaderTimeout: patience}
	go func() { _ = server.Serve(listener) }() // it ends with the listener
	t.Cleanup(func() { _ = server.Close() })
	_, err := client.Write([]byte("GET " + w.invitation("u1") + " HTTP/1.1\r\nHost: x\r\n\r\n"))
	w.must(err)
	lines := bufio.NewScanner(client)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "retry: ") {
	}
	w.reach(date(2021, 1, 7)) // a notice nobody reads
	for limit := time.Now().Add(2 * patience); w.notices.Readers() > 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatal("the reader still has its place")
		}
	}
}

// single is a listener with one connection.
type single struct {
	conn chan net.Conn
	done chan struct{}
}

func (s *single) Accept() (net.Conn, error) {
	select {
	case c := <-s.conn:
		return c, nil
	case <-s.done:
		return nil, net.ErrClosed
	}
}
func (s *single) Close() error   { close(s.done); return nil }
func (s *single) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }
