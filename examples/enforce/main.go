// Command enforce is a small messaging server that embeds Assent: it asks before
// each message whether its sender may send, from its own memory.
//
//	ASSENT_KEY=… go run ./examples/enforce -assent http://localhost:8080
//	curl -i -X POST -H 'X-Person: u000001' -d hello http://localhost:9000/messages
//
// In a real server the person comes from the session, never from a header that
// anybody can set.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"time"

	"assent/enforce"
)

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	url := flag.String("assent", "http://localhost:8080", "where Assent is")
	listen := flag.String("listen", "localhost:9000", "where to serve")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	assent, err := enforce.New(enforce.Options{URL: *url, Key: os.Getenv("ASSENT_KEY")})
	if err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = assent.Run(ctx) }() // ends with ctx

	person := func(r *http.Request) string { return r.Header.Get("X-Person") }
	mux := http.NewServeMux()
	mux.Handle("POST /messages", assent.Require("messages.send", person)(http.HandlerFunc(send)))
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) {
		s := assent.Status()
		fmt.Fprintf(w, "ready %t, connected %t, revision %d, lag %s, %d people with rules of their own, last error: %v\n",
			s.Ready, s.Connected, s.Revision, assent.Lag().Round(time.Millisecond), assent.People(), s.Error)
	})
	server := &http.Server{Addr: *listen, Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() { <-ctx.Done(); _ = server.Close() }()
	log.Printf("serving on http://%s", *listen)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	<-ended
	return nil
}

func send(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "sent") }
