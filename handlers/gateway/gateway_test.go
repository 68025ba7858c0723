package gateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	bootstrap "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	extauthz "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_authz/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3" // in the sample
	manager "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/upstreams/http/v3" // in the sample
	auth "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"go.yaml.in/yaml/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"

	"assent/handlers/clients"
	"assent/handlers/gateway"
)

// client asks a handler as Envoy does.
func client(t *testing.T, handler http.HandlerFunc) auth.AuthorizationClient {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server, ended := gateway.New(handler), make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Close()
		server.Stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return auth.NewAuthorizationClient(conn)
}

func question(method, host, path string, headers map[string]string) *auth.CheckRequest {
	return &auth.CheckRequest{Attributes: &auth.AttributeContext{Request: &auth.AttributeContext_Request{
		Http: &auth.AttributeContext_HttpRequest{Method: method, Host: host, Path: path, Headers: headers},
	}}}
}

func TestWhatEnvoyAsksIsWhatAGatewayAsksOverHTTP(t *testing.T) {
	t.Parallel()
	var got *http.Request
	c := client(t, func(_ http.ResponseWriter, r *http.Request) { got = r })
	headers := map[string]string{
		":method": "POST", ":path": "/chats", "authorization": "Bearer of-bia", "accept": "text/html",
		"x-api-key": "of the client", "x-forwarded-uri": "/harmless", "x-forwarded-method": "GET",
	}
	ctx := metadata.AppendToOutgoingContext(t.Context(), "x-api-key", "of Envoy")
	answer, err := c.Check(ctx, question("POST", "chat.example.org", "/chats/7/messages?x=y", headers))
	if err != nil || answer.GetStatus().GetCode() != int32(codes.OK) || answer.GetHttpResponse() != nil {
		t.Fatalf("%v, %v", answer, err)
	}
	for name, want := range map[string]string{
		"X-Forwarded-Method": "POST", "X-Forwarded-Uri": "/chats/7/messages?x=y", "X-Forwarded-Host": "chat.example.org",
		"Authorization": "Bearer of-bia", "X-Api-Key": "of Envoy", "Accept": "text/html", ":method": "",
	} {
		if value := strings.Join(got.Header.Values(name), ","); value != want {
			t.Errorf("%s: %q, want %q", name, value, want)
		}
	}
	if got.Method != http.MethodGet || got.URL.Path != "/gateway/check" {
		t.Errorf("asks %s %s", got.Method, got.URL)
	}
	// Without a key of Envoy's, what the client sends is not taken for one.
	if _, err := c.Check(t.Context(), question("POST", "", "/", headers)); err != nil || got.Header.Get("X-Api-Key")+got.Header.Get("Authorization") != "" {
		t.Errorf("%v, %v", got.Header, err)
	}
}

func TestARefusalIsSentOnAsItIs(t *testing.T) {
	t.Parallel()
	c := client(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set(clients.RefusedHeader, "messages.send")
		w.Header().Set("Content-Type", "application/problem+json")
		w.Header().Set("Link", "<https://terms.example.org/t/x>")
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprint(w, `{"capability":"messages.send"}`)
	})
	answer, err := c.Check(t.Context(), question("POST", "", "/", nil))
	if err != nil {
		t.Fatal(err)
	}
	denied := answer.GetDeniedResponse()
	headers := map[string]string{}
	for _, h := range denied.GetHeaders() {
		headers[h.GetHeader().GetKey()] = h.GetHeader().GetValue()
	}
	if answer.GetStatus().GetCode() != int32(codes.PermissionDenied) || denied.GetStatus().GetCode() != 403 || denied.GetBody() != `{"capability":"messages.send"}` ||
		headers["Content-Type"] != "application/problem+json" || headers["Link"] != "<https://terms.example.org/t/x>" {
		t.Errorf("%v", answer)
	}
}

// Envoy lets the request through then, if its operator wants it to.
func TestWhatIsNeitherYesNorNoIsAnError(t *testing.T) {
	t.Parallel()
	for answered, want := range map[int]codes.Code{
		400: codes.InvalidArgument, 401: codes.Unauthenticated, 403: codes.PermissionDenied, 429: codes.ResourceExhausted, 500: codes.Unavailable, 503: codes.Unavailable, 302: codes.Unavailable,
	} {
		c := client(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(answered) })
		if answer, err := c.Check(t.Context(), question("GET", "", "/", nil)); status.Code(err) != want {
			t.Errorf("%d: %v, %v", answered, answer, err)
		}
	}
	c := client(t, func(http.ResponseWriter, *http.Request) {})
	if _, err := c.Check(context.Background(), &auth.CheckRequest{}); status.Code(err) != codes.InvalidArgument {
		t.Errorf("no request: %v", err)
	}
}

func TestTheSampleIsAConfigurationOfEnvoy(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../integrations/envoy/envoy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := yaml.Unmarshal(text, &tree); err != nil {
		t.Fatal(err)
	}
	var sample bootstrap.Bootstrap
	if err := protojson.Unmarshal(object(t, tree), &sample); err != nil {
		t.Fatal(err)
	}
	if err := sample.ValidateAll(); err != nil {
		t.Fatal(err)
	}
	var http manager.HttpConnectionManager
	var filter extauthz.ExtAuthz
	listener := sample.GetStaticResources().GetListeners()[0]
	if err := listener.GetFilterChains()[0].GetFilters()[0].GetTypedConfig().UnmarshalTo(&http); err != nil {
		t.Fatal(err)
	}
	if err := http.GetHttpFilters()[0].GetTypedConfig().UnmarshalTo(&filter); err != nil {
		t.Fatal(err)
	}
	if http.ValidateAll() != nil || filter.ValidateAll() != nil || !filter.GetFailureModeAllow() || filter.GetGrpcService().GetInitialMetadata()[0].GetKey() != "x-api-key" {
		t.Errorf("%v", &filter)
	}
}

// object writes what YAML has as JSON.
func object(t *testing.T, tree any) []byte {
	t.Helper()
	data, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
