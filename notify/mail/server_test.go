package mail_test

import (
	"bufio"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// manners are how a mail server answers, by recipient: each is the reply to the
// command it names, "" for the usual one. "hang" never answers, "drop" hangs up.
// With a status such as 5.1.1 for back it takes the mail, which then comes back.
type manners struct {
	rcpt, data, dot, back string
}

// postbox is a small mail server that keeps what it was given.
type postbox struct {
	listener net.Listener
	mu       sync.Mutex
	mails    []mailed
	manners  map[string]manners
	hung     chan struct{} // closed at the end of the test
}

// mailed is a message as it came.
type mailed struct {
	from, to string
	data     string
}

func newPostbox(t *testing.T) *postbox {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &postbox{listener: listener, manners: map[string]manners{}, hung: make(chan struct{})}
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

func (p *postbox) port() int { return p.listener.Addr().(*net.TCPAddr).Port }

func (p *postbox) behave(to string, m manners) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.manners[to] = m
}

// got is what has come so far.
func (p *postbox) got() []mailed {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]mailed{}, p.mails...)
}

func (p *postbox) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	go func() { <-p.hung; _ = conn.Close() }()
	in := bufio.NewReader(conn)
	say := func(line string) bool {
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
	var m mailed
	var how manners
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
			m = mailed{from: strings.Trim(strings.Fields(rest)[0], "<>")}
			ok = say("250 2.1.0 ok")
		case verb == "RCPT TO":
			m.to = strings.Trim(strings.Fields(rest)[0], "<>")
			p.mu.Lock()
			how = p.manners[m.to]
			p.mu.Unlock()
			ok = say(or(how.rcpt, "250 2.1.5 ok"))
		case verb == "DATA":
			if special := how.data; special != "" {
				ok = say(special)
				continue
			}
			ok = say("354 go on") && p.read(in, &m, how.back)
			if ok {
				ok = say(or(how.dot, "250 2.0.0 taken"))
			}
		case verb == "QUIT":
			_ = say("221 2.0.0 bye")
			return
		default:
			ok = say("250 2.0.0 ok")
		}
	}
}

// read reads a message to its dot and keeps it, with what comes back of it.
func (p *postbox) read(in *bufio.Reader, m *mailed, back string) bool {
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
	m.data = data.String()
	p.mu.Lock()
	defer p.mu.Unlock()
	if back != "" {
		head, _, _ := strings.Cut(m.data, "\r\n\r\n")
		p.mails = append(p.mails, mailed{to: m.from, data: "Subject: Undelivered\r\n\r\nStatus: " + back + "\r\n\r\n" + head})
		return true
	}
	p.mails = append(p.mails, *m)
	return true
}

// muteLine leads to a mail server. From the first message on it swallows what the
// server answers.
type muteLine struct {
	net.Listener
	swallowed chan struct{} // closed once the server has answered to a whole message
}

func newMuteLine(t *testing.T, to int) *muteLine {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &muteLine{listener, make(chan struct{})}
	var open sync.WaitGroup
	t.Cleanup(func() { _ = listener.Close(); open.Wait() })
	open.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := new(net.Dialer).DialContext(t.Context(), "tcp", "127.0.0.1:"+strconv.Itoa(to))
			if err != nil {
				_ = client.Close()
				continue
			}
			open.Go(func() { l.carry(client, server) })
		}
	})
	return l
}

func (l *muteLine) port() int { return l.Addr().(*net.TCPAddr).Port }

func (l *muteLine) carry(client, server net.Conn) {
	var whole atomic.Bool
	go func() {
		defer func() { _ = server.Close() }()
		in := bufio.NewReader(client)
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			if line == ".\r\n" {
				whole.Store(true)
			}
			if _, err := server.Write([]byte(line)); err != nil {
				return
			}
		}
	}()
	defer func() { _ = client.Close() }()
	in := bufio.NewReader(server)
	for {
		line, err := in.ReadString('\n')
		switch {
		case err != nil:
			return
		case whole.Load():
			close(l.swallowed)
			_, _ = in.ReadString('\n') // until the client is gone
			return
		}
		if _, err := client.Write([]byte(line)); err != nil {
			return
		}
	}
}
