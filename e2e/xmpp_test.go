package e2e_test

import (
	"bufio"
	"encoding/json"
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

	"assent/internal/testenv"
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

// count is how many stanzas with all the words a client has got.
func (x *xmpp) count(client string, words ...string) int {
	x.mu.Lock()
	defer x.mu.Unlock()
	n := 0
	for _, stanza := range x.heard[client] {
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(stanza, w) }) {
			n++
		}
	}
	return n
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

// daemon runs a server of others until the test ends or it is told to stop, and
// waits until it takes connections at an address.
func daemon(t testing.TB, log *testenv.Log, address string, cmd *exec.Cmd) (stop func()) {
	t.Helper()
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v: make setup as root installs it", err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = cmd.Wait() }() // killed, most often
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it keeps nothing that anybody wants
		<-ended
	})
	stop = func() {
		t.Helper()
		_ = cmd.Process.Signal(syscall.SIGTERM) // or it has ended
		select {
		case <-ended:
		case <-time.After(2 * patience):
			t.Fatalf("%s does not stop:\n%s", cmd.Path, log)
		}
	}
	for deadline := time.Now().Add(2 * patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if conn, err := net.Dial("tcp", address); err == nil {
			_ = conn.Close()
			return stop
		}
	}
	t.Fatalf("%s takes no connections:\n%s", cmd.Path, log)
	return nil
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
