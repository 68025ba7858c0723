package messaging

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/centrifugal/centrifuge"

	"assent/terms"
)

// Several servers on one database tell each other over Redis what their own
// connections have to hear. Nothing is right only because of it: messages are in
// the database, where people stand is in the log of changes, and a word that is
// lost is made up for by the periodic sweep. No text of a message is sent.

// The kinds of word, and of question.
const (
	opMail    = "mail"    // a message was kept for some people
	opEvent   = "event"   // something to hear for a person
	opApplied = "applied" // apply the changes up to a revision, then answer
	opThere   = "there"   // is somebody there to be rung?
	opCall    = "call"    // a method about a call that began with you
)

// How long a server waits for others.
const (
	acknowledged = 300 * time.Millisecond // to apply a change, before the change is answered
	asked        = 2 * time.Second        // about a call
)

// mostWords is how many words may wait to be sent; more are not sent.
const mostWords = 4096

// word is what is sent to the others.
type word struct {
	op   string
	data any
}

type mail struct {
	People []string `json:"people"`
	Place  int64    `json:"place"`
}

type telling struct {
	Line   string `json:"line"`
	Person string `json:"person"`
	Event  event  `json:"event"`
}

// connectNodes lets the node hear the others, where there can be any.
func (s *Server) connectNodes() error {
	if s.options.Redis == "" {
		return nil
	}
	shard, err := centrifuge.NewRedisShard(s.node, centrifuge.RedisShardConfig{Address: s.options.Redis, ConnectTimeout: asked, IOTimeout: asked})
	if err != nil {
		return fmt.Errorf("connect to Redis: %w", err)
	}
	// Of the broker only the control channel is used: each server brings its own
	// connections up to date from the database.
	broker, err := centrifuge.NewRedisBroker(s.node, centrifuge.RedisBrokerConfig{Prefix: "assent", Shards: []*centrifuge.RedisShard{shard}})
	if err != nil {
		return fmt.Errorf("use Redis: %w", err)
	}
	s.node.SetController(broker)
	s.node.OnNotification(s.heard)
	s.node.OnSurvey(func(e centrifuge.SurveyEvent, answer centrifuge.SurveyCallback) {
		go func() { answer(s.answer(e)) }() // others must not wait for it
	})
	return nil
}

// tell queues a word for the other servers.
func (s *Server) tell(op string, data any) {
	if s.options.Redis == "" {
		return
	}
	select {
	case s.words <- word{op, data}:
	default: // they find out with the next sweep
	}
}

// speak sends what is queued, until stop is closed.
func (s *Server) speak(ctx context.Context, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case w := <-s.words:
			data, err := json.Marshal(w.data)
			if err == nil {
				err = s.node.Notify(w.op, data, "")
			}
			if err != nil {
				s.options.Log.WarnContext(ctx, "other servers not told", slog.String("word", w.op), slog.Any("error", err))
			}
		}
	}
}

// heard takes a word of another server.
func (s *Server) heard(e centrifuge.NotificationEvent) {
	if e.FromNodeID == s.node.ID() {
		return
	}
	ctx := context.Background()
	switch e.Op {
	case opMail:
		var m mail
		if json.Unmarshal(e.Data, &m) == nil {
			for _, person := range m.People {
				s.bringNews(ctx, person, &news{place: m.Place})
			}
		}
	case opEvent:
		var t telling
		if json.Unmarshal(e.Data, &t) == nil {
			s.publishHere(ctx, t.Line, t.Person, t.Event)
		}
	}
}

// Everywhere has every server apply the changes up to a revision, and returns
// when all have, or after a moment: they follow by themselves as well.
func (s *Server) Everywhere(ctx context.Context, revision uint64) {
	if s.options.Redis == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, acknowledged)
	defer cancel()
	if _, err := s.ask(ctx, opApplied, revision, ""); err != nil {
		s.late.Inc()
		s.options.Log.WarnContext(ctx, "a change is not acknowledged by every server yet", slog.Uint64("revision", revision), slog.Any("error", err))
	}
}

// ask puts a question to one server, "" for all of them.
func (s *Server) ask(ctx context.Context, op string, question any, node string) (map[string]centrifuge.SurveyResult, error) {
	data, err := json.Marshal(question)
	if err != nil {
		return nil, err
	}
	return s.node.Survey(ctx, op, data, node)
}

