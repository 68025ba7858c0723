package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// socket is a phone: one connection to the messaging layer, which speaks the
// JSON protocol of centrifuge. It never connects again.
type socket struct {
	testing.TB
	conn *websocket.Conn

	mu      sync.Mutex
	last    int
	replies map[int]chan reply
	pushes  []any // what the server sent by itself, in order
	closed  error
}

// reply is the answer to a command.
type reply struct {
	ID    int `json:"id"`
	Error *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
	Connect map[string]any `json:"connect"`
	RPC     struct {
		Data any `json:"data"`
	} `json:"rpc"`
	Push any `json:"push"`
}

// connect opens a connection with a person's token.
func (s *site) connect(person string) *socket {
	s.Helper()
	conn, response, err := websocket.DefaultDialer.DialContext(s.Context(), strings.Replace(s.url, "http", "ws", 1)+"/messaging/websocket", nil)
	if err != nil {
		s.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		s.Fatal(err)
	}
	k := &socket{TB: s.TB, conn: conn, replies: map[int]chan reply{}}
	go k.read()
	s.Cleanup(func() { _ = conn.Close() }) // the server may have gone first
	if r := k.do("connect", map[string]string{"token": s.token(person)}); r.Error != nil || r.Connect["client"] == nil {
		s.Fatalf("%s is not connected: %+v", person, r)
	}
	return k
}

// read takes in frames until the connection ends. A frame holds a line for
// each answer or push; an empty one asks whether we are there.
func (k *socket) read() {
	for {
		_, frame, err := k.conn.ReadMessage()
		if err != nil {
			k.mu.Lock()
			k.closed = err
			k.mu.Unlock()
			return
		}
		lines := json.NewDecoder(bytes.NewReader(frame))
		for {
			var r reply
			if err := lines.Decode(&r); err == io.EOF {
				break
			} else if err != nil {
				k.Errorf("the socket brought %s: %v", frame, err)
				return
			}
			k.take(r)
		}
	}
}

func (k *socket) take(r reply) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case r.ID > 0:
		k.replies[r.ID] <- r
	case r.Push != nil:
		k.pushes = append(k.pushes, r.Push)
	default:
		_ = k.conn.WriteMessage(websocket.TextMessage, []byte("{}")) // a failure shows in the next command
	}
}

// do sends a command and waits for its answer.
func (k *socket) do(command string, body any) reply {
	k.Helper()
	k.mu.Lock()
	k.last++
	id, answered := k.last, make(chan reply, 1)
	k.replies[id] = answered
	err := k.conn.WriteJSON(map[string]any{"id": id, command: body})
	k.mu.Unlock()
	if err != nil {
		k.Fatal(err)
	}
	select {
	case r := <-answered:
		return r
	case <-time.After(patience):
		k.Fatalf("no answer to %s", command)
		return reply{}
	}
}

// rpc calls a method.
func (k *socket) rpc(method string, params map[string]any) reply {
	k.Helper()
	return k.do("rpc", map[string]any{"method": method, "data": params})
}

// calls calls a method that has to work, and returns what came of it.
func (k *socket) calls(method string, params map[string]any) any {
	k.Helper()
	r := k.rpc(method, params)
	if r.Error != nil {
		k.Fatalf("%s: %+v", method, *r.Error)
	}
	return r.RPC.Data
}

// heard returns the first push on a channel, past or to come, in which every
// member, given as path and value, is as said.
func (k *socket) heard(channel string, pairs ...any) any {
	k.Helper()
	fits := func(push any) bool {
		if at(push, "channel") != channel {
			return false
		}
		for i := 0; i < len(pairs); i += 2 {
			path, _ := pairs[i].(string)
			if fmt.Sprint(at(push, "pub/data/"+path)) != fmt.Sprint(pairs[i+1]) {
				return false
			}
		}
		return true
	}
	for begun := time.Now(); time.Since(begun) < patience; time.Sleep(5 * time.Millisecond) {
		k.mu.Lock()
		i, closed := slices.IndexFunc(k.pushes, fits), k.closed
		var found any
		if i >= 0 {
			found = k.pushes[i]
		}
		k.mu.Unlock()
		if i >= 0 {
			return at(found, "pub/data")
		}
		if closed != nil {
			k.Fatalf("the connection has ended: %v", closed)
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.Fatalf("not heard on %s: %v; but %v", channel, pairs, k.pushes)
	return nil
}
