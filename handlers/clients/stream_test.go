package clients_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// sent is one server-sent event.
type sent struct{ name, id, data string }

// json reads its data.
func (e sent) json(t testing.TB) map[string]any {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal([]byte(e.data), &doc); err != nil {
		t.Fatalf("%v in %+v", err, e)
	}
	return doc
}

// events reads a stream; the channel is closed when it ends.
func (w *world) events(server *httptest.Server, path string, headers ...string) (<-chan sent, context.CancelFunc) {
	w.Helper()
	ctx, cancel := context.WithCancel(w.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+path, http.NoBody)
	w.must(err)
	r.Header.Set("Authorization", "Bearer "+bootstrap)
	r.Header.Set("Accept", "text/event-stream")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := server.Client().Do(r)
	w.must(err)
	if kind := answer.Header.Get("Content-Type"); answer.StatusCode != http.StatusOK || kind != "text/event-stream" {
		w.Fatalf("%s: %d %s", path, answer.StatusCode, kind)
	}
	out := make(chan sent, 1000)
	go func() {
		defer close(out)
		defer func() { _ = answer.Body.Close() }()
		var e sent
		for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch name {
			case "event":
				e.name = value
			case "id":
				e.id = value
			case "data":
				e.data = value
			case "":
				if e.name != "" {
					out <- e
				}
				e = sent{}
			}
		}
	}()
	return out, cancel
}

// await takes events until one satisfies.
func await(t testing.TB, from <-chan sent, what string, is func(sent) bool) sent {
	t.Helper()
	limit := time.After(time.Minute)
	for {
		select {
		case e, ok := <-from:
			if !ok {
				t.Fatalf("the stream ended before %s", what)
			}
			if is(e) {
				return e
			}
		case <-limit:
			t.Fatalf("no %s within a minute", what)
		}
	}
}

func (w *world) serve() *httptest.Server {
	w.Helper()
	server := httptest.NewServer(w.engine)
	w.Cleanup(server.Close)
	return server
}

func TestAStreamOfChangesGoesOnWhereItsReaderWas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.person("u1", "BR")
	server := w.serve()
	from, cancel := w.events(server, "/api/v1/changes")
	next := 1
	take := func(from <-chan sent, upTo int) {
		t.Helper()
		for ; next <= upTo; next++ {
			e := await(t, from, fmt.Sprint("change ", next), func(sent) bool { return true })
			if e.name != "change" || e.id != fmt.Sprint(next) || fmt.Sprint(e.json(t)["revision"]) != e.id {
				t.Fatalf("%+v, want change %d", e, next)
			}
		}
	}
	take(from, int(w.gate.Revision()))
	w.limit("u1") // while the reader waits
	take(from, int(w.gate.Revision()))
	cancel()
	w.choose("u1", "accepted", "k").is(201) // while it is away
	w.person("u2", "BR")
	from, cancel = w.events(server, "/api/v1/changes?after=0", "Last-Event-ID", fmt.Sprint(next-1))
	defer cancel()
	take(from, int(w.gate.Revision()))
	w.send("GET", "/api/v1/changes?after=x", "", "Accept", "text/event-stream").is(422)
}

func TestAnEnforcementPointStartsWithASnapshotAndFollows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	for _, id := range []string{"u1", "u2", "u3", "free"} {
		w.person(id, "BR")
	}
	for _, id := range []string{"u1", "u2", "u3"} {
		w.limit(id)
	}
	w.choose("u3", "accepted", "k").is(201)
	page := w.send("GET", "/api/v1/enforcement?limit=1", "").is(200).says("people.0.person", "u1", "next", "u1")
	rules := page.at("rules").(map[string]any)[page.at("people.0.rules").(string)].(map[string]any)["messages.send"].(map[string]any)
	if rules["allowed"] != false || rules["stage"] != "limited" || rules["on_deny"] != "reject" || rules["accept_url"] != publicURL+"/t/new-terms-2021" ||
		rules["next_stage"] != "suspended_delivery" {
		t.Fatal(page.Body)
	}
	if sharing := page.at("defaults").(map[string]any)["business.data_sharing"].(map[string]any); sharing["allowed"] != false {
		t.Fatal(sharing)
	}
	w.send("GET", "/api/v1/enforcement?after=u1", "").is(200).says("people.0.person", "u2", "people.1.person", "u3", "next", "")
	w.send("GET", "/api/v1/enforcement?limit=0", "").is(422)
	w.send("GET", "/api/v1/enforcement/stream?after=nowhere", "").is(422)

	mark := page.at("mark").(string)
	w.choose("u1", "accepted", "k").is(201) // between the snapshot and the stream
	server := w.serve()
	from, cancel := w.events(server, "/api/v1/enforcement/stream?after="+mark)
	person := func(id string) func(sent) bool {
		return func(e sent) bool { return e.name == "person" && e.json(t)["person"] == id }
	}
	key := await(t, from, "rules", func(e sent) bool { return e.name == "rules" }).json(t)["rules"]
	if got := await(t, from, "u1", person("u1")).json(t); got["rules"] != key || key != rulesOf(w, "u3") {
		t.Fatal(got, key)
	}
	await(t, from, "the mark", func(e sent) bool { return e.name == "mark" && e.id == w.gate.Mark().String() })
	w.choose("u2", "accepted", "k").is(201)
	await(t, from, "u2", person("u2"))
	last := await(t, from, "a mark", func(e sent) bool { return e.name == "mark" && e.id != "" }).id
	cancel()

	w.send("DELETE", "/api/v1/people/u2", "").is(204) // while nobody follows
	from, cancel = w.events(server, "/api/v1/enforcement/stream?after=0-0", "Last-Event-ID", last)
	if got := await(t, from, "u2", person("u2")).json(t); got["rules"] != "default" {
		t.Fatal(got)
	}
	cancel()
	w.send("POST", "/api/v1/campaigns/new-terms-2021/holds", `{"scope":{"region":"BR"},"reason":"court","clock":"stop","effect":"lift"}`).is(201)
	from, cancel = w.events(server, "/api/v1/enforcement/stream", "Last-Event-ID", last)
	defer cancel()
	await(t, from, "reset", func(e sent) bool { return e.name == "reset" }) // a hold moves everybody
	if _, more := <-from; more {
		t.Fatal("more after a reset")
	}
}

func rulesOf(w *world, person string) string {
	e, _ := w.gate.Entry(person)
	key, _ := e.Profile.Rules()
	return key
}

// TestASlowReaderIsCut fills the connection of a reader that takes nothing. The
// server's own deadline, and not the reader, has to end it.
func TestASlowReaderIsCut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	for i := range 2000 {
		w.person(fmt.Sprint("someone-with-a-long-name-to-fill-buffers-", i), "BR")
	}
	ended := make(chan struct{})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		defer close(ended)
		w.engine.ServeHTTP(out, r)
	}))
	server.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetWriteBuffer(4096)
		}
		return ctx
	}
	server.Start()
	defer server.Close()
	w.ahead.Store(int64(2*time.Second - 10*time.Second)) // patience ends in two seconds
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	w.must(err)
	defer func() { _ = conn.Close() }()
	w.must(conn.(*net.TCPConn).SetReadBuffer(4096))
	fmt.Fprintf(conn, "GET /api/v1/changes HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nAccept: text/event-stream\r\n\r\n", bootstrap)
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Fatal("the reader was not cut")
	}
}
