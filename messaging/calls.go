package messaging

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"slices"
	"time"

	"assent/messaging/mailbox"
	"assent/terms"
)

type placeParams struct {
	To   string           `json:"to"`
	Kind mailbox.CallKind `json:"kind"`
}

type callParams struct {
	Call string `json:"call"`
}

func (p callParams) check() terms.Faults { return required("call", p.Call) }

func (p placeParams) check() terms.Faults {
	faults := required("to", p.To)
	if p.Kind != mailbox.Voice && p.Kind != mailbox.Video {
		faults = append(faults, terms.Fault{Path: "kind", Detail: "must be voice or video"})
	}
	return faults
}

// placeCall rings the other side. Whoever cannot be reached now is
// unavailable, and the caller is not told whether they are offline, in another
// call, suspended, or have blocked the caller; they find a missed call.
func (s *Server) placeCall(ctx context.Context, person string, p placeParams) (any, error) {
	blocked, err := s.canCall(ctx, person, p.To)
	if err != nil {
		return nil, err
	}
	if s.find(ctx, person).Busy {
		return nil, terms.Errorf(terms.Conflict, "you are already in a call; hang up first")
	}
	c := callState{ID: s.callID(rand.Text()), From: person, To: p.To, Kind: p.Kind, State: ringing}
	rings := s.canRing(ctx, c) // asked in any case: how long an answer takes must not say why
	if blocked || !rings || !s.may(p.To, "calls.answer") {
		return s.unavailable(ctx, c)
	}
	if err := s.options.Mailbox.Ring(ctx, s.missedCall(c), s.options.Wall().Add(s.options.RingFor)); err != nil {
		return nil, err
	}
	if !s.ring(ctx, c) {
		return s.unavailable(ctx, c)
	}
	s.publish(ctx, callsLine, p.To, event{Event: "call", Call: &c})
	return c, nil
}

// canCall checks whom somebody calls, and reports whether they have blocked that
// somebody, who must not learn it.
func (s *Server) canCall(ctx context.Context, from, to string) (bool, error) {
	if err := s.knows(ctx, from, "to", to); err != nil {
		return false, err
	}
	own, err := s.options.Mailbox.Blocked(ctx, from, to)
	if err != nil {
		return false, err
	}
	if own {
		return false, terms.Errorf(terms.Conflict, "you have blocked %q; unblock them first", to)
	}
	return s.options.Mailbox.Blocked(ctx, to, from)
}

// canRing reports whether somebody is there and in no other call.
func (s *Server) canRing(ctx context.Context, c callState) bool {
	to := s.find(ctx, c.To)
	return to.Reachable && !to.Busy
}

// reachableHere reports whether somebody would notice a call on this server: a
// connection of theirs hears it, or their program has been asking lately.
func (s *Server) reachableHere(person string) bool {
	return s.listens(person) || s.active.lately(person, s.options.Wall())
}

// listens reports whether a connection of a person to this server would ring.
func (s *Server) listens(person string) bool {
	return slices.ContainsFunc(s.devices(person), func(to Caller) bool { return s.hears(callsLine, to) != "" })
}

func (s *Server) ring(ctx context.Context, c callState) bool {
	later := context.WithoutCancel(ctx)
	return s.calls.ring(c, s.options.RingFor, func() {
		_, _ = s.endCall(later, c.ID, "", ifRinging(noAnswer)) // over already is as well
	})
}

func (s *Server) unavailable(ctx context.Context, c callState) (any, error) {
	if err := s.missed(ctx, c); err != nil {
		return nil, err
	}
	c.State = unavailable
	return c, nil
}

// missed leaves an unanswered call in the conversation.
func (s *Server) missed(ctx context.Context, c callState) error {
	return s.miss(ctx, s.missedCall(c))
}

func (s *Server) missedCall(c callState) mailbox.Message {
	return mailbox.Message{ID: c.ID, From: c.From, To: c.To, Kind: mailbox.MissedCall, Call: c.Kind, SentAt: s.options.Now()}
}

func (s *Server) miss(ctx context.Context, call mailbox.Message) error {
	kept, err := s.options.Mailbox.Post(ctx, mailbox.Draft{Message: call, Begins: true})
	if err == nil {
		s.handOut(ctx, kept)
	}
	return err
}

// lateness is how long after it should have ended a call is still left to the
// server where it rings.
const lateness = 5 * time.Second

// missOverdue leaves missed calls of those that rang at a server that is gone.
func (s *Server) missOverdue(ctx context.Context) {
	calls, err := s.options.Mailbox.Overdue(ctx, s.options.Wall().Add(-lateness))
	for _, call := range calls {
		if !s.calls.has(call.ID) {
			err = errors.Join(err, s.miss(ctx, call))
		}
	}
	if err != nil {
		s.options.Log.ErrorContext(ctx, "calls of a server that is gone are not missed yet", slog.Any("error", err))
	}
}

// rung notes that a call has stopped ringing without being missed.
func (s *Server) rung(ctx context.Context, id string) {
	if err := s.options.Mailbox.Rung(ctx, id); err != nil {
		s.options.Log.ErrorContext(ctx, "the end of ringing is not kept", slog.String("call", id), slog.Any("error", err))
	}
}

