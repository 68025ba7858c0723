package messaging_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

// installed makes the pinned npm packages available, once per run.
var installed = sync.OnceValue(func() error {
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("the real client needs Node.js, and %s is not installed: apt-get install nodejs npm, or make setup as root", program)
		}
	}
	dir := filepath.Join("testdata", "client")
	wanted, err := os.Stat(filepath.Join(dir, "package-lock.json"))
	if err != nil {
		return err
	}
	if have, err := os.Stat(filepath.Join(dir, "node_modules", ".package-lock.json")); err == nil && !have.ModTime().Before(wanted.ModTime()) {
		return nil
	}
	ci := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	ci.Dir = dir
	if output, err := ci.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci in messaging/%s: %w\n%s", dir, err, output)
	}
	return nil
})

// driver is a Node process with centrifuge-js clients in it, by name.
type driver struct {
	stdin io.WriteCloser

	mu      sync.Mutex
	next    int
	replies map[int]chan reply
	heard   []heard
	changed chan struct{} // closed and replaced with each event
}

type reply struct {
	ID     int             `json:"id"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// heard is one event of one client.
type heard struct {
	Client  string         `json:"client"`
	Event   string         `json:"event"`
	Channel string         `json:"channel"`
	Code    int            `json:"code"`
	Data    map[string]any `json:"data"`
}

// at reads a member of the event's data by its path.
func (h heard) at(path ...string) any {
	var value any = h.Data
	for _, name := range path {
		m, _ := value.(map[string]any)
		value = m[name]
	}
	return value
}

func drive(t *testing.T, url string) *driver {
	t.Helper()
	if err := installed(); err != nil {
		t.Fatal(err)
	}
	d := &driver{replies: map[int]chan reply{}, changed: make(chan struct{})}
	node := exec.CommandContext(t.Context(), "node", "driver.mjs", url)
	node.Dir = filepath.Join("testdata", "client")
	node.Stderr = os.Stderr
	var err error
	if d.stdin, err = node.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := node.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := node.Start(); err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	go func() { defer close(read); d.read(stdout) }()
	t.Cleanup(func() {
		_ = d.stdin.Close() // which ends the process
		<-read
		_ = node.Wait() // killed by the end of the test, if it came to that
	})
	return d
}

func (d *driver) read(stdout io.Reader) {
	lines := bufio.NewScanner(stdout)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r reply
		if json.Unmarshal(lines.Bytes(), &r) == nil && r.ID > 0 {
			d.mu.Lock()
			ch := d.replies[r.ID]
			d.mu.Unlock()
			ch <- r
			continue
		}
		var h heard
		if json.Unmarshal(lines.Bytes(), &h) == nil {
			d.mu.Lock()
			d.heard = append(d.heard, h)
			close(d.changed)
			d.changed = make(chan struct{})
			d.mu.Unlock()
		}
	}
}

// do sends one command and waits for its reply.
func (d *driver) do(t *testing.T, command map[string]any) reply {
	t.Helper()
	r, err := d.try(command)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (d *driver) try(command map[string]any) (reply, error) {
	ch := make(chan reply, 1)
	d.mu.Lock()
	d.next++
	command["id"] = d.next
	d.replies[d.next] = ch
	data, err := json.Marshal(command)
	if err == nil {
		_, err = d.stdin.Write(append(data, '\n'))
	}
	d.mu.Unlock()
	if err != nil {
		return reply{}, err
	}
	select {
	case r := <-ch:
		return r, nil
	case <-time.After(patience):
		return reply{}, errors.New("no answer from the client")
	}
}

// open connects a client named after its person.
func (d *driver) open(t *testing.T, w *world, person string) {
	t.Helper()
	r := d.do(t, map[string]any{"op": "open", "client": person, "token": w.token(person)})
	if !strings.Contains(string(r.Result), `"connected"`) {
		t.Fatalf("%s: %s", person, r.Result)
	}
	d.settled(t, w, person, person)
}

// settled waits until a client is joined to as many lines as its person may hear.
func (d *driver) settled(t *testing.T, w *world, client, person string) {
	t.Helper()
	want := 1
	for _, capability := range []string{"chats.list", "notifications.receive", "calls.answer"} {
		if w.gate.Decide(person, capability).Allowed {
			want++
		}
	}
	eventually(t, strconv.Itoa(want), func() string {
		var state struct {
			Lines []string `json:"lines"`
		}
		if err := json.Unmarshal(d.do(t, map[string]any{"op": "state", "client": client}).Result, &state); err != nil {
			t.Fatal(err)
		}
		return strconv.Itoa(len(state.Lines))
	})
}

// rpc calls a method over the socket.
func (d *driver) rpc(t *testing.T, client, method string, params map[string]any) reply {
	t.Helper()
	return d.do(t, map[string]any{"op": "rpc", "client": client, "method": method, "params": params})
}

// lines is what a client hears now, without its own name.
func (d *driver) lines(t *testing.T, client string) string {
	t.Helper()
	var state struct {
		Lines    []string `json:"lines"`
		Connects int      `json:"connects"`
	}
	if err := json.Unmarshal(d.do(t, map[string]any{"op": "state", "client": client}).Result, &state); err != nil {
		t.Fatal(err)
	}
	if state.Connects != 1 {
		t.Errorf("%s connected %d times; the connection had to stay open", client, state.Connects)
	}
	for i, l := range state.Lines {
		state.Lines[i] = strings.TrimSuffix(l, ":"+client)
	}
	slices.Sort(state.Lines)
	return strings.Join(state.Lines, " ")
}

// await returns the first event that fits, past or to come.
func (d *driver) await(t *testing.T, what string, fits func(heard) bool) heard {
	t.Helper()
	deadline := time.After(patience)
	for {
		d.mu.Lock()
		i := slices.IndexFunc(d.heard, fits)
		changed := d.changed
		var found heard
		if i >= 0 {
			found = d.heard[i]
		}
		d.mu.Unlock()
		if i >= 0 {
			return found
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("%s did not come; heard %+v", what, d.all())
		}
	}
}

func (d *driver) all() []heard {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.heard)
}

// eventually waits until a question has the wanted answer.
func eventually(t testing.TB, want string, ask func() string) {
	t.Helper()
	var got string
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if got = ask(); got == want {
			return
		}
	}
	t.Fatalf("got %q, want %q", got, want)
}

// publication fits an event of a kind on a line of a client.
func publication(client, line, kind string) func(heard) bool {
	return func(h heard) bool {
		return h.Client == client && h.Event == "publication" && h.Channel == line+":"+client && h.at("event") == kind
	}
}
