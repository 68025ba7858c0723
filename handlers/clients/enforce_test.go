package clients_test

import (
	"context"
	"fmt"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"assent/enforce"
	"assent/gate"
)

// until waits for a condition.
func until(t testing.TB, what string, is func() bool) {
	t.Helper()
	for limit := time.Now().Add(time.Minute); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("%s did not come within a minute", what)
		}
	}
}

// serveAt serves the world at an address, ":0" for any.
func (w *world) serveAt(address string) *httptest.Server {
	w.Helper()
	server := httptest.NewUnstartedServer(w.engine)
	_ = server.Listener.Close()
	var err error
	until(w.TB, "the address", func() bool { // of a server that has just been closed
		server.Listener, err = new(net.ListenConfig).Listen(w.Context(), "tcp", address)
		return err == nil
	})
	server.Start()
	return server
}

func (w *world) enforcing(url string) *enforce.Client {
	w.Helper()
	client, err := enforce.New(enforce.Options{URL: url, Key: bootstrap, Wait: 50 * time.Millisecond, Point: "app"})
	w.must(err)
	ctx, cancel := context.WithCancel(w.Context())
	ended := make(chan error, 1)
	go func() { ended <- client.Run(ctx) }()
	w.Cleanup(func() { cancel(); <-ended })
	return client
}

func TestAServerThatEmbedsEnforceKnowsWhatAssentKnows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	for _, id := range []string{"u1", "u2"} {
		w.person(id, "BR")
		w.limit(id)
	}
	server := w.serveAt("127.0.0.1:0")
	client := w.enforcing(server.URL)
	if d := client.Decide("u1", "messages.send"); !d.Allowed || d.Known || client.Granted("u1", "business.data_sharing") {
		t.Fatalf("before anything is known: %+v", d)
	}
	<-client.Ready()
	d := client.Decide("u1", "messages.send")
	if d.Allowed || d.Stage != "limited" || d.AcceptURL != publicURL+"/t/new-terms-2021" || d.Value != false || d.OnDeny != "reject" || d.Revision == 0 {
		t.Fatalf("%+v", d)
	}
	if d := client.Decide("stranger", "messages.send"); !d.Allowed || !d.Known {
		t.Fatalf("%+v", d)
	}
	allowed := func(person string) func() bool {
		return func() bool { return client.Decide(person, "messages.send").Allowed }
	}
	until(t, "the connection", func() bool { return client.Status().Connected })
	until(t, "its report", func() bool {
		return strings.Contains(w.send("GET", "/api/v1/enforcement/points", "").is(200).Body.String(), `{"point":"app","kind":"go"`)
	})
	w.choose("u1", "accepted", "k").is(201)
	until(t, "what the person accepted", allowed("u1"))
	until(t, "the grant", func() bool { return client.Granted("u1", "business.data_sharing") })

	server.CloseClientConnections()
	server.Close()
	until(t, "the outage", func() bool { return !client.Status().Connected })
	w.choose("u1", "withdrawn", "k2")
	w.choose("u2", "accepted", "k3").is(201) // while nobody can tell
	if d := client.Decide("u2", "messages.send"); d.Allowed {
		t.Fatal("the outage gave back what nobody gave back")
	}
	if !client.Decide("u1", "messages.send").Allowed || client.Status().Error == nil {
		t.Fatalf("the outage took something away: %+v", client.Status())
	}
	server = w.serveAt(server.Listener.Addr().String())
	defer server.Close()
	until(t, "what happened meanwhile", allowed("u2"))

	w.send("POST", "/api/v1/campaigns/new-terms-2021/holds", `{"scope":{"region":"BR"},"reason":"court","clock":"stop","effect":"lift"}`).is(201)
	w.person("u3", "BR")
	until(t, "the end", func() bool { return client.Status().Revision >= w.gate.Revision() })
	if client.Lag() > time.Minute || client.Lag() < 0 {
		t.Fatal(client.Lag())
	}
	server.CloseClientConnections()
}

// behind is a second server on the same database, whose gate is never told of
// what comes.
func (w *world) behind() *world {
	w.Helper()
	other := w.in(w.TB)
	catalogue := settings(w.TB).Catalogue
	other.gate = gate.New(source{w.store, catalogue}, gate.Options{Catalogue: catalogue, PublicURL: publicURL, Now: w.Now})
	w.must(other.gate.Load(w.Context()))
	other.mount(settings(w.TB), w.messaging(), w.store)
	return other
}

// TestAServerBehindIsNotFollowed puts one that knows less in the place of one
// that knows more, as a load balancer does.
func TestAServerBehindIsNotFollowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.person("u1", "BR")
	w.limit("u1")
	behind := w.behind()
	w.choose("u1", "accepted", "k").is(201)
	first := w.serveAt("127.0.0.1:0")
	client := w.enforcing(first.URL)
	<-client.Ready()
	until(t, "the connection", func() bool { return client.Status().Connected })
	first.CloseClientConnections()
	first.Close()
	second := behind.serveAt(first.Listener.Addr().String())
	defer second.Close()
	until(t, "the refusal", func() bool {
		err := client.Status().Error
		return err != nil && strings.Contains(err.Error(), "behind")
	})
	if d := client.Decide("u1", "messages.send"); !d.Allowed {
		t.Fatalf("an older state restricted somebody: %+v", d)
	}
}

// TestADatabaseThatWasPutBackIsFollowed puts a server on an older copy of the
// database in the place of the one before. What happens there has revisions that
// its followers have seen already, and must reach them all the same.
func TestADatabaseThatWasPutBackIsFollowed(t *testing.T) {
	t.Parallel()
	lost, kept := newWorld(t), newWorld(t)
	for _, w := range []*world{lost, kept} {
		w.campaign()
		w.person("u1", "BR")
		w.limit("u1")
	}
	for n := range 20 {
		lost.person(fmt.Sprintf("new%d", n), "BR") // and what they did is lost
	}
	first := lost.serveAt("127.0.0.1:0")
	client := lost.enforcing(first.URL)
	<-client.Ready()
	until(t, "the connection", func() bool { return client.Status().Connected })
	known := client.Status().Revision
	kept.send("GET", fmt.Sprintf("/api/v1/changes?after=%d", known), "").is(410).says("type", "urn:assent:problem:put_back", "newest", kept.gate.Revision())
	kept.send("GET", fmt.Sprintf("/api/v1/changes?after=%d", known), "", "Accept", "text/event-stream").is(410)
	first.CloseClientConnections()
	first.Close()
	second := kept.serveAt(first.Listener.Addr().String())
	defer second.Close()
	defer second.CloseClientConnections()
	until(t, "the older state", func() bool { return client.Status().Connected && client.Status().Revision == kept.gate.Revision() })
	if kept.choose("u1", "accepted", "k").is(201); kept.gate.Revision() >= known {
		t.Fatalf("the follower had seen up to %d, and this is %d: the test shows nothing", known, kept.gate.Revision())
	}
	until(t, "what was accepted after it", func() bool { return client.Decide("u1", "messages.send").Allowed })
}