// there says of a person on one server whether a call would be noticed, and
// whether they are in one.
type there struct {
	Reachable bool `json:"reachable"`
	Busy      bool `json:"busy"`
}

// callWord is a method about a call that began on another server, and its answer.
type callWord struct {
	Method string     `json:"method,omitempty"`
	Person string     `json:"person,omitempty"`
	Call   string     `json:"call,omitempty"`
	State  callState  `json:"state"`
	Kind   terms.Kind `json:"kind,omitempty"`
	Detail string     `json:"detail,omitempty"`
}

// answer answers a question of a server, also of this one.
func (s *Server) answer(e centrifuge.SurveyEvent) centrifuge.SurveyReply {
	ctx, cancel := context.WithTimeout(context.Background(), asked)
	defer cancel()
	var out any
	var err error
	switch e.Op {
	case opApplied:
		var revision uint64
		if err = json.Unmarshal(e.Data, &revision); err == nil {
			err = s.options.Gate.CatchUp(ctx, revision)
		}
	case opThere:
		var person string
		err = json.Unmarshal(e.Data, &person)
		_, busy := s.calls.of(person)
		out = there{s.reachableHere(person), busy}
	case opCall:
		var c callWord
		if err = json.Unmarshal(e.Data, &c); err == nil {
			out = s.callHere(ctx, c)
		}
	}
	data, marshal := json.Marshal(out)
	if errors.Join(err, marshal) != nil {
		s.options.Log.WarnContext(ctx, "question of a server not answered", slog.String("question", e.Op), slog.Any("error", err))
		return centrifuge.SurveyReply{Code: 1}
	}
	return centrifuge.SurveyReply{Data: data}
}

// find asks all servers whether a person can be rung, and is in a call.
func (s *Server) find(ctx context.Context, person string) there {
	_, busy := s.calls.of(person)
	found := there{s.reachableHere(person), busy}
	if s.options.Redis == "" {
		return found
	}
	ctx, cancel := context.WithTimeout(ctx, asked)
	defer cancel()
	answers, err := s.ask(ctx, opThere, person, "")
	if err != nil { // whoever does not answer has nobody to ring
		s.options.Log.WarnContext(ctx, "not every server answers", slog.Any("error", err))
	}
	for _, one := range answers {
		var t there
		if json.Unmarshal(one.Data, &t) == nil {
			found.Reachable, found.Busy = found.Reachable || t.Reachable, found.Busy || t.Busy
		}
	}
	return found
}

// callID names a call, and the server that knows it where there are several.
func (s *Server) callID(random string) string {
	if s.options.Redis == "" {
		return random
	}
	return s.node.ID() + "." + random
}

// callElsewhere runs a method about a call that began on another server there;
// false when it is one of this server.
func (s *Server) callElsewhere(ctx context.Context, method, person, call string) (callState, bool, error) {
	node, _, several := strings.Cut(call, ".")
	if s.options.Redis == "" || !several || node == s.node.ID() {
		return callState{}, false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, asked)
	defer cancel()
	answers, err := s.ask(ctx, opCall, callWord{Method: method, Person: person, Call: call}, node)
	var c callWord
	if err != nil || json.Unmarshal(answers[node].Data, &c) != nil { // its server is gone, and the call with it
		return callState{}, true, unknownCall(call)
	}
	if c.Kind != "" {
		return callState{}, true, terms.Errorf(c.Kind, "%s", c.Detail)
	}
	return c.State, true, nil
}

func (s *Server) callHere(ctx context.Context, c callWord) callWord {
	run := map[string]func(context.Context, string, callParams) (any, error){
		"calls.answer": s.answerCall, "calls.decline": s.declineCall, "calls.hang_up": s.hangUp,
	}[c.Method]
	if node, _, _ := strings.Cut(c.Call, "."); run == nil || node != s.node.ID() {
		return callWord{Kind: terms.NotFound, Detail: unknownCall(c.Call).Error()}
	}
	state, err := run(ctx, c.Person, callParams{c.Call})
	var kind terms.Kind
	if errors.As(err, &kind) {
		return callWord{Kind: kind, Detail: err.Error()}
	}
	out, _ := state.(callState)
	return callWord{State: out}
}
