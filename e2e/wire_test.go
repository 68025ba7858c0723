package e2e_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// raw sends bytes as they are and returns the status lines of what comes back
// until the server closes the connection.
func (s *site) raw(pieces ...string) string {
	s.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		s.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(2 * patience)); err != nil {
		s.Fatal(err)
	}
	go func() {
		for _, piece := range pieces {
			_, _ = io.WriteString(conn, piece) // the server may have hung up by then
		}
	}()
	var statuses []string
	reader := bufio.NewReader(conn)
	for {
		answer, err := http.ReadResponse(reader, nil)
		if err != nil {
			return strings.Join(statuses, " ")
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
		statuses = append(statuses, fmt.Sprint(answer.StatusCode))
	}
}

func TestRequestsThatCanBeReadInTwoWaysAreNotTaken(t *testing.T) {
	t.Parallel()
	s := newSite(t, "ASSENT_SERVER_READ_HEADER_TIMEOUT=1s", "ASSENT_SERVER_READ_TIMEOUT=2s", "ASSENT_SERVER_IDLE_TIMEOUT=1s").start("demo", "--empty")
	const host, hidden = "Host: terms.example.org\r\n", "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
	form := "POST /t/c HTTP/1.1\r\n" + host + "Content-Type: application/x-www-form-urlencoded\r\n"
	last := "Connection: close\r\n\r\n"
	for name, tc := range map[string]struct{ send, want string }{
		"the control":                 {"GET /healthz HTTP/1.1\r\n" + host + last, "200"},
		"two lengths":                 {form + "Content-Length: 3\r\nContent-Length: 4\r\n" + last + "a=b", "400"},
		"a length and chunks":         {form + "Content-Length: 40\r\nTransfer-Encoding: chunked\r\n" + last + "0\r\n\r\n" + hidden, "401"},
		"a length below zero":         {form + "Content-Length: -1\r\n" + last, "400"},
		"a length with a plus":        {form + "Content-Length: +3\r\n" + last + "a=b", "400"},
		"two encodings":               {form + "Transfer-Encoding: chunked, identity\r\n" + last + "0\r\n\r\n", "501"},
		"an encoding nobody knows":    {form + "Transfer-Encoding: xchunked\r\n" + last + "0\r\n\r\n", "501"},
		"a header that goes on":       {"GET /healthz HTTP/1.1\r\n" + host + "X-A: a\r\n b\r\n" + last, "200"}, // as one line, RFC 9112 5.2
		"a space before the colon":    {"GET /healthz HTTP/1.1\r\n" + host + "Content-Length : 0\r\n" + last, "400"},
		"a bare CR":                   {"GET /healthz HTTP/1.1\r\n" + host + "X-A: a\rb\r\n" + last, "400"},
		"a zero byte":                 {"GET /healthz HTTP/1.1\r\n" + host + "X-A: a\x00b\r\n" + last, "400"},
		"two hosts":                   {"GET /healthz HTTP/1.1\r\n" + host + "Host: evil.example\r\n" + last, "400"},
		"no host":                     {"GET /healthz HTTP/1.1\r\n" + last, "400"},
		"a chunk with a false size":   {form + "Transfer-Encoding: chunked\r\n" + last + "zz\r\n", "400"},
		"another protocol":            {"GET /healthz HTTP/9.9\r\n" + host + last, "505"},
		"the beginning of HTTP/2":     {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "404"},
		"a megabyte of one header":    {"GET /healthz HTTP/1.1\r\n" + host + "X-A: " + strings.Repeat("a", 1<<20) + "\r\n" + last, "431"},
		"a hundred thousand headers":  {"GET /healthz HTTP/1.1\r\n" + host + strings.Repeat("X-A: a\r\n", 100_000) + last, "431"},
		"a megabyte of address":       {"GET /" + strings.Repeat("a", 1<<20) + " HTTP/1.1\r\n" + host + last, "431"},
		"headers that never end":      {"GET /healthz HTTP/1.1\r\n" + host + "X-A: ", ""},
		"a body that never ends":      {form + "Content-Length: 100\r\n" + last + "a=", "400"},
		"nothing, for too long":       {"", ""},
		"an endless chunk of comment": {form + "Transfer-Encoding: chunked\r\n" + last + "1;" + strings.Repeat("x", 64<<10) + "\r\na\r\n0\r\n\r\n", "400"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := s.in(t).raw(tc.send); got != tc.want {
				t.Errorf("answered %q, want %q", got, tc.want)
			}
		})
	}
}
