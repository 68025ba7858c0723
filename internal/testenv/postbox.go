package testenv

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"strings"
	"sync"
	"testing"
	"time"
)

// Manners are how a mail server answers, by recipient: each is the reply to the
// command it names, "" for the usual one. "hang" never answers, "drop" hangs up.
// With a status such as 5.1.1 for back it takes the mail, which then comes back.
type Manners struct {
	Rcpt, Data, Dot, Back string
}

// Postbox is a small mail server that keeps what it was given.
type Postbox struct {
	listener net.Listener
	mu       sync.Mutex
	mails    []Mailed
	manners  map[string]Manners
	hung     chan struct{} // closed at the end of the test
}

// Mailed is a message as it came.
type Mailed struct {
	From, To string
	Data     string
}

// NewPostbox starts a mail server that stops with the test.
func NewPostbox(t testing.TB) *Postbox {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Postbox{listener: listener, manners: map[string]Manners{}, hung: make(chan struct{})}
	var open sync.WaitGroup
	open.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			open.Go(func() { p.serve(conn) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		close(p.hung)
		open.Wait()
	})
	return p
}

// Port is where it listens on 127.0.0.1.
func (p *Postbox) Port() int { return p.listener.Addr().(*net.TCPAddr).Port }

// Behave has it answer so to mails to an address.
func (p *Postbox) Behave(to string, m Manners) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.manners[to] = m
}

// Got is what has come so far.
func (p *Postbox) Got() []Mailed {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Mailed{}, p.mails...)
}

func (p *Postbox) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	go func() { <-p.hung; _ = conn.Close() }()
	in := bufio.NewReader(conn)
	say := func(line string) bool { return p.say(conn, line) }
	var m Mailed
	var how Manners
	or := func(special, usual string) string {
		if special != "" {
			return special
		}
		return usual
	}
	for ok := say("220 postbox ready"); ok; {
		_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch verb = strings.ToUpper(verb); {
		case strings.HasPrefix(verb, "EHLO"):
			ok = say("250-postbox\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES")
		case verb == "MAIL FROM":
			m = Mailed{From: strings.Trim(strings.Fields(rest)[0], "<>")}
			ok = say("250 2.1.0 ok")
		case verb == "RCPT TO":
			m.To = strings.Trim(strings.Fields(rest)[0], "<>")
			p.mu.Lock()
			how = p.manners[m.To]
			p.mu.Unlock()
			ok = say(or(how.Rcpt, "250 2.1.5 ok"))
		case verb == "DATA":
			if special := how.Data; special != "" {
				ok = say(special)
				continue
			}
			ok = say("354 go on") && p.read(in, &m, how.Back)
			if ok {
				ok = say(or(how.Dot, "250 2.0.0 taken"))
			}
		case verb == "QUIT":
			_ = say("221 2.0.0 bye")
			return
		default:
			ok = say("250 2.0.0 ok")
		}
	}
}

// say answers a line, and reports whether the conversation goes on.
func (p *Postbox) say(conn net.Conn, line string) bool {
	switch line {
	case "hang":
		<-p.hung
		return false
	case "drop":
		return false
	}
	_, err := conn.Write([]byte(line + "\r\n"))
	return err == nil
}

// read reads a message to its dot and keeps it, with what comes back of it.
func (p *Postbox) read(in *bufio.Reader, m *Mailed, back string) bool {
	var data strings.Builder
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		data.WriteString(strings.TrimPrefix(line, "."))
	}
	m.Data = data.String()
	p.mu.Lock()
	defer p.mu.Unlock()
	if back != "" {
		head, _, _ := strings.Cut(m.Data, "\r\n\r\n")
		p.mails = append(p.mails, Mailed{To: m.From, Data: "Subject: Undelivered\r\n\r\nStatus: " + back + "\r\n\r\n" + head})
		return true
	}
	p.mails = append(p.mails, *m)
	return true
}

// Letter is a mail as a mail program reads it.
type Letter struct {
	netmail.Header
	Subject, Text, HTML string
}

// ReadMail reads what came, and fails where it is not a text and the same in HTML.
func ReadMail(t testing.TB, m Mailed) Letter {
	t.Helper()
	msg, err := netmail.ReadMessage(strings.NewReader(m.Data))
	if err != nil {
		t.Fatalf("%v in\n%s", err, m.Data)
	}
	l := Letter{Header: msg.Header}
	if l.Subject, err = new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject")); err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("the mail is %s (%v)", kind, err)
	}
	parts := multipart.NewReader(msg.Body, params["boundary"])
	var kinds []string
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil || part.Header.Get("Content-Transfer-Encoding") != "quoted-printable" {
			t.Fatalf("a part in %s: %v", part.Header.Get("Content-Transfer-Encoding"), err)
		}
		kinds = append(kinds, part.Header.Get("Content-Type"))
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/html") {
			l.HTML = string(body)
		} else {
			l.Text = string(body)
		}
	}
	if fmt.Sprint(kinds) != "[text/plain; charset=UTF-8 text/html; charset=UTF-8]" {
		t.Errorf("parts: %v", kinds)
	}
	return l
}
