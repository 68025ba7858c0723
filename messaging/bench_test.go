package messaging_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"assent/gate"
	"assent/messaging"
	"assent/models"
)

// switchedGate is a gate that can be switched off.
type switchedGate struct {
	*gate.Gate
	off atomic.Bool
}

func (g *switchedGate) Decide(person, capability string) gate.Decision {
	if g.off.Load() {
		return gate.Decision{Allowed: true, Capability: capability}
	}
	return g.Gate.Decide(person, capability)
}

// BenchmarkMessage sends messages of many at a time, each synced to the disk
// before it is acknowledged: as calls of methods, and from socket to socket,
// where the clients take their share of the machine. The gate is on in every
// other round, so that what it costs does not drown in what else goes on.
func BenchmarkMessage(b *testing.B) {
	b.Run("calls", func(b *testing.B) {
		w, g := switchedWorld(b)
		rounds(b, g, func(i, n int) {
			for range n {
				params := fmt.Sprintf(`{"to":"phone-%d","body":"hello, how are you today?"}`, i)
				if _, err := w.Call(b.Context(), messaging.Caller{Person: fmt.Sprint("writer-", i)}, "messages.send", json.RawMessage(params)); err != nil {
					b.Error(err)
				}
			}
		})
	})
	b.Run("sockets", func(b *testing.B) {
		w, g := switchedWorld(b)
		var writers, phones [pairs]*plug
		for i := range pairs {
			writers[i], phones[i] = plugIn(b, w, fmt.Sprint("writer-", i)), plugIn(b, w, fmt.Sprint("phone-", i))
		}
		rounds(b, g, func(i, n int) {
			var heard sync.WaitGroup
			heard.Go(func() { phones[i].hears(b, n) })
			for range n {
				writers[i].sends(b, fmt.Sprint("phone-", i))
			}
			heard.Wait()
		})
	})
}

// pairs is how many write at a time, each to somebody else.
const pairs = 192

func switchedWorld(b *testing.B) (*world, *switchedGate) {
	b.Helper()
	g := &switchedGate{}
	return newWorldOn(b, newMailbox(b, models.Options{}), &facts{}, func(o *messaging.Options) {
		g.Gate = o.Gate.(*gate.Gate)
		o.Gate = g
	}), g
}

// rounds has every pair send n messages at a time, with the gate on and off in
// turns, and compares the rounds with those beside them.
func rounds(b *testing.B, g *switchedGate, send func(pair, n int)) {
	const messages = 10
	round := func(off bool) float64 {
		g.off.Store(off)
		begun := time.Now()
		var all sync.WaitGroup
		for i := range pairs {
			all.Go(func() { send(i, messages) })
		}
		all.Wait()
		return pairs * messages / time.Since(begun).Seconds()
	}
	round(false) // conversations begin
	var rates, costs []float64
	for b.Loop() {
		on, off := round(false), round(true)
		rates, costs = append(rates, on), append(costs, 100*(off/on-1))
	}
	b.ReportMetric(middle(rates), "messages/s")
	b.ReportMetric(middle(costs), "gate-%")
}

func middle(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

// plug is a bare client of the protocol.
type plug struct {
	*websocket.Conn
	n int
}

func plugIn(b *testing.B, w *world, person string) *plug {
	b.Helper()
	conn, response, err := websocket.DefaultDialer.DialContext(b.Context(), w.url, http.Header{})
	if err != nil {
		b.Fatal(err)
	}
	_ = response.Body.Close()
	b.Cleanup(func() { _ = conn.Close() }) // the benchmark is over
	p := &plug{Conn: conn}
	p.write(b, `{"id":1,"connect":{"token":"`+w.token(person)+`"}}`)
	p.until(b, `"calls:`+person+`"`)
	return p
}

func (p *plug) write(b *testing.B, frame string) {
	if err := p.WriteMessage(websocket.TextMessage, []byte(frame)); err != nil {
		b.Error(err)
	}
}

// until reads up to a frame with a word in it, and answers pings meanwhile.
func (p *plug) until(b *testing.B, word string) []byte {
	for {
		_, frame, err := p.ReadMessage()
		if err != nil {
			b.Errorf("waiting for %s: %v", word, err)
			return nil
		}
		for line := range bytes.Lines(frame) { // a ping may come with messages
			if string(bytes.TrimSpace(line)) == "{}" {
				p.write(b, "{}")
			}
		}
		if bytes.Contains(frame, []byte(word)) {
			return frame
		}
	}
}

// sends a message and waits for its acknowledgement.
func (p *plug) sends(b *testing.B, to string) {
	p.n++
	id := fmt.Sprintf(`"id":%d,"rpc"`, p.n+1)
	p.write(b, `{`+id+`:{"method":"messages.send","data":{"to":"`+to+`","body":"hello, how are you today?"}}}`)
	p.until(b, id)
}

// hears waits for messages, some of which come in one frame.
func (p *plug) hears(b *testing.B, n int) {
	word := []byte(`"event":"message"`)
	for n > 0 && !b.Failed() {
		n -= bytes.Count(p.until(b, string(word)), word)
	}
}

// BenchmarkEffect is how long after a change of stage, and after an acceptance,
// an open connection has lost its lines, and has them back: one to the server
// that makes the change, and one to another that hears of it over Redis.
func BenchmarkEffect(b *testing.B) {
	b.Run("one server", func(b *testing.B) {
		w := newWorld(b)
		effect(b, w, w)
	})
	b.Run("two servers", func(b *testing.B) {
		here, there, _ := two(b)
		effect(b, here, there)
	})
}

func effect(b *testing.B, here, there *world) {
	p := plugIn(b, there, "ana")
	until := func(word string) {
		for !bytes.Contains(p.until(b, word), []byte(`"calls:ana"`)) && !b.Failed() {
		}
	}
	var cut, back []float64
	for b.Loop() {
		begun := time.Now()
		here.move(b, "ana", suspended)
		here.Everywhere(b.Context(), here.gate.Revision())
		until(`"unsubscribe"`)
		cut = append(cut, time.Since(begun).Seconds())
		begun = time.Now()
		here.accept(b, "ana")
		here.Everywhere(b.Context(), here.gate.Revision())
		until(`"subscribe"`)
		back = append(back, time.Since(begun).Seconds())
	}
	for name, list := range map[string][]float64{"cut-p99-ms": cut, "back-p99-ms": back} {
		slices.Sort(list)
		b.ReportMetric(1000*list[len(list)*99/100], name)
	}
}
