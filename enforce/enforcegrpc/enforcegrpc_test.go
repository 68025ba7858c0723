package enforcegrpc_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"assent/enforce"
	"assent/enforce/enforcegrpc"
)

func rules(allowed bool) string {
	return fmt.Sprintf(`{"messages.send":{"value":%t,"allowed":%t,"reason":"stage","on_deny":"reject","campaign":"terms","stage":"limited","accept_url":"https://terms.example.org/t/terms"}}`, allowed, allowed)
}

// assent is a client that knows of two people, u1 restricted and u2 about to be.
func assent(t *testing.T, restrict <-chan struct{}) *enforce.Client {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/stream") {
			fmt.Fprintf(w, `{"mark":"7-1","revision":7,"defaults":%s,"rules":{"k":%s},"people":[{"person":"u1","rules":"k","revision":7}],"next":""}`, rules(true), rules(false))
			return
		}
		select {
		case <-r.Context().Done():
		case <-restrict:
			fmt.Fprintf(w, "event: rules\ndata: {\"rules\":\"k\",\"capabilities\":%s}\n\nevent: person\ndata: {\"person\":\"u2\",\"rules\":\"k\",\"revision\":8}\n\nid: 8-1\nevent: mark\ndata: {\"revision\":8}\n\n", rules(false))
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}
	}))
	t.Cleanup(s.Close)
	c, err := enforce.New(enforce.Options{URL: s.URL, Key: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	<-c.Ready()
	return c
}

// echo is a service with a stream that answers each message with itself.
func echo(_ any, s grpc.ServerStream) error {
	for {
		m := new(grpc_health_v1.HealthCheckRequest)
		if err := s.RecvMsg(m); err != nil {
			return err
		}
		if err := s.SendMsg(m); err != nil {
			return err
		}
	}
}

func TestCallsAndOpenStreamsAreRefusedWithAWayOut(t *testing.T) {
	t.Parallel()
	restrict := make(chan struct{})
	c := assent(t, restrict)
	asked := func(ctx context.Context, _ string) (string, string) {
		from, _ := metadata.FromIncomingContext(ctx)
		return strings.Join(from.Get("person"), ""), "messages.send"
	}
	server := grpc.NewServer(grpc.UnaryInterceptor(enforcegrpc.Unary(c, asked)), grpc.StreamInterceptor(enforcegrpc.Stream(c, asked)))
	grpc_health_v1.RegisterHealthServer(server, health.NewServer())
	server.RegisterService(&grpc.ServiceDesc{ServiceName: "echo", HandlerType: (*any)(nil),
		Streams: []grpc.StreamDesc{{StreamName: "echo", Handler: echo, ServerStreams: true, ClientStreams: true}}}, nil)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(listener) }()
	defer server.Stop()
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	as := func(person string) context.Context {
		return metadata.AppendToOutgoingContext(t.Context(), "person", person)
	}
	call := func(person string) error {
		_, err := grpc_health_v1.NewHealthClient(conn).Check(as(person), &grpc_health_v1.HealthCheckRequest{})
		return err
	}
	if err := call("u2"); err != nil {
		t.Fatal(err)
	}
	said := status.Convert(call("u1"))
	info, ok := said.Details()[0].(*errdetails.ErrorInfo)
	if said.Code() != codes.PermissionDenied || !ok || info.GetMetadata()["stage"] != "limited" || info.GetMetadata()["accept_url"] != "https://terms.example.org/t/terms" {
		t.Fatalf("%v %v", said, said.Details())
	}

	stream, err := conn.NewStream(as("u2"), &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, "/echo/echo")
	if err != nil {
		t.Fatal(err)
	}
	m := &grpc_health_v1.HealthCheckRequest{Service: "hello"}
	exchange := func() error {
		if err := stream.SendMsg(m); err != nil {
			return stream.RecvMsg(new(grpc_health_v1.HealthCheckRequest))
		}
		return stream.RecvMsg(new(grpc_health_v1.HealthCheckRequest))
	}
	if err := exchange(); err != nil {
		t.Fatal(err)
	}
	close(restrict)
	for err == nil { // until the change has arrived
		err = exchange()
	}
	if status.Code(err) != codes.PermissionDenied {
		t.Fatal(err)
	}
}
