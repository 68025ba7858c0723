package clients_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"assent/tracker"
)

func TestOperatorsSeeWhatTheServerDoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.send("GET", "/healthz", "", "Authorization", "").is(200).says("status", "ok")
	w.send("GET", "/readyz", "", "Authorization", "").is(200).says("status", "ready")
	w.campaign()
	w.person("u1", "BR")
	w.reach(date(2021, 1, 5))
	w.send("GET", "/api/v1/people/nobody", "").is(404)
	w.send("BREW", "/nowhere/u1", "").is(404)
	got := w.send("GET", "/metrics", "", "Authorization", "").is(200).Body.String()
	for _, line := range []string{
		`assent_http_requests_total{method="GET",route="/api/v1/people/:person",status="404"} 1`,
		`assent_http_requests_total{method="none",route="none",status="404"} 1`,
		`assent_http_request_duration_seconds_count{method="POST",route="/api/v1/people"} 1`,
		`assent_gate_people 1`, `assent_gate_ready 1`, `assent_gate_lag 0`, `assent_sweep_finished_timestamp_seconds 1.6098048e+09`,
	} {
		if !strings.Contains(got, line+"\n") {
			t.Errorf("no %s in %s", line, got)
		}
	}
	if strings.Contains(got, "u1") || strings.Contains(got, "BREW") {
		t.Errorf("labels hold what callers sent: %s", got)
	}
}

func TestAKeyThatIsOutOfForceOpensNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	make := func(expires time.Time) (tracker.APIKey, string) {
		key, secret, err := w.tracker.CreateKey(t.Context(), "test", []tracker.Scope{tracker.FlagsRead}, expires, "test")
		w.must(err)
		return key, secret
	}
	ask := func(secret string) answer {
		return w.send("POST", bulk, `{"context":{"targetingKey":"u1"}}`, "Authorization", "bearer "+secret)
	}
	_, expiring := make(w.Now().Add(time.Hour))
	revoked, secret := make(time.Time{})
	w.must(w.tracker.RevokeKey(t.Context(), revoked.ID, "test"))
	ask(secret).is(401).says("errorCode", "GENERAL")
	w.reach(w.Now().Add(day))
	ask(expiring).is(401)
	if challenge := w.send("GET", "/api/v1/changes", "", "Authorization", "").is(401).Header().Get("WWW-Authenticate"); !strings.HasPrefix(challenge, "Bearer") {
		t.Errorf("WWW-Authenticate %q", challenge)
	}
	w.send("GET", "/api/v1/changes", "", "Authorization", "Basic "+bootstrap).is(401)
}

func TestAnswersGoOnWithoutTheDatabase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.person("u1", "BR")
	w.limit("u1")
	_, unseen, err := w.tracker.CreateKey(t.Context(), "test", []tracker.Scope{tracker.FlagsRead}, time.Time{}, "test")
	w.must(err)
	_, expiring, err := w.tracker.CreateKey(t.Context(), "test", []tracker.Scope{tracker.FlagsRead}, time.Now().Add(time.Minute), "test")
	w.must(err)
	ask := func(secret string) answer {
		return w.send("POST", bulk+"/messages.send", `{"context":{"targetingKey":"u1"}}`, "Authorization", "Bearer "+secret)
	}
	ask(expiring).is(200)
	w.flag("u1", "messages.send").says("value", false)

	w.must(w.store.Close())
	w.ahead.Store(int64(time.Hour))
	w.flag("u1", "messages.send").is(200).says("value", false)
	ask(expiring).is(500)
	ask(unseen).is(500)
	w.send("GET", "/readyz", "").is(503)
}

// TestAnImportSurvivesAClientThatReadsOnlyAfterItHasWritten is over a real
// connection, where reading late could block both sides.
func TestAnImportSurvivesAClientThatReadsOnlyAfterItHasWritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	server := httptest.NewUnstartedServer(w.engine)
	server.Config.ReadTimeout, server.Config.WriteTimeout = 300*time.Millisecond, 300*time.Millisecond
	server.Start()
	defer server.Close()
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	w.must(err)
	defer func() { w.must(conn.Close()) }()
	fmt.Fprintf(conn, "POST /api/v1/people HTTP/1.1\r\nHost: x\r\nX-API-Key: %s\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n", bootstrap)
	const chunks, each = 4, 1500
	for chunk := range chunks {
		var body strings.Builder
		for i := range each {
			fmt.Fprintf(&body, "{\"id\":\"u%d-%d\",\"region\":\"BR\",\"locale\":\"en\"}\n", chunk, i)
		}
		fmt.Fprintf(conn, "%x\r\n%s\r\n", body.Len(), body.String())
		time.Sleep(150 * time.Millisecond) // slower in all than the server's deadlines
	}
	fmt.Fprint(conn, "0\r\n\r\n")
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	w.must(err)
	defer func() { w.must(response.Body.Close()) }()
	body, err := io.ReadAll(response.Body)
	w.must(err)
	if n := strings.Count(string(body), `"status":"stored"`); response.StatusCode != 200 || n != chunks*each {
		t.Fatalf("%s, %d stored", response.Status, n)
	}
}

func TestTheSocketIsServedWithThePersonsToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.person("u1", "BR")
	token := w.send("POST", "/api/v1/people/u1/messaging-token", "").is(201).at("token").(string)
	server := httptest.NewServer(w.engine)
	defer server.Close()
	connect := func(token string) string {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		conn, response, err := websocket.DefaultDialer.DialContext(ctx, "ws"+strings.TrimPrefix(server.URL, "http")+"/messaging/websocket", nil)
		w.must(err)
		w.must(response.Body.Close())
		defer func() { w.must(conn.Close()) }()
		w.must(conn.WriteJSON(map[string]any{"id": 1, "connect": map[string]string{"token": token}}))
		_, reply, err := conn.ReadMessage()
		if err != nil {
			return err.Error()
		}
		return string(reply)
	}
	if reply := connect(token); !strings.Contains(reply, `"connect"`) {
		t.Fatal(reply)
	}
	if reply := connect("forged"); strings.Contains(reply, `"connect"`) {
		t.Fatal(reply)
	}
	w.send("GET", "/messaging/websocket", "").is(400)
	w.send("POST", "/messaging/v1/rpc/standing", "", "Authorization", "Bearer "+bootstrap).is(401)
	w.send("POST", "/messaging/v1/rpc/standing", "", "Authorization", "Bearer "+token).is(200).says("person", "u1")
	w.send("POST", "/messaging/v1/rpc/messages.send", `{"to":1}`, "Authorization", "Bearer "+token).is(400).says("errors.0.path", "to")
	w.send("POST", "/messaging/v1/rpc/messages.send", `{"to":"u1"}`, "Authorization", "Bearer "+token, "Content-Type", "text/plain").is(415)
}
