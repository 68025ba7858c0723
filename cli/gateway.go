package cli

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"assent/handlers/clients"
	gateways "assent/handlers/gateway"
	"assent/handlers/people"
)

// gateway is how the requests are judged that a gateway asks about.
func (a *app) gateway(o people.Options) clients.Gateway {
	g := clients.Gateway{Routes: map[string]string{}, Header: a.settings.Gateway.PersonHeader, Cookie: o.JWTCookie}
	for _, r := range a.settings.Gateway.Routes {
		g.Routes[r.Match] = r.Capability
	}
	if o.JWT != nil {
		g.Person = func(ctx context.Context, token string) (string, error) {
			s, err := o.JWT.Check(ctx, token)
			return s.Person, err
		}
	}
	return g
}

// serveEnvoy answers Envoy over gRPC, where that is set, and returns how to stop.
func (a *app) serveEnvoy(ctx context.Context, handler http.Handler) (func(), error) {
	at := a.settings.Gateway.Listen
	if at == "" {
		return func() {}, nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", at)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w; set gateway.listen", at, err)
	}
	server, ended := gateways.New(handler), make(chan struct{})
	go func() {
		defer close(ended)
		if err := server.Serve(listener); err != nil {
			a.log.ErrorContext(ctx, "serving Envoy ended", "error", err)
		}
	}()
	a.log.InfoContext(ctx, "serving Envoy", "address", listener.Addr().String())
	return func() {
		late := time.AfterFunc(a.settings.Server.ShutdownTimeout, server.Stop)
		defer late.Stop()
		server.GracefulStop()
		<-ended
	}, nil
}
