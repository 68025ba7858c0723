package messaging_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// TestMain is the other end of many sockets when it is asked to be: there are
// only so many files that one process may open.
func TestMain(m *testing.M) {
	if url := os.Getenv("ASSENT_TEST_SOCKETS_TO"); url != "" {
		holdSockets(url)
		return
	}
	if url := os.Getenv("ASSENT_TEST_WRITERS_TO"); url != "" {
		letWrite(url)
		return
	}
	os.Exit(m.Run())
}

// holdSockets opens a socket for each line of a person and a token, and says
// what each of them hears, and when.
func holdSockets(url string) {
	var out sync.Mutex
	say := func(what, person string) {
		out.Lock()
		defer out.Unlock()
		fmt.Println(what, person, time.Now().UnixNano())
	}
	room := make(chan struct{}, 32) // that many connect at a time
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		person, token, _ := strings.Cut(lines.Text(), " ")
		room <- struct{}{}
		go holdSocket(url, person, token, say, sync.OnceFunc(func() { <-room }))
	}
}

func holdSocket(url, person, token string, say func(what, person string), connected func()) {
	defer connected()
	dialer := websocket.Dialer{ReadBufferSize: 512, WriteBufferSize: 512}
	conn, response, err := dialer.Dial(url, nil)
	if err != nil {
		say("error:"+strings.ReplaceAll(err.Error(), " ", "_"), person)
		return
	}
	_ = response.Body.Close()
	defer func() { _ = conn.Close() }() // the process is over
	err = conn.WriteMessage(websocket.TextMessage, []byte(`{"id":1,"connect":{"token":"`+token+`"}}`))
	for err == nil {
		var frame []byte
		if _, frame, err = conn.ReadMessage(); string(frame) == "{}" {
			err = conn.WriteMessage(websocket.TextMessage, frame)
		}
		for _, word := range []string{"unsubscribe", "subscribe"} {
			if bytes.Contains(frame, []byte(`"channel":"calls:`+person+`","`+word+`"`)) {
				say(word, person)
				connected()
			}
		}
	}
	say("error:"+strings.ReplaceAll(err.Error(), " ", "_"), person)
}

// sockets are held by another process.
type sockets struct {
	mu      sync.Mutex
	at      map[string]map[string]time.Time // what → person → when, for the last time
	trouble string
}

func idlePeople(n int) []string {
	people := make([]string, n)
	for i := range people {
		people[i] = fmt.Sprintf("idle-%05d", i)
	}
	return people
}

func holdAll(t testing.TB, w *world, people []string) *sockets {
	t.Helper()
	var tokens strings.Builder
	for _, person := range people {
		fmt.Fprintln(&tokens, person, w.token(person))
	}
	s := &sockets{at: map[string]map[string]time.Time{"subscribe": {}, "unsubscribe": {}}}
	in, out := apart(t, "ASSENT_TEST_SOCKETS_TO="+w.url)
	go s.read(out)
	if _, err := in.Write([]byte(tokens.String())); err != nil {
		t.Fatal(err)
	}
	s.await(t, "subscribe", people, time.Time{})
	return s
}

func (s *sockets) read(lines *bufio.Scanner) {
	for lines.Scan() {
		var what, person string
		var nanos int64
		if _, err := fmt.Sscan(lines.Text(), &what, &person, &nanos); err != nil {
			what = "error:" + lines.Text()
		}
		s.mu.Lock()
		if s.at[what] != nil {
			s.at[what][person] = time.Unix(0, nanos)
		} else {
			s.trouble = lines.Text()
		}
		s.mu.Unlock()
	}
}

// await waits until all of some people have heard something since an instant,
// and returns when the last one did.
func (s *sockets) await(t testing.TB, what string, people []string, since time.Time) time.Time {
	t.Helper()
	var last time.Time
	for deadline := time.Now().Add(patience + time.Duration(len(people))*10*time.Millisecond); ; time.Sleep(time.Millisecond) {
		missing := 0
		s.mu.Lock()
		for _, person := range people {
			at := s.at[what][person]
			if !at.After(since) {
				missing++
			}
			if at.After(last) {
				last = at
			}
		}
		trouble := s.trouble
		s.mu.Unlock()
		if missing == 0 {
			return last
		}
		if trouble != "" || time.Now().After(deadline) {
			t.Fatalf("%d of %d sockets have not heard %q; %s", missing, len(people), what, trouble)
		}
	}
}

// resident is the memory of this process in bytes, what it could give back aside.
func resident(t *testing.T) int {
	t.Helper()
	runtime.GC()
	debug.FreeOSMemory()
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(data))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

// Ten thousand people are connected and idle on demand, ASSENT_SOCKETS of them: a
// change reaches the one it concerns, and one that concerns all reaches all.
func TestAChangeReachesItsSocketAmongManyIdleOnes(t *testing.T) {
	t.Parallel()
	people := idlePeople(200)
	if n, err := strconv.Atoi(os.Getenv("ASSENT_SOCKETS")); err == nil {
		people = idlePeople(n)
	}
	w := newWorld(t)
	before := resident(t)
	held := holdAll(t, w, people)
	t.Logf("%d sockets: %d KiB each", len(people), (resident(t)-before)/len(people)>>10)

	var cut, back []time.Duration
	for i := range 100 {
		one := people[i*len(people)/100]
		begun := time.Now()
		w.move(t, one, suspended)
		cut = append(cut, held.await(t, "unsubscribe", []string{one}, begun).Sub(begun))
		begun = time.Now()
		w.accept(t, one)
		back = append(back, held.await(t, "subscribe", []string{one}, begun).Sub(begun))
	}
	for name, list := range map[string][]time.Duration{"cut": cut, "back": back} {
		slices.Sort(list)
		t.Logf("%s after %v (p50), %v (p99)", name, list[len(list)/2], list[len(list)*99/100])
	}
	begun := time.Now()
	for _, person := range people {
		w.move(t, person, suspended)
	}
	applied := time.Since(begun)
	t.Logf("all at once: in force after %v, all told after %v", applied, held.await(t, "unsubscribe", people, begun).Sub(begun))
}
