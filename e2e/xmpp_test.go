package e2e_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// xmpp is a Node process with real XMPP clients in it, by name.
type xmpp struct {
	*testing.T
	service string
	stdin   io.WriteCloser

	mu      sync.Mutex
	last    int
	replies map[int]chan map[string]any
	heard   map[string][]string // stanzas of a client, in order
}

// clients are XMPP clients of a server at an address.
func clients(t *testing.T, address string) *xmpp {
	t.Helper()
	x := &xmpp{T: t, service: "xmpp://" + address, replies: map[int]chan map[string]any{}, heard: map[string][]string{}}
	cmd := exec.CommandContext(t.Context(), "node", "driver.mjs")
	cmd.Dir, cmd.Stderr = packages(t, "xmpp"), os.Stderr
	var err error
	if x.stdin, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	go func() { defer close(read); x.read(out) }()
	t.Cleanup(func() {
		_ = x.stdin.Close() // which ends the process
		<-read
		_ = cmd.Wait() // killed by the end of the test, if it came to that
	})
	return x
}

func (x *xmpp) read(out io.Reader) {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line map[string]any
		if json.Unmarshal(lines.Bytes(), &line) != nil {
			continue
		}
		x.mu.Lock()
		if id, ok := line["id"].(float64); ok {
			x.replies[int(id)] <- line
		} else {
			client, _ := line["client"].(string)
			stanza, _ := line["stanza"].(string)
			x.heard[client] = append(x.heard[client], stanza)
		}
		x.mu.Unlock()
	}
}

func (x *xmpp) do(command map[string]any) {
	x.Helper()
	reply := make(chan map[string]any, 1)
	x.mu.Lock()
	x.last++
	command["id"], x.replies[x.last] = x.last, reply
	data, err := json.Marshal(command)
	if err == nil {
		_, err = x.stdin.Write(append(data, '\n'))
	}
	x.mu.Unlock()
	if err != nil {
		x.Fatal(err)
	}
	select {
	case r := <-reply:
		if r["error"] != nil {
			x.Fatalf("%v: %v", command, r["error"])
		}
	case <-time.After(2 * patience):
		x.Fatalf("%v: no answer", command)
	}
}

// open signs a user in with a client named after its resource.
func (x *xmpp) open(user, resource string) {
	x.Helper()
	x.do(map[string]any{"op": "open", "client": resource, "user": user, "service": x.service})
}

// tag is an element: a name, attributes in pairs, and what is in it.
func tag(name string, attrs ...string) []any {
	all := map[string]string{}
	for i := 0; i < len(attrs); i += 2 {
		all[attrs[i]] = attrs[i+1]
	}
	return []any{name, all}
}

// says sends a text, with more elements besides.
func (x *xmpp) says(client, to, id, body string, more ...any) {
	x.Helper()
	stanza := append(tag("message", "to", to+"@localhost", "type", "chat", "id", id), append(tag("body"), body))
	x.sends(client, append(stanza, more...))
}

func (x *xmpp) sends(client string, stanza []any) {
	x.Helper()
	x.do(map[string]any{"op": "send", "client": client, "stanza": stanza})
}

// rings signals a call: propose, proceed, reject.
func (x *xmpp) rings(client, to, id, signal string) {
	x.Helper()
	x.sends(client, append(tag("message", "to", to+"@localhost", "type", "chat", "id", id), tag(signal, "xmlns", "urn:xmpp:jingle-message:0", "id", id)))
}

// hears waits for a stanza with all the words and returns it.
func (x *xmpp) hears(client string, words ...string) string {
	x.Helper()
	for deadline := time.Now().Add(2 * patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if found := x.find(client, words...); found != "" {
			return found
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.Fatalf("%s never heard %q; it heard\n%s", client, words, strings.Join(x.heard[client], "\n"))
	return ""
}

func (x *xmpp) find(client string, words ...string) string {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, stanza := range x.heard[client] {
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(stanza, w) }) {
			return stanza
		}
	}
	return ""
}

