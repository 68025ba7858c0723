// Package gateway speaks to gateways in a protocol of theirs: Envoy's external
// authorization over gRPC (envoy.service.auth.v3), which Istio, Envoy Gateway
// and Contour use too.
//
// It decides nothing. What Envoy asks becomes the HTTP request that a gateway
// without gRPC would send, so that both get the same answer: the same keys, the
// same routes, the same refusal.
package gateway

import (
	"bytes"
	"context"
	"net/http"
	"strings"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	auth "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	envoytype "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	grpcstatus "google.golang.org/grpc/status"

	"assent/handlers/clients"
)

// checkPath is where a gateway asks over HTTP.
const checkPath = "/gateway/check"

// New returns a gRPC server that has a handler of HTTP answer what Envoy asks.
// The API key comes as metadata, x-api-key.
func New(handler http.Handler) *grpc.Server {
	s := grpc.NewServer()
	auth.RegisterAuthorizationServer(s, authorization{handler: handler})
	return s
}

type authorization struct {
	auth.UnimplementedAuthorizationServer

	handler http.Handler
}

// Check lets a request pass or says what to answer in its place. An error means
// that neither can be told: Envoy then does what failure_mode_allow says.
func (a authorization) Check(ctx context.Context, in *auth.CheckRequest) (*auth.CheckResponse, error) {
	asked := in.GetAttributes().GetRequest().GetHttp()
	if asked == nil {
		return nil, grpcstatus.Error(codes.InvalidArgument, "only requests over HTTP can be judged")
	}
	r, err := request(ctx, asked)
	if err != nil {
		return nil, grpcstatus.Error(codes.InvalidArgument, "the request cannot be read")
	}
	w := &answer{header: http.Header{}, status: http.StatusOK}
	a.handler.ServeHTTP(w, r)
	switch w.status {
	case http.StatusOK:
		return &auth.CheckResponse{Status: &status.Status{Code: int32(codes.OK)}}, nil
	case http.StatusForbidden:
		if w.header.Get(clients.RefusedHeader) != "" { // else it is the gateway's key that is refused
			return w.denied(), nil
		}
	}
	return nil, grpcstatus.Error(codeOf(w.status), http.StatusText(w.status)+": "+w.body.String())
}

// request is what Envoy asks about, as a gateway asks over HTTP.
func request(ctx context.Context, asked *auth.AttributeContext_HttpRequest) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, checkPath, nil)
	if err != nil {
		return nil, err
	}
	for name, value := range asked.GetHeaders() {
		if !strings.HasPrefix(name, ":") {
			r.Header.Set(name, value)
		}
	}
	r.Header.Del("X-Api-Key") // the person's, if any
	if keys := metadata.ValueFromIncomingContext(ctx, "x-api-key"); len(keys) > 0 {
		r.Header.Set("X-Api-Key", keys[0])
	} else {
		r.Header.Del("Authorization") // a person's token is no key
	}
	r.Header.Set("X-Forwarded-Method", asked.GetMethod())
	r.Header.Set("X-Forwarded-Host", asked.GetHost())
	r.Header.Set("X-Forwarded-Uri", asked.GetPath())
	r.RequestURI, r.RemoteAddr = checkPath, "envoy"
	return r, nil
}

// codeOf is the gRPC code of a failure.
func codeOf(status int) codes.Code {
	switch status {
	case http.StatusBadRequest:
		return codes.InvalidArgument
	case http.StatusUnauthorized:
		return codes.Unauthenticated
	case http.StatusForbidden:
		return codes.PermissionDenied
	case http.StatusTooManyRequests:
		return codes.ResourceExhausted
	}
	return codes.Unavailable
}

// answer keeps what a handler answers.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header is for the handler.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader is for the handler.
func (a *answer) WriteHeader(status int) { a.status = status }

// Write is for the handler.
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }

// denied has Envoy send the answer to whoever made the request.
func (a *answer) denied() *auth.CheckResponse {
	out := &auth.DeniedHttpResponse{Status: &envoytype.HttpStatus{Code: envoytype.StatusCode_Forbidden}, Body: a.body.String()}
	for name, values := range a.header {
		for _, value := range values {
			out.Headers = append(out.Headers, &core.HeaderValueOption{
				Header: &core.HeaderValue{Key: name, Value: value}, AppendAction: core.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD,
			})
		}
	}
	return &auth.CheckResponse{
		Status:       &status.Status{Code: int32(codes.PermissionDenied)},
		HttpResponse: &auth.CheckResponse_DeniedResponse{DeniedResponse: out},
	}
}
