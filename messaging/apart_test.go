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

// writers are people who write to others from a process of their own, so that
// what is measured of the server is the server's.
type writers struct {
	in  io.Writer
	out *bufio.Scanner
}

// writeApart connects pairs of people from another process.
func writeApart(b *testing.B, w *world, n int) *writers {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.CommandContext(b.Context(), self)
	cmd.Env, cmd.Stderr = append(os.Environ(), "ASSENT_TEST_WRITERS_TO="+w.url), os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = in.Close(); _ = cmd.Wait() }) // it ends with what it reads
	for i := range n {
		writer, phone := fmt.Sprint("writer-", i), fmt.Sprint("phone-", i)
		fmt.Fprintln(in, writer, w.token(writer), phone, w.token(phone))
	}
	return &writers{in, bufio.NewScanner(out)}
}

// write has every pair write n messages, one after the other, and returns how
// many seconds it took all of them to be acknowledged and heard, and how many
// went by before nearly every one was.
func (w *writers) write(b *testing.B, n int) (all, p99 float64) {
	b.Helper()
	fmt.Fprintln(w.in, n)
	if w.out.Scan() {
		_, _ = fmt.Sscan(w.out.Text(), &all, &p99)
	}
	if all == 0 {
		b.Fatalf("the writers say %q", w.out.Text())
	}
	return all, p99
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