// bodies lists the texts a client got from others, in order.
func (x *xmpp) bodies(client string) string {
	x.mu.Lock()
	defer x.mu.Unlock()
	var out []string
	for _, stanza := range x.heard[client] {
		if _, rest, ok := strings.Cut(stanza, "<body>"); ok && !strings.Contains(stanza, `type="error"`) {
			text, _, _ := strings.Cut(rest, "</body>")
			out = append(out, text)
		}
	}
	return strings.Join(out, " ")
}

// port is one that is free now.
func port(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }() // nobody has come to it
	_, number, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return number
}

// daemon runs a server of others until the test ends, and waits until it takes
// connections at an address.
func daemon(t *testing.T, log *lines, address string, cmd *exec.Cmd) {
	t.Helper()
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v: make setup as root installs it", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it keeps nothing that anybody wants
		_ = cmd.Wait()
	})
	for deadline := time.Now().Add(2 * patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if conn, err := net.Dial("tcp", address); err == nil {
			_ = conn.Close()
			return
		}
	}
	t.Fatalf("%s takes no connections:\n%s", cmd.Path, log)
}

// messenger is what every XMPP server with the gate has to do for its users,
// whom the sample company leads through its stages.
func (s *site) messenger(x *xmpp) {
	s.Helper()
	x.open("ana", "phone")
	x.open("ben", "tablet")
	x.says("phone", "ben", "m1", "hello")
	x.hears("tablet", "<body>hello</body>")

	s.clock("2021-07-05T00:00:00Z") // limited
	x.hears("phone", "urn:assent:terms:0", `stage="limited"`, "accept_url")
	x.says("phone", "ben", "typed", "typed")
	x.hears("phone", `id="typed"`, "policy-violation", `capability="messages.send"`, `stage="limited"`)
	x.sends("phone", append(tag("iq", "type", "get", "id", "roster"), tag("query", "xmlns", "jabber:iq:roster")))
	x.hears("phone", `id="roster"`, "policy-violation", `capability="chats.list"`)
	x.sends("phone", append(tag("iq", "type", "set", "id", "history"), tag("query", "xmlns", "urn:xmpp:mam:2")))
	x.hears("phone", `id="history"`, "policy-violation", `capability="chats.history"`)
	x.rings("phone", "ben", "call-0", "propose")
	x.hears("phone", `id="call-0"`, "policy-violation", `capability="calls.place"`)

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
	if err := s.server.Process.Signal(syscall.SIGSTOP); err != nil {
		s.Fatal(err)
	}
	x.says("phone", "ben", "outage", "outage")
	x.hears("phone", `id="outage"`, "policy-violation")
	x.says("tablet", "ana", "m3", "in-the-outage")
	x.hears("phone", "<body>in-the-outage</body>")
	if err := s.server.Process.Signal(syscall.SIGCONT); err != nil {
		s.Fatal(err)
	}

	s.clock("2021-08-20T00:00:00Z") // suspended
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
	s.acceptsWhatIsAsked("ana")
	x.hears("phone", "<body>held-2</body>")
	if got := x.bodies("phone"); got != "are-you-there in-the-outage held-0 held-1 held-2" {
		s.Errorf("ana's phone got %q", got)
	}
	x.says("phone", "ben", "m9", "i-am-back")
	x.hears("tablet", "<body>i-am-back</body>")
	if got := x.bodies("tablet"); got != "hello from-the-notification i-am-back" {
		s.Errorf("ben's tablet got %q", got)
	}
}

// acceptsWhatIsAsked accepts the documents that are asked for now, as they are
// named in the refusal of others.
func (s *site) acceptsWhatIsAsked(person string) {
	s.Helper()
	path := "/api/v1/people/" + person + "/responses"
	body := func(documents any) string {
		return object("campaign", campaign, "action", "accepted", "documents", documents)
	}
	none := []map[string]string{{"document": "terms-of-service", "version": "2020-03-04", "locale": "en", "sha256": strings.Repeat("0", 64)}}
	current := s.send("POST", path, body(none), idempotencyKey, "asks-"+person).is(409).at("current")
	s.send("POST", path, body(current), idempotencyKey, "accepts-"+person).is(201)
}
