package messaging_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"assent/gate"
	"assent/messaging"
	"assent/models"
)

// openGate is a server with the gate off.
type openGate struct{ *gate.Gate }

func (openGate) Decide(_, capability string) gate.Decision {
	return gate.Decision{Allowed: true, Capability: capability}
}

// BenchmarkMessage keeps messages of many at a time, durably, with the gate and
// without.
func BenchmarkMessage(b *testing.B) {
	for name, change := range map[string]func(*messaging.Options){
		"gate": func(*messaging.Options) {},
		"open": func(o *messaging.Options) { o.Gate = openGate{o.Gate.(*gate.Gate)} },
	} {
		b.Run(name, func(b *testing.B) {
			w := newWorldOn(b, newMailbox(b, models.Options{}), &facts{}, change)
			var n atomic.Int64
			b.SetParallelism(32)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				me := n.Add(1)
				for pb.Next() {
					params := fmt.Sprintf(`{"to":"peer-%d","body":"hello"}`, me)
					if _, err := w.Call(b.Context(), messaging.Caller{Person: fmt.Sprint("writer-", me)}, "messages.send", json.RawMessage(params)); err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}

// BenchmarkEffect is how long after a change of stage, and after an acceptance,
// its open connection has lost its lines, and has them back.
func BenchmarkEffect(b *testing.B) {
	w := newWorld(b)
	conn, response, err := websocket.DefaultDialer.DialContext(b.Context(), w.url, http.Header{})
	if err != nil {
		b.Fatal(err)
	}
	_ = response.Body.Close()
	defer func() { _ = conn.Close() }() // the benchmark is over
	if err := conn.WriteJSON(map[string]any{"id": 1, "connect": map[string]string{"token": w.token("ana")}}); err != nil {
		b.Fatal(err)
	}
	until := func(word string) {
		for {
			_, frame, err := conn.ReadMessage()
			if err != nil {
				b.Fatal(err)
			}
			if strings.Contains(string(frame), word) && strings.Contains(string(frame), `"calls:ana"`) {
				return
			}
		}
	}
	until(`"subscribe"`)
	var cut, back []time.Duration
	for b.Loop() {
		begun := time.Now()
		w.move(b, "ana", suspended)
		until(`"unsubscribe"`)
		cut = append(cut, time.Since(begun))
		begun = time.Now()
		w.accept(b, "ana")
		until(`"subscribe"`)
		back = append(back, time.Since(begun))
	}
	for name, list := range map[string][]time.Duration{"cut-p99-ms": cut, "back-p99-ms": back} {
		slices.Sort(list)
		b.ReportMetric(float64(list[len(list)*99/100].Microseconds())/1000, name)
	}
}
