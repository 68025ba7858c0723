package e2e_test

import (
	"bufio"
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"assent/internal/testenv"
)

const (
	askers = 64          // connections, each with one request under way
	spell  = time.Second // that one of them is asked before the next has its turn
	// variety is how many people are asked about in a spell, of all there are.
	variety = 1 << 15
)

// tenFlags are all capabilities of this campaign; whoever is limited lacks the first five.
var tenFlags = []string{
	"chats.list", "chats.history", "messages.send", "calls.place", "business.chat",
	"messages.receive", "notifications.receive", "messages.reply_from_notification", "calls.call_back", "calls.answer",
}

// peer is a server that can say what a person may do.
type peer struct {
	name      string
	url       string
	pid       int
	questions []question
}

// question is one of those that are asked of everybody alike, of a random person.
type question struct {
	name, path string
	bytes      int                 // of an answer's body
	key        string              // an API key, or ""
	body       func(n int) string  // of the nth person
	values     func([]byte) string // what the answer says, as far as all say it

	turns []turn
}

// turn is what came of one spell.
type turn struct {
	rate, p50, p99 float64 // a second, and milliseconds
	cpu            float64 // microseconds of the server's for a request
	memory         int     // MiB of the server's at its end
}

// limited is whoever has an odd number.
func limited(n int) bool { return n%2 == 1 }

// BenchmarkBesideItsPeers asks servers that answer the like, one after the other
// in turns, each through the same client over HTTP, and prints a table. Assent runs
// from a SQLite database with ASSENT_PEERS_PEOPLE (100,000), half of whom are
// limited. The peers are the programs found in the directory ASSENT_PEERS: `make
// bench-peers` says which. -benchtime 5x is five turns for everybody.
func BenchmarkBesideItsPeers(b *testing.B) {
	people := 100_000
	if n, err := strconv.Atoi(os.Getenv("ASSENT_PEERS_PEOPLE")); err == nil {
		people = n
	}
	ours := assentOf(b, people)
	peers := []*peer{ours, bareServer(b, ours)}
	for _, start := range []func(*testing.B, int) *peer{goFeatureFlag, flagd, flipt, opa, opaOfStages} {
		if p := start(b, people); p != nil {
			peers = append(peers, p)
		}
	}
	for _, p := range peers {
		for i := range p.questions {
			p.questions[i].bytes = len(p.says(b, &p.questions[i], people-1))
			if p == peers[1] {
				continue // it has one answer for all
			}
			p.agrees(b, &p.questions[i], people)
		}
	}
	for b.Loop() {
		for kind := range 3 {
			for _, p := range peers {
				if kind < len(p.questions) {
					p.asked(b, &p.questions[kind], people)
				}
			}
		}
	}
	tabulate(b, peers)
	b.ReportMetric(0, "ns/op")
}

// assentOf is the program with people, half of them limited a while ago.
func assentOf(b *testing.B, people int) *peer {
	b.Helper()
	dir := b.TempDir()
	capabilities := make([]map[string]any, len(tenFlags))
	for i, flag := range tenFlags {
		capabilities[i] = map[string]any{"key": flag, "kind": "boolean", "on_deny": "reject", "title": map[string]string{"en": flag}}
	}
	settings := write(b, dir, "assent.yaml", object("capabilities", capabilities, "scheduler", map[string]string{"tick": "0 0 1 1 *"}))
	s := newSite(b, "ASSENT_DATABASE_URL=sqlite:"+dir+"/assent.db", "ASSENT_SECRETS_DIRECTORY="+dir+"/secrets", "ASSENT_LOG_LEVEL=error")
	s.start("serve", "--config", settings)
	s.publish()
	s.send("PUT", "/api/v1/campaigns/"+campaign+"/plans", strings.Replace(plan, "grants: [business.data_sharing]\n", "", 1), "Content-Type", "application/yaml").is(201)
	s.send("POST", "/api/v1/campaigns/"+campaign+"/plans/1/activate", "").is(200)
	const some = 50_000
	for n := 0; n < people; n += some {
		var lines strings.Builder
		for i := n; i < min(n+some, people); i++ {
			fmt.Fprintf(&lines, `{"id":"u%d","region":"BR","locale":"en","created_at":"2020-01-04T00:00:00Z"}`+"\n", i)
		}
		s.long("/api/v1/people", lines.String(), ndjson)
	}
	s.stop()
	db, err := sql.Open("sqlite3", dir+"/assent.db")
	if err != nil {
		b.Fatal(err)
	}
	ago := time.Now().AddDate(0, 0, -3).UnixMicro()
	if _, err := db.ExecContext(b.Context(), `UPDATE enrollments SET stage = 3, entered = ?, told = ?, noticed = ?, first_notice = ?
		WHERE CAST(substr(person, 2) AS INTEGER) % 2 = 1`, ago, ago, ago, ago-int64(90*24*time.Hour/time.Microsecond)); err != nil {
		b.Fatal(err)
	}
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
	s.start("serve", "--config", settings)
	authzen := func(n int) string {
		return fmt.Sprintf(`{"subject":{"type":"user","id":"u%d"},"action":{"name":"messages.send"},"resource":{"type":"any","id":"any"}}`, n)
	}
	one, all := byOFREP(func(n int) string { return fmt.Sprintf(`{"context":{"targetingKey":"u%d"}}`, n) })
	one.key, all.key = key, key
	return &peer{"Assent", s.url, s.server.Process.Pid, []question{one, all, {name: "one decision (AuthZEN)", path: "/access/v1/evaluation", key: key, body: authzen, values: verdict("decision")}}}
}

