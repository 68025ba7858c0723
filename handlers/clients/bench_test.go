package clients_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// sink takes an answer and keeps nothing.
type sink struct{ header http.Header }

func (s sink) Header() http.Header         { return s.header }
func (s sink) Write(b []byte) (int, error) { return len(b), nil }
func (s sink) WriteHeader(int)             {}

func BenchmarkFlags(b *testing.B) {
	w := newWorld(b)
	for name, target := range map[string]string{"one": bulk + "/messages.send", "all": bulk} {
		for _, have := range []string{"", "*"} {
			b.Run(name+have, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, target, strings.NewReader(`{"context":{"targetingKey":"u1"}}`))
					r.Header["Content-Type"], r.Header["X-Api-Key"] = []string{"application/json"}, []string{bootstrap}
					r.Header["If-None-Match"] = []string{have}
					w.engine.ServeHTTP(sink{http.Header{}}, r)
				}
			})
		}
	}
}

func BenchmarkEvaluation(b *testing.B) {
	w := newWorld(b)
	w.campaign()
	w.person("u1", "BR")
	w.limit("u1")
	for _, person := range []string{"u1", "stranger"} {
		b.Run(person, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/access/v1/evaluation", strings.NewReader(
					`{"subject":{"type":"user","id":"`+person+`"},"action":{"name":"messages.send"},"resource":{"type":"any","id":"any"}}`))
				r.Header["Content-Type"], r.Header["X-Api-Key"] = []string{"application/json"}, []string{bootstrap}
				w.engine.ServeHTTP(sink{http.Header{}}, r)
			}
		})
	}
}
