package handlers_test

import (
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"assent/gate"
	"assent/handlers"
	"assent/handlers/clients"
	"assent/handlers/people"
	"assent/handlers/staff"
	"assent/messaging"
	"assent/models"
	"assent/templates"
	"assent/tokens"
	"assent/tracker"
)

// routes lists what a server answers to, as the description writes it.
func routes(t *testing.T, demo bool) []string {
	t.Helper()
	pages, err := templates.New()
	if err != nil {
		t.Fatal(err)
	}
	signer, err := tokens.NewSigner([]byte(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	g := gate.New(nil, gate.Options{Now: time.Now})
	layer, err := messaging.New(messaging.Options{Gate: g, People: nobody{}, Mailbox: models.NewMailbox(nil), Tokens: signer, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	o := handlers.Options{
		Log: slog.New(slog.DiscardHandler), Wall: time.Now, PublicURL: "https://terms.example.org", Pages: pages,
		People: people.Options{Pages: pages}, Staff: staff.Options{Pages: pages},
		Clients: clients.Options{Tracker: &tracker.Tracker{}, Gate: g, Messaging: layer, Metrics: prometheus.NewRegistry(), Clock: time.Now},
	}
	if demo {
		o.Demo, o.Staff.Demo = &handlers.Demo{}, &staff.Demo{}
	}
	handler, err := handlers.New(o)
	if err != nil {
		t.Fatal(err)
	}
	parameter := regexp.MustCompile(`[:*](\w+)`)
	var list []string
	for _, r := range handler.(*gin.Engine).Routes() {
		list = append(list, r.Method+" "+parameter.ReplaceAllString(r.Path, "{$1}"))
	}
	slices.Sort(list)
	return list
}

type nobody struct{ messaging.People }

// described lists the operations of docs/openapi.yaml.
func described(t *testing.T, demo bool) []string {
	t.Helper()
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromFile("../docs/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(loader.Context); err != nil {
		t.Fatal(err)
	}
	var list []string
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if demo || op.Extensions["x-demonstration"] == nil {
				list = append(list, method+" "+path)
			}
		}
	}
	slices.Sort(list)
	return list
}

func TestEveryRouteIsDescribedAndEveryDescriptionHasARoute(t *testing.T) {
	t.Parallel()
	for _, demo := range []bool{false, true} {
		t.Run(fmt.Sprintf("demo %v", demo), func(t *testing.T) {
			t.Parallel()
			served, written := routes(t, demo), described(t, demo)
			for _, one := range served {
				if !slices.Contains(written, one) {
					t.Errorf("%s is served and not described", one)
				}
			}
			for _, one := range written {
				if !slices.Contains(served, one) {
					t.Errorf("%s is described and not served", one)
				}
			}
		})
	}
}
