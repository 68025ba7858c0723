package messaging

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"assent/terms"
)

// method is one thing a client can ask for, and the capability it takes; ""
// for what is open to everybody at every stage.
type method struct {
	capability string
	run        func(ctx context.Context, by Caller, params []byte) (any, error)
}

// catalogue lists every method.
func (s *Server) catalogue() map[string]method {
	return map[string]method{
		"chats.list":       {"chats.list", taking(s.listChats)},
		"chats.history":    {"chats.history", taking(s.history)},
		"messages.send":    {"messages.send", taking(s.send)},
		"messages.reply":   {"messages.reply_from_notification", takingFrom(s.reply)},
		"messages.read":    {"chats.history", taking(s.read)},
		"calls.place":      {"calls.place", taking(s.placeCall)},
		"calls.call_back":  {"calls.call_back", taking(s.callBack)},
		"calls.current":    {"", taking(s.currentCall)},
		"calls.answer":     {"calls.answer", taking(s.answerCall)},
		"calls.decline":    {"", taking(s.declineCall)},
		"calls.hang_up":    {"", taking(s.hangUp)},
		"groups.create":    {"messages.send", taking(s.makeGroup)},
		"groups.add":       {"messages.send", taking(s.addMember)},
		"groups.remove":    {"messages.send", taking(s.removeMember)},
		"groups.info":      {"chats.list", taking(s.groupInfo)},
		"groups.leave":     {"groups.leave", taking(s.leaveGroup)},
		"contacts.block":   {"contacts.block", taking(s.block)},
		"contacts.unblock": {"contacts.block", taking(s.unblock)},
		"chats.export":     {"data.export", taking(s.export)},
		"standing":         {"", taking(s.myStanding)},
	}
}

// Methods lists the names Call knows, in order.
func (s *Server) Methods() []string { return slices.Sorted(maps.Keys(s.methods)) }

func unknownMethod(name string) error {
	return terms.Errorf(terms.NotFound, "method %q does not exist", name)
}

// noParams is the params of a method that takes none.
type noParams struct{}

func (noParams) check() terms.Faults { return nil }

// params is what a method takes; check finds values that break a rule.
type params interface{ check() terms.Faults }

// taking makes a method of a function: it reads the params strictly, with
// unknown and repeated members refused, and checks them.
func taking[P params](run func(context.Context, string, P) (any, error)) func(context.Context, Caller, []byte) (any, error) {
	return takingFrom(func(ctx context.Context, by Caller, p P) (any, error) { return run(ctx, by.Person, p) })
}

// takingFrom is taking for what depends on the device.
func takingFrom[P params](run func(context.Context, Caller, P) (any, error)) func(context.Context, Caller, []byte) (any, error) {
	return func(ctx context.Context, by Caller, data []byte) (any, error) {
		var p P
		if err := decode(data, &p); err != nil {
			return nil, err
		}
		if err := p.check().OrNil(); err != nil {
			return nil, err
		}
		return run(ctx, by, p)
	}
}

func decode(data []byte, into any) error {
	if data = bytes.TrimSpace(data); len(data) == 0 || bytes.Equal(data, []byte("null")) {
		return nil
	}
	err := json.Unmarshal(data, into, json.RejectUnknownMembers(true))
	var (
		syntax *jsontext.SyntacticError
		shape  *json.SemanticError
	)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &syntax) && errors.Is(err, jsontext.ErrDuplicateName):
		return &Unreadable{place(syntax.JSONPointer), "stands twice"}
	case errors.As(err, &syntax):
		return &Unreadable{"", fmt.Sprintf("not JSON at byte %d", syntax.ByteOffset)}
	case errors.As(err, &shape) && errors.Is(err, json.ErrUnknownName):
		return &Unreadable{place(shape.JSONPointer), "is not known here"}
	case errors.As(err, &shape):
		return &Unreadable{place(shape.JSONPointer), fmt.Sprintf("must be a %s", wanted(shape))}
	}
	return &Unreadable{"", "cannot be read"}
}

func place(p jsontext.Pointer) string {
	return strings.ReplaceAll(strings.TrimPrefix(string(p), "/"), "/", ".")
}

func wanted(e *json.SemanticError) string {
	switch kind := e.GoType.Kind().String(); kind {
	case "int":
		return "whole number"
	case "struct":
		return "JSON object"
	default:
		return kind
	}
}

// required refuses a text that is missing or empty.
func required(path, value string) terms.Faults {
	if value == "" {
		return terms.Faults{{Path: path, Detail: "is required"}}
	}
	return nil
}
