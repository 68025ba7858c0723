package mail_test

import (
	"bufio"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"assent/internal/testenv"
)

type (
	manners = testenv.Manners
	mailed  = testenv.Mailed
)

// postbox is the small mail server.
type postbox struct{ *testenv.Postbox }

func newPostbox(t *testing.T) *postbox {
	t.Helper()
	return &postbox{testenv.NewPostbox(t)}
}

func (p *postbox) port() int                   { return p.Port() }
func (p *postbox) behave(to string, m manners) { p.Behave(to, m) }
func (p *postbox) got() []mailed               { return p.Got() }

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