// bareServer is how fast a server of Go can be here at all: it answers with bytes
// that are made already, one of Assent's answers, and looks at
// nothing but the path.
func bareServer(b *testing.B, ours *peer) *peer {
	b.Helper()
	at, dir := address(b), b.TempDir()
	p := &peer{name: "nothing but net/http", url: "http://" + at}
	for i, q := range ours.questions {
		q.path, q.key, q.turns = fmt.Sprint("/", i), "", nil
		write(b, dir, fmt.Sprint(i), string(ours.says(b, &ours.questions[i], 1)))
		p.questions = append(p.questions, q)
	}
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.CommandContext(b.Context(), self)
	cmd.Env = append(os.Environ(), bareVariable+"="+at, "ASSENT_BARE_ANSWERS="+dir)
	daemon(b, new(testenv.Log), at, cmd)
	p.pid = cmd.Process.Pid
	return p
}

// bareVariable has this program be a bare server at an address instead of running tests.
const bareVariable = "ASSENT_BARE_AT"

// serveBare is that server.
func serveBare(at string) int {
	mux := http.NewServeMux()
	files, err := filepath.Glob(filepath.Join(os.Getenv("ASSENT_BARE_ANSWERS"), "*"))
	for _, file := range files {
		answer, reading := os.ReadFile(file)
		err = errors.Join(err, reading)
		mux.HandleFunc("/"+filepath.Base(file), func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header()["Content-Type"] = []string{"application/json; charset=utf-8"}
			w.Header()["Content-Length"] = []string{strconv.Itoa(len(answer))}
			_, _ = w.Write(answer) // a caller who has gone needs no answer
		})
	}
	if err == nil {
		err = http.ListenAndServe(at, mux)
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

func write(b *testing.B, dir, name, text string) string {
	b.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	return path
}

// verdict reads an answer about one flag, verdicts and results one about all: the
// names of those that are off.
func verdict(member string) func([]byte) string {
	return func(body []byte) string {
		var answer map[string]any
		_ = json.Unmarshal(body, &answer) // what it lacks is no answer
		return fmt.Sprint(answer[member])
	}
}

func verdicts(body []byte) string {
	var answer struct {
		Flags []struct {
			Key   string
			Value any
		}
	}
	_ = json.Unmarshal(body, &answer) // the same
	values := map[string]any{}
	for _, flag := range answer.Flags {
		values[flag.Key] = flag.Value
	}
	return offOf(values)
}

func results(body []byte) string {
	var answer struct{ Result map[string]any }
	_ = json.Unmarshal(body, &answer) // the same
	return offOf(answer.Result)
}

func offOf(values map[string]any) string {
	var off []string
	for _, flag := range tenFlags {
		switch on, is := values[flag].(bool); {
		case !is:
			return "nothing of " + flag
		case !on:
			off = append(off, flag)
		}
	}
	return strings.Join(off, " ")
}

// agrees holds answers about some people against what they have to be.
func (p *peer) agrees(b *testing.B, q *question, people int) {
	b.Helper()
	for n := people - 10; n < people; n++ {
		want := map[bool]string{true: "false", false: "true"}[limited(n)]
		if q.name == "ten flags" {
			want = map[bool]string{true: strings.Join(tenFlags[:5], " "), false: ""}[limited(n)]
		}
		var got string
		for begun := time.Now(); time.Since(begun) < patience; time.Sleep(50 * time.Millisecond) { // it may have to read its files
			if got = q.values(p.says(b, q, n)); got == want {
				break
			}
		}
		if got != want {
			b.Fatalf("%s, %s of person %d: %q, want %q", p.name, q.name, n, got, want)
		}
	}
}

// says is the answer about the nth person; nil when there is none.
func (p *peer) says(b *testing.B, q *question, n int) []byte {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, p.url+q.path, strings.NewReader(q.body(n)))
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+q.key)
	answer, err := patient.Do(r)
	if err != nil {
		return nil
	}
	body, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close() // it was read
	if err != nil || answer.StatusCode != http.StatusOK {
		return nil
	}
	return body
}

