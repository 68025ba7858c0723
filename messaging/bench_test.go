package messaging_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
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
// before it is acknowledged: as calls of methods; from socket to socket, with the
// clients in a process of their own on the same machine; and so while ten thousand
// others are connected.
func BenchmarkMessage(b *testing.B) {
	b.Run("calls", func(b *testing.B) {
		w, g := switchedWorld(b)
		rounds(b, g, func() float64 { return called(b, w) })
	})
	b.Run("sockets", func(b *testing.B) {
		w, g := switchedWorld(b)
		written := writeApart(b, w)
		rounds(b, g, func() float64 { return written.round(b) })
		b.ReportMetric(1000*middle(written.slowest), "p99-ms")
	})
	b.Run("sockets among ten thousand", func(b *testing.B) {
		w, g := switchedWorld(b)
		holdAll(b, w, idlePeople(10_000))
		written := writeApart(b, w)
		rounds(b, g, func() float64 { return written.round(b) })
		b.ReportMetric(1000*middle(written.slowest), "p99-ms")
	})
}

const (
	pairs    = 256 // write at a time, each to somebody else
	messages = 20  // of each of them in a round, one after the other
)

// called is how many seconds a round takes as calls of methods.
func called(b *testing.B, w *world) float64 {
	begun := time.Now()
	var all sync.WaitGroup
	for i := range pairs {
		all.Go(func() {
			for range messages {
				params := fmt.Sprintf(`{"to":"phone-%d","body":"hello, how are you today?"}`, i)
				if _, err := w.Call(b.Context(), messaging.Caller{Person: fmt.Sprint("writer-", i)}, "messages.send", json.RawMessage(params)); err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
	return time.Since(begun).Seconds()
}

func switchedWorld(b *testing.B) (*world, *switchedGate) {
	b.Helper()
	g := &switchedGate{}
	return newWorldOn(b, newMailbox(b, models.Options{}), &facts{}, func(o *messaging.Options) {
		g.Gate = o.Gate.(*gate.Gate)
		o.Gate = g
	}), g
}

// rounds has every pair write with the gate on and off in turns. What the gate
// costs is told by the processor's time, which the disk has no part in; rounds are
// compared with those beside them. A round returns how many seconds it took.
func rounds(b *testing.B, g *switchedGate, round func() float64) {
	took := func(off bool) (seconds, processor float64) {
		g.off.Store(off)
		before := processorTime(b)
		seconds = round()
		return seconds, processorTime(b) - before
	}
	took(false) // conversations begin
	var rates, costs, each []float64
	for b.Loop() {
		first, on1 := took(false)
		_, off1 := took(true)
		_, off2 := took(true)
		last, on2 := took(false)
		rates = append(rates, pairs*messages/first, pairs*messages/last)
		costs = append(costs, 100*((on1+on2)/(off1+off2)-1))
		each = append(each, 1e6*(on1+on2)/(2*pairs*messages))
	}
	b.ReportMetric(middle(rates), "messages/s")
	b.ReportMetric(middle(each), "processor-µs/message")
	b.ReportMetric(middle(costs), "gate-%")
}

// processorTime is how many seconds of processors this process has used.
func processorTime(b *testing.B) float64 {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds()
}

func middle(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

// plug is a bare client of the protocol.
type plug struct{ *websocket.Conn }

func plugIn(b *testing.B, w *world, person string) *plug {
	b.Helper()
	conn, response, err := websocket.DefaultDialer.DialContext(b.Context(), w.url, http.Header{})
	if err != nil {
		b.Fatal(err)
	}
	_ = response.Body.Close()
	b.Cleanup(func() { _ = conn.Close() }) // the benchmark is over
	p := &plug{conn}
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