// currentCall lets a program without a connection find the call that rings.
func (s *Server) currentCall(_ context.Context, person string, _ noParams) (any, error) {
	if c, inCall := s.calls.of(person); inCall && !s.ringsInVain(c, person) {
		return map[string]*callState{"call": &c}, nil
	}
	return map[string]*callState{"call": nil}, nil
}

func (s *Server) answerCall(ctx context.Context, person string, p callParams) (any, error) {
	if c, elsewhere, err := s.callElsewhere(ctx, "calls.answer", person, p.Call); elsewhere {
		return c, err
	}
	c, err := s.calls.answer(p.Call, person)
	if err != nil {
		return nil, err
	}
	s.rung(ctx, c.ID)
	s.tellBoth(ctx, c)
	return c, nil
}

// declineCall and hangUp are open at every stage: nobody is kept in a call.
func (s *Server) declineCall(ctx context.Context, person string, p callParams) (any, error) {
	if c, elsewhere, err := s.callElsewhere(ctx, "calls.decline", person, p.Call); elsewhere {
		return c, err
	}
	return s.endCall(ctx, p.Call, person, func(c callState) string {
		if c.State != ringing || c.To != person {
			return ""
		}
		return declined
	})
}

func (s *Server) hangUp(ctx context.Context, person string, p callParams) (any, error) {
	if c, elsewhere, err := s.callElsewhere(ctx, "calls.hang_up", person, p.Call); elsewhere {
		return c, err
	}
	return s.endCall(ctx, p.Call, person, func(c callState) string {
		switch {
		case c.State == answered:
			return hungUp
		case c.From == person:
			return cancelled
		}
		return declined
	})
}

// callBack rings whoever left a missed call: the call is the proof that they
// called first, for as long as a notification can be answered.
func (s *Server) callBack(ctx context.Context, person string, p callParams) (any, error) {
	m, err := s.options.Mailbox.Message(ctx, person, p.Call)
	if err != nil || m.Kind != mailbox.MissedCall || m.To != person {
		return nil, notMissed(err, p.Call)
	}
	if !s.options.Now().Before(m.SentAt.Add(s.options.ReplyTTL)) {
		return nil, terms.Errorf(terms.Conflict, "call %q was missed too long ago to call back from its notification", p.Call)
	}
	return s.placeCall(ctx, person, placeParams{To: m.From, Kind: m.Call})
}

func notMissed(err error, call string) error {
	if err != nil && !errors.Is(err, terms.NotFound) {
		return err
	}
	return terms.Errorf(terms.NotFound, "there is no missed call %q", call)
}

// endCall ends a call for the reason that why finds, tells both sides, and
// leaves a missed call if nobody answered or declined.
func (s *Server) endCall(ctx context.Context, id, person string, why func(callState) string) (callState, error) {
	before, err := s.calls.finish(id, person, why)
	if err != nil {
		return callState{}, err
	}
	after := before
	after.State = ended
	s.tellBoth(ctx, after)
	switch {
	case before.State != ringing:
	case before.Reason == declined:
		s.rung(ctx, id)
	default:
		if err := s.missed(ctx, before); err != nil { // it is overdue some time
			s.options.Log.ErrorContext(ctx, "missed call not kept", slog.String("call", id), slog.Any("error", err))
		}
	}
	return after, nil
}

func ifRinging(reason string) func(callState) string {
	return func(c callState) string {
		if c.State != ringing {
			return ""
		}
		return reason
	}
}

func (s *Server) tellBoth(ctx context.Context, c callState) {
	for _, person := range []string{c.From, c.To} {
		s.publish(ctx, selfLine, person, event{Event: "call", Call: &c})
	}
}

// ringAsTheyMay tells somebody whose stage has changed of the call that rings for
// them: that it does not any more, when they can no longer answer, or that it does,
// when they can again. The caller hears it ring on, as it does with whoever does not
// answer: that it stopped at an instant would tell them of the other's stage.
func (s *Server) ringAsTheyMay(ctx context.Context, person string) {
	c, inCall := s.calls.of(person)
	if !inCall || c.State != ringing || c.To != person {
		return
	}
	line := callsLine
	if s.ringsInVain(c, person) {
		line, c.State, c.Reason = selfLine, ended, withdrawn
	}
	s.publish(ctx, line, person, event{Event: "call", Call: &c})
}

// ringsInVain reports whether a call rings at a person who may not answer.
func (s *Server) ringsInVain(c callState, person string) bool {
	return c.State == ringing && c.To == person && !s.may(person, "calls.answer")
}

// rejoinCall shows a new connection the call its person takes part in.
func (s *Server) rejoinCall(ctx context.Context, person string) {
	c, ok := s.calls.of(person)
	if !ok {
		return
	}
	name := selfLine
	if c.State == ringing && c.To == person {
		name = callsLine
	}
	s.publish(ctx, name, person, event{Event: "call", Call: &c})
}

// absent ends the call of somebody whose last connection has been gone for as
// long as a call rings.
func (s *Server) absent(ctx context.Context, person string) {
	if _, inCall := s.calls.of(person); !inCall || len(s.node.Hub().UserConnections(person)) > 0 {
		return
	}
	time.AfterFunc(s.options.RingFor, func() {
		if c, inCall := s.calls.of(person); inCall && len(s.node.Hub().UserConnections(person)) == 0 {
			_, _ = s.endCall(ctx, c.ID, person, func(callState) string { return hungUp }) // over already is as well
		}
	})
}