// asked asks from all connections for a spell.
func (p *peer) asked(b *testing.B, q *question, people int) {
	b.Helper()
	requests := make([][]byte, variety) // made before, so that the client costs little beside the server
	for i := range requests {
		requests[i] = q.request(rand.IntN(people))
	}
	took := make([][]time.Duration, askers)
	before := p.cpu(b)
	var all sync.WaitGroup
	begun := time.Now()
	for i := range askers {
		all.Go(func() {
			conn, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
			if err != nil {
				b.Error(err)
				return
			}
			defer func() { _ = conn.Close() }()
			in := bufio.NewReaderSize(conn, 16<<10)
			for next := i * variety / askers; time.Since(begun) < spell; next++ {
				sent := time.Now()
				if _, err = conn.Write(requests[next%variety]); err == nil {
					err = pass(in)
				}
				if err != nil {
					b.Errorf("%s, %s: %v", p.name, q.name, err)
					return
				}
				took[i] = append(took[i], time.Since(sent))
			}
		})
	}
	all.Wait()
	wall, spent := time.Since(begun), p.cpu(b)-before
	every := slices.Concat(took...)
	if len(every) == 0 {
		b.Fatalf("%s, %s: no answer", p.name, q.name)
	}
	slices.Sort(every)
	ms := func(share float64) float64 {
		return float64(every[int(share*float64(len(every)-1))]) / float64(time.Millisecond)
	}
	q.turns = append(q.turns, turn{float64(len(every)) / wall.Seconds(), ms(0.5), ms(0.99), float64(spent.Microseconds()) / float64(len(every)), p.memory(b)})
}

// request is one about the nth person, as it goes over the line.
func (q *question) request(n int) []byte {
	body, authorization := q.body(n), ""
	if q.key != "" {
		authorization = "Authorization: Bearer " + q.key + "\r\n"
	}
	return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s", q.path, authorization, len(body), body)
}

// pass reads an answer that has to be a good one.
func pass(in *bufio.Reader) error {
	length, chunked := 0, false
	for first := true; ; first = false {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if first && !bytes.HasPrefix(line, []byte("HTTP/1.1 200 ")) {
			return fmt.Errorf("the answer is %s", line)
		}
		if len(line) <= 2 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch value = bytes.TrimSpace(value); {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(value)); err != nil {
				return err
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = true
		}
	}
	if !chunked {
		_, err := in.Discard(length)
		return err
	}
	if _, err := io.Copy(io.Discard, httputil.NewChunkedReader(in)); err != nil {
		return err
	}
	_, err := in.Discard(2) // the line after the last chunk
	return err
}

// cpu is how much processor time a server has had.
func (p *peer) cpu(b *testing.B) time.Duration {
	b.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.pid))
	if err != nil {
		b.Fatal(err)
	}
	fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
	var ticks int
	for _, field := range fields[11:13] {
		n, err := strconv.Atoi(field)
		if err != nil {
			b.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// memory is what it holds, in MiB.
func (p *peer) memory(b *testing.B) int {
	b.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(data), "VmRSS:")
	size, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		b.Fatal(err)
	}
	return size >> 10
}

// tabulate prints medians, with the least and the most for rates, how many times
// as fast the first one was in the same round, and how many times as much of the
// processor each server took as the first one did. The client's own work is in the
// one and not in the other.
func tabulate(b *testing.B, peers []*peer) {
	b.Helper()
	var out strings.Builder
	out.WriteString("\n| | question | answers/s | Assent is | p50 ms | p99 ms | server CPU µs | of Assent's | memory MiB | bytes |\n|---|---|---|---|---|---|---|---|---|---|\n")
	for kind := range 3 {
		for _, p := range peers {
			if kind >= len(p.questions) {
				continue
			}
			q := p.questions[kind]
			of := func(value func(turn) float64) []float64 {
				var list []float64
				for _, t := range q.turns {
					list = append(list, value(t))
				}
				slices.Sort(list)
				return list
			}
			middle := func(value func(turn) float64) float64 { list := of(value); return list[len(list)/2] }
			var times, work []float64
			for i, t := range q.turns {
				ours := peers[0].questions[kind].turns[i]
				times, work = append(times, ours.rate/t.rate), append(work, t.cpu/ours.cpu)
			}
			slices.Sort(times)
			slices.Sort(work)
			rates := of(func(t turn) float64 { return t.rate })
			fmt.Fprintf(&out, "| %s | %s | %.0f (%.0f–%.0f) | %.1f× (%.1f–%.1f) | %.2f | %.1f | %.0f | %.1f× (%.1f–%.1f) | %.0f | %d |\n", p.name, q.name,
				rates[len(rates)/2], rates[0], rates[len(rates)-1], times[len(times)/2], times[0], times[len(times)-1],
				middle(func(t turn) float64 { return t.p50 }), middle(func(t turn) float64 { return t.p99 }),
				middle(func(t turn) float64 { return t.cpu }), work[len(work)/2], work[0], work[len(work)-1], middle(func(t turn) float64 { return float64(t.memory) }), q.bytes)
		}
	}
	fmt.Fprintln(os.Stdout, out.String()) // a log of benchmarks is cut after ten lines
}
