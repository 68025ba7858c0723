package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	auth "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"assent/internal/testenv"
)

// address is a free one of this machine.
func address(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// guarded is a server that gateways ask, where bia has lost the chat list and
// sending, and what says who bia is.
func guarded(t *testing.T) (*site, string, []string) {
	t.Helper()
	provider, envoy, dir := testenv.NewProvider(t), address(t), t.TempDir()
	file := filepath.Join(dir, "assent.yaml")
	settings := fmt.Sprintf(`
gateway:
  listen: %q
  routes:
    - {match: "POST /chats/{chat}/messages", capability: messages.send}
    - {match: "GET /chats/{$}", capability: chats.list}
people:
  jwt: {issuer: %q, keys_url: %q, audience: assent}
`, envoy, provider.URL, provider.URL+"/keys")
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	s := newSite(t, "ASSENT_DEMO_CLOCK="+beginning).start("demo", "--empty", "--config", file)
	s.campaign()
	s.person("bia", "BR", "pt-BR")
	for _, at := range []string{"2021-01-07", "2021-05-16", "2021-06-13", "2021-07-05"} {
		s.clock(at + "T00:00:00Z")
		s.notice("bia")
	}
	s.stands("bia", "limited", "pending")
	return s, envoy, []string{"Authorization", "Bearer " + provider.EC.Sign(provider.Claims("bia"), nil)}
}

// behind is a server that knows nothing of terms.
func behind(t *testing.T) string {
	t.Helper()
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // whoever has gone gets no answer
		if r.URL.Path == "/forbidden" {
			w.WriteHeader(http.StatusForbidden)
		}
		_, _ = fmt.Fprintf(w, "backend: %s %s %s", r.Method, r.RequestURI, body)
	}))
	t.Cleanup(backend.Close)
	return strings.TrimPrefix(backend.URL, "http://")
}

// nginx runs the real one with the configuration that operators are given, and
// returns its address.
func nginx(s *site, backend string) *site {
	s.Helper()
	at, dir := address(s.TB), s.TempDir()
	for _, name := range []string{"assent.conf", "assent-asking.conf"} {
		text, err := os.ReadFile("../integrations/nginx/" + name)
		if err != nil {
			s.Fatal(err)
		}
		filled := strings.NewReplacer("127.0.0.1:8080", strings.TrimPrefix(s.url, "http://"), "127.0.0.1:3000", backend, "listen 80", "listen "+at, "THE-KEY", key).Replace(string(text))
		if err := os.WriteFile(filepath.Join(dir, name), []byte(filled), 0o600); err != nil {
			s.Fatal(err)
		}
	}
	whole := "daemon off; pid nginx.pid; error_log stderr warn; events {}\nhttp { access_log off; include assent.conf;\n"
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		whole += kind + "_temp_path " + filepath.Join(dir, kind) + ";\n"
	}
	if err := os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte(whole+"}\n"), 0o600); err != nil {
		s.Fatal(err)
	}
	program, err := exec.LookPath("nginx")
	if err != nil {
		program = "/usr/sbin/nginx" // where Debian has it, beside the usual path
	}
	cmd := exec.CommandContext(context.Background(), program, "-p", dir, "-e", "stderr", "-c", filepath.Join(dir, "nginx.conf"))
	var log bytes.Buffer
	cmd.Stderr, cmd.SysProcAttr = &log, &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := cmd.Start(); err != nil {
		s.Fatalf("%v; `make setup` installs nginx", err)
	}
	s.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		if err := cmd.Wait(); err != nil || s.Failed() {
			s.Errorf("nginx: %v\n%s", err, &log)
		}
	})
	front := &site{TB: s.TB, url: "http://" + at}
	front.eventually("nginx answers", func() bool {
		_, err := front.try("GET", "/", "")
		return err == nil
	})
	return front
}

