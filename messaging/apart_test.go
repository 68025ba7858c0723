package messaging_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// writers are pairs of people who write from a process of their own, so that the
// server keeps to itself what it takes.
type writers struct {
	in      io.Writer
	out     *bufio.Scanner
	slowest []float64 // of each round, what nearly all messages took, in seconds
}

// writeApart connects pairs of people from another process.
func writeApart(b *testing.B, w *world) *writers {
	b.Helper()
	in, out := apart(b, "ASSENT_TEST_WRITERS_TO="+w.url)
	for i := range pairs {
		writer, phone := fmt.Sprint("writer-", i), fmt.Sprint("phone-", i)
		_, err := fmt.Fprintln(in, writer, w.token(writer), phone, w.token(phone))
		if err != nil {
			b.Fatal(err)
		}
	}
	return &writers{in: in, out: out}
}

// apart runs this program again, as something else; see TestMain. It ends with
// what it reads.
func apart(t testing.TB, as string) (io.Writer, *bufio.Scanner) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env, cmd.Stderr = append(os.Environ(), as), os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = in.Close(), cmd.Wait() })
	return in, bufio.NewScanner(out)
}

// round has every pair write, and returns how many seconds it took until all
// messages were acknowledged and heard.
func (w *writers) round(b *testing.B) float64 {
	b.Helper()
	var all, slowest float64
	if _, err := fmt.Fprintln(w.in, messages); err != nil {
		b.Fatal(err)
	}
	w.out.Scan()
	if n, _ := fmt.Sscan(w.out.Text(), &all, &slowest); n < 2 {
		b.Fatalf("the writers say %q", w.out.Text())
	}
	w.slowest = append(w.slowest, slowest)
	return all
}

// pair is somebody who writes and the phone of whom they write to.
type pair struct {
	writer, phone *websocket.Conn
	frame         []byte
}

// letWrite is the process of writers.
func letWrite(url string) {
	var pairs []*pair
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if len(words) == 4 {
			pairs = append(pairs, connectPair(url, words))
			continue
		}
		var n int
		_, _ = fmt.Sscan(words[0], &n)
		begun := time.Now()
		took := writeRound(pairs, n)
		fmt.Println(time.Since(begun).Seconds(), took[len(took)*99/100].Seconds())
	}
}

func connectPair(url string, words []string) *pair {
	return &pair{
		writer: connectApart(url, words[0], words[1]), phone: connectApart(url, words[2], words[3]),
		frame: []byte(`{"id":2,"rpc":{"method":"messages.send","data":{"to":"` + words[2] + `","body":"hello, how are you today?"}}}`),
	}
}

// writeRound returns how long each message took to be heard and acknowledged,
// in order.
func writeRound(pairs []*pair, n int) []time.Duration {
	took := make([][]time.Duration, len(pairs))
	var all sync.WaitGroup
	for i, p := range pairs {
		all.Go(func() {
			for range n {
				begun := time.Now()
				if err := p.writer.WriteMessage(websocket.TextMessage, p.frame); err != nil {
					panic(err)
				}
				listen(p.writer, `"id":2,"rpc"`)
				listen(p.phone, `"event":"message"`)
				took[i] = append(took[i], time.Since(begun))
			}
		})
	}
	all.Wait()
	return slices.Sorted(slices.Values(slices.Concat(took...)))
}

func connectApart(url, person, token string) *websocket.Conn {
	conn, response, err := websocket.DefaultDialer.Dial(url, nil)
	if err != nil {
		panic(err)
	}
	_ = response.Body.Close()
	if err := conn.WriteMessage(websocket.TextMessage, []byte(`{"id":1,"connect":{"token":"`+token+`"}}`)); err != nil {
		panic(err)
	}
	listen(conn, `"calls:`+person+`"`)
	return conn
}

// listen waits for a word, and answers pings meanwhile.
func listen(conn *websocket.Conn, word string) {
	for {
		_, frame, err := conn.ReadMessage()
		if err != nil {
			panic(err)
		}
		if bytes.HasPrefix(frame, []byte("{}")) || bytes.Contains(frame, []byte("\n{}")) { // it may come with messages
			if err := conn.WriteMessage(websocket.TextMessage, []byte("{}")); err != nil {
				panic(err)
			}
		}
		if bytes.Contains(frame, []byte(word)) {
			return
		}
	}
}
