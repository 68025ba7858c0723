// Package enforcegrpc puts package enforce in front of the methods of a gRPC
// server.
package enforcegrpc

import (
	"context"
	"strconv"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"assent/enforce"
)

// Asked is who calls a method, and what it takes to call it. Either may be
// empty: then the call is let through.
type Asked func(ctx context.Context, method string) (person, capability string)

// Unary checks each call.
func Unary(c *enforce.Client, asked Asked) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, request any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		if err := check(ctx, c, asked, info.FullMethod); err != nil {
			return nil, err
		}
		return next(ctx, request)
	}
}

// Stream checks when a stream begins and at each message the caller sends, so
// that one which stays open for days ends when it has to.
func Stream(c *enforce.Client, asked Asked) grpc.StreamServerInterceptor {
	return func(server any, s grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
		again := func() error { return check(s.Context(), c, asked, info.FullMethod) }
		if err := again(); err != nil {
			return err
		}
		return next(server, checked{s, again})
	}
}

type checked struct {
	grpc.ServerStream
	again func() error
}

func (s checked) RecvMsg(m any) error {
	if err := s.ServerStream.RecvMsg(m); err != nil {
		return err
	}
	return s.again()
}

func check(ctx context.Context, c *enforce.Client, asked Asked, method string) error {
	person, capability := asked(ctx, method)
	if person == "" || capability == "" {
		return nil
	}
	d := c.Decide(person, capability)
	if d.Allowed {
		return nil
	}
	return Refusal(d)
}

// Refusal is the status of a decision that went against the caller:
// PERMISSION_DENIED with an ErrorInfo and a link to accept. It is never
// UNAUTHENTICATED, which would make apps sign people out.
func Refusal(d enforce.Decision) error {
	s := status.New(codes.PermissionDenied, "this is not available until you accept the terms; accepting brings it back at once")
	info := &errdetails.ErrorInfo{Reason: "TERMS_RESTRICTED", Domain: "assent", Metadata: map[string]string{
		"capability": d.Capability, "stage": d.Stage, "campaign": d.Campaign, "accept_url": d.AcceptURL, "on_deny": d.OnDeny,
		"revision": strconv.FormatUint(d.Revision, 10), "next_stage": d.NextStage,
	}}
	if !d.NextAt.IsZero() {
		info.Metadata["next_at"] = d.NextAt.UTC().Format(time.RFC3339)
	}
	help := &errdetails.Help{Links: []*errdetails.Help_Link{{Description: "Accept the terms", Url: d.AcceptURL}}}
	if full, err := s.WithDetails(info, help); err == nil {
		s = full
	}
	return s.Err()
}