func TestNginxShowsTheRefusalAndForgetsItOnAcceptance(t *testing.T) {
	t.Parallel()
	s, _, bia := guarded(t)
	front := nginx(s, behind(t))
	post := func(headers ...string) answer {
		return front.send("POST", "/chats/7/messages?x=y", `{"text":"hi"}`, headers...)
	}
	const passed = `backend: POST /chats/7/messages?x=y {"text":"hi"}`
	passes := func(what string, a answer) {
		t.Helper()
		if a.status != http.StatusOK || a.body != passed {
			t.Errorf("%s: %d %s", what, a.status, a.body)
		}
	}
	page := front.send("GET", "/chats/", "", append(bia, "Accept", "text/html", "Accept-Language", "pt-BR")...).is(403)
	for _, part := range []string{`lang="pt-BR"`, "Isto está desativado por enquanto", "Ver a lista de conversas", s.url + "/t/" + campaign + "?lang=pt-BR"} {
		if !strings.Contains(page.body, part) {
			t.Errorf("the page does not have %q: %s", part, page.body)
		}
	}
	if policy := page.header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || page.header.Get("Cache-Control") != "no-store" {
		t.Errorf("the page comes with %v", page.header)
	}
	refused := post(bia...).problem(403, "accept the terms")
	refused.says("capability", "messages.send", "stage", "limited", "accept_url", s.url+"/t/"+campaign)
	if link := refused.header.Get("Link"); link != "<"+s.url+"/t/"+campaign+`>; rel="terms-of-service"` || refused.header.Get("X-Assent-Refused") != "messages.send" {
		t.Errorf("the refusal comes with %v", refused.header)
	}
	front.send("POST", "//chats//7%2Fmessages", "{}", bia...).problem(403, "accept the terms")
	passes("nobody in particular", post("Authorization", ""))
	passes("who says to be bia", post("Authorization", "", "X-Assent-Person", "bia"))
	if a := front.send("GET", "/chats/7", "", bia...); a.status != http.StatusOK || a.body != "backend: GET /chats/7 " {
		t.Errorf("what takes nothing: %d %s", a.status, a.body)
	}
	if a := front.send("GET", "/forbidden", "", bia...); a.status != http.StatusForbidden || !strings.HasPrefix(a.body, "backend") {
		t.Errorf("the backend's own refusal: %d %s", a.status, a.body)
	}
	front.send("GET", "/assent/check", "", bia...).is(404) // it is nginx's own

	s.respond("bia", "accepted", "pt-BR", "k").is(201)
	passes("the first request after accepting", post(bia...))

	s.respond("bia", "withdrawn", "pt-BR", "k2").is(201)
	s.stop() // an outage
	passes("while Assent is away", post(bia...))
}

func TestEnvoyIsToldOverGRPC(t *testing.T) {
	t.Parallel()
	s, envoy, bia := guarded(t)
	conn, err := grpc.NewClient(envoy, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	check := func(secret, accept string) (*auth.CheckResponse, error) {
		ctx := metadata.AppendToOutgoingContext(t.Context(), "x-api-key", secret)
		return auth.NewAuthorizationClient(conn).Check(ctx, &auth.CheckRequest{Attributes: &auth.AttributeContext{Request: &auth.AttributeContext_Request{
			Http: &auth.AttributeContext_HttpRequest{Method: "POST", Host: "chat.example.org", Path: "/chats/7/messages",
				Headers: map[string]string{"authorization": bia[1], "accept": accept, "accept-language": "ar"}},
		}}})
	}
	for accept, part := range map[string]string{"application/json": `"accept_url":"` + s.url + "/t/" + campaign, "text/html": `dir="rtl"`} {
		answer, err := check(key, accept)
		if err != nil || answer.GetDeniedResponse().GetStatus().GetCode() != http.StatusForbidden || !strings.Contains(answer.GetDeniedResponse().GetBody(), part) {
			t.Errorf("%s: %v, %v", accept, answer, err)
		}
	}
	if answer, err := check("not a key", ""); status.Code(err) != codes.Unauthenticated {
		t.Errorf("a wrong key: %v, %v", answer, err)
	}
	s.respond("bia", "accepted", "pt-BR", "k").is(201)
	if answer, err := check(key, ""); err != nil || answer.GetStatus().GetCode() != int32(codes.OK) {
		t.Errorf("after accepting: %v, %v", answer, err)
	}
}
