// Package mail writes to people by e-mail: it takes letters that are due, puts
// each into words in the person's language, hands it to the mail server, and
// records what came of it. What is due, and to whom, package tracker decides.
//
// Nothing is signed by DKIM here: that is the work of the relay, which has the
// domain's key.
package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	gomail "github.com/wneessen/go-mail"

	"assent/tracker"
)

// Server is the mail server that takes what is sent.
type Server struct {
	Host     string
	Port     int
	TLS      string // "starttls", "tls" or "none"
	Username string // "" for no sign-in
	Password string
	From     string // address, the domain of which stands in every Message-ID
	FromName string
	ReplyTo  string        // "" for From
	Timeout  time.Duration // for connecting, and for each message
	Roots    *tls.Config   // nil: the system's
}

// Message is what is sent to one address.
type Message struct {
	ID          string // of the notice; becomes the Message-ID
	To          string
	Subject     string
	Text, HTML  string
	Language    string // BCP 47
	Unsubscribe string // address of one-click unsubscribing (RFC 8058), "" where that is not offered
	At          time.Time
}

// Refusal is what came of a message that was not taken.
type Refusal struct {
	Outcome tracker.Outcome
	Reason  string // without addresses
}

func (r *Refusal) Error() string { return string(r.Outcome) + ": " + r.Reason }

// Line is a connection to the server.
type Line struct {
	server Server
	client *gomail.Client
}

// Dial connects and signs in.
func (s Server) Dial(ctx context.Context) (*Line, error) {
	options := []gomail.Option{
		gomail.WithPort(s.Port), gomail.WithTimeout(s.Timeout), gomail.WithoutNoop(),
		gomail.WithHELO(s.domain()),
	}
	switch s.TLS {
	case "tls":
		options = append(options, gomail.WithSSL())
	case "none":
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if s.Roots != nil {
		options = append(options, gomail.WithTLSConfig(s.Roots))
	}
	if s.Username != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(s.Username), gomail.WithPassword(s.Password))
	}
	client, err := gomail.NewClient(s.Host, options...)
	if err != nil {
		return nil, fmt.Errorf("prepare for the mail server %s: %w", s.address(), err)
	}
	if err := client.DialWithContext(ctx); err != nil {
		return nil, fmt.Errorf("connect to the mail server %s: %w", s.address(), err)
	}
	return &Line{s, client}, nil
}

func (s Server) address() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

// domain is that of the sender.
func (s Server) domain() string {
	for i := len(s.From) - 1; i >= 0; i-- {
		if s.From[i] == '@' {
			return s.From[i+1:]
		}
	}
	return s.Host
}

// Close says goodbye. What was sent stays sent whatever it answers.
func (l *Line) Close() error { return l.client.Close() }

// Send hands a message over. The error is a *Refusal, whatever went wrong; after
// one that is Unanswered or Unreachable the line is of no more use.
func (l *Line) Send(m Message) error {
	msg, err := l.server.compose(m)
	if err != nil {
		return &Refusal{tracker.Refused, "the message cannot be written: " + err.Error()}
	}
	err = l.client.Send(msg)
	if msg.IsDelivered() || err == nil { // what goes wrong afterwards does not call it back
		return nil
	}
	return refusal(err)
}

func (s Server) compose(m Message) (*gomail.Msg, error) {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := errors.Join(msg.FromFormat(s.FromName, s.From), msg.To(m.To)); err != nil {
		return nil, errors.New("an address is not one") // the error would hold it
	}
	if s.ReplyTo != "" {
		if err := msg.ReplyTo(s.ReplyTo); err != nil {
			return nil, errors.New("the address to reply to is not one")
		}
	}
	msg.Subject(m.Subject)
	msg.SetDateWithValue(m.At)
	msg.SetMessageIDWithValue(m.ID + "@" + s.domain())
	msg.SetGenHeader(gomail.HeaderContentLang, m.Language)
	msg.SetGenHeader(gomail.Header("Auto-Submitted"), "auto-generated") // RFC 3834: no holiday notes in return
	if m.Unsubscribe != "" {
		msg.SetGenHeaderPreformatted(gomail.HeaderListUnsubscribe, "<"+m.Unsubscribe+">") // a folded address would break it
		msg.SetGenHeader(gomail.HeaderListUnsubscribePost, "List-Unsubscribe=One-Click")
	}
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	return msg, nil
}

// refusal says what a failure means. Only the codes of an answer are kept: its
// words can hold the address.
func refusal(err error) *Refusal {
	var said *gomail.SendError
	if !errors.As(err, &said) {
		return &Refusal{tracker.Unreachable, "the connection was lost before the message"}
	}
	code, reason := said.ErrorCode(), ""
	if code != 0 {
		reason = strconv.Itoa(code)
		if status := said.EnhancedStatusCode(); status != "" {
			reason += " " + status
		}
	}
	permanent := code >= 500
	switch said.Reason {
	case gomail.ErrSMTPRcptTo:
		if permanent && code != 552 { // which is a full mailbox
			return &Refusal{tracker.NoMailbox, "the server does not take mail for the address: " + reason}
		}
	case gomail.ErrSMTPDataClose:
		if code == 0 {
			return &Refusal{tracker.Unanswered, "the whole message went out and no answer came"}
		}
	}
	switch {
	case permanent:
		return &Refusal{tracker.Refused, "the server refused it: " + reason}
	case code != 0:
		return &Refusal{tracker.NotNow, "the server did not take it now: " + reason}
	}
	return &Refusal{tracker.Unreachable, "the connection was lost before the end of the message"}
}
