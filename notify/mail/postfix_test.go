package mail_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	netmail "net/mail"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"assent/notify/mail"
)

// server is a mail server that takes what is sent, and can be opened and read.
type server interface {
	reach(*mail.Server) // fills in where it is and how it is spoken to
	port() int
	behave(to string, m manners)
	got() []mailed // so far, as they lie in the mailboxes
}

// withPostfix says in the environment that the tests use a Postfix too, and not only the small server of theirs.
const withPostfix = "ASSENT_POSTFIX"

// servers are those to hold a sentence for.
func servers() map[string]func(*testing.T) server {
	list := map[string]func(*testing.T) server{"small": func(t *testing.T) server { return newPostbox(t) }}
	if os.Getenv(withPostfix) != "" {
		list["postfix"] = func(t *testing.T) server { return newPostfix(t) }
	}
	return list
}

func (p *postbox) reach(s *mail.Server) { s.Port = p.port() }

// postfix is Debian's mail server in a directory of its own, which keeps the mail
// of our domains in mailboxes there. It is spoken to with STARTTLS.
type postfix struct {
	testing.TB
	dir    string
	number int
	roots  *x509.CertPool
	beyond *postbox // where it relays what will come back
	mu     sync.Mutex
	how    map[string]manners
}

// postfixMain is its configuration. A process that answers serves one line, so
// that the next looks into the tables again.
const postfixMain = `compatibility_level = 3.6
queue_directory = %[1]s/queue
data_directory = %[1]s/data
maillog_file = %[1]s/log
maillog_file_prefixes = %[1]s
myhostname = relay.harbor.example
mydestination =
inet_protocols = ipv4
mynetworks = 127.0.0.1/32
smtpd_tls_security_level = may
smtpd_tls_chain_files = %[1]s/tls.pem
smtpd_recipient_restrictions = check_recipient_access texthash:%[1]s/refused, permit_mynetworks, reject
transport_maps = texthash:%[1]s/back
virtual_mailbox_domains = example.org harbor.example
virtual_mailbox_base = %[1]s/mail
virtual_mailbox_maps = static:all/
virtual_uid_maps = static:%[2]s
virtual_gid_maps = static:%[3]s
alias_maps =
max_use = 1
`

const postfixMaster = `127.0.0.1:%d inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
proxymap unix - - n - - proxymap
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
virtual unix - n n - - virtual
smtp unix - - n - - smtp
error unix - - n - - error
postlog unix-dgram n - n - 1 postlogd
`

func newPostfix(t *testing.T) *postfix {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("Postfix changes the users it runs as: only root can start it")
	}
	owner, err := user.Lookup("postfix")
	if err != nil {
		t.Fatalf("%v: apt-get install postfix, or .ci/setup long as root", err)
	}
	dir, err := os.MkdirTemp("", "postfix-") // the names of its sockets have to be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	p := &postfix{TB: t, dir: dir, beyond: newPostbox(t), how: map[string]manners{}}
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.Chmod(dir, 0o755)) // its processes are no longer root
	for _, name := range []string{"conf", "queue", "data", "mail"} {
		must(os.Mkdir(filepath.Join(dir, name), 0o755))
	}
	uid, err := strconv.Atoi(owner.Uid)
	must(err)
	must(os.Chown(filepath.Join(dir, "data"), uid, -1))
	must(os.Chown(filepath.Join(dir, "mail"), uid, -1))
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(err)
	p.number = listener.Addr().(*net.TCPAddr).Port
	must(listener.Close())
	p.write("conf/main.cf", fmt.Sprintf(postfixMain, dir, owner.Uid, owner.Gid))
	p.write("conf/master.cf", fmt.Sprintf(postfixMaster, p.number))
	p.certify()
	p.behave("", manners{})
	p.start()
	return p
}

func (p *postfix) write(name, text string) {
	p.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o644); err != nil {
		p.Fatal(err)
	}
}

// certify gives it a certificate that only this test trusts.
func (p *postfix) certify() {
	p.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		p.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		p.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		p.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})
	p.write("tls.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))+string(public))
	p.roots = x509.NewCertPool()
	p.roots.AppendCertsFromPEM(public)
}

// start returns when it answers, and ends it with the test.
func (p *postfix) start() {
	p.Helper()
	conf := filepath.Join(p.dir, "conf")
	if output, err := exec.CommandContext(p.Context(), "postfix", "-c", conf, "check").CombinedOutput(); err != nil {
		p.Fatalf("%v: apt-get install postfix, or .ci/setup long as root\n%s", err, output)
	}
	master := exec.Command("/usr/lib/postfix/sbin/master", "-c", conf, "-d")
	master.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // it ends its processes as a group
	if err := master.Start(); err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() {
		_ = master.Process.Signal(syscall.SIGTERM) // which it hands on to its processes
		_ = master.Wait()
		if p.Failed() {
			log, _ := os.ReadFile(filepath.Join(p.dir, "log"))
			p.Logf("Postfix:\n%s", log)
		}
	})
	p.until("it answers", func() bool {
		conn, err := new(net.Dialer).DialContext(p.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", p.number))
		return err == nil && conn.Close() == nil
	})
}

func (p *postfix) until(what string, is func() bool) {
	p.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.Fatalf("it never came to this: %s", what)
		}
	}
}

func (p *postfix) reach(s *mail.Server) {
	s.Port, s.TLS, s.Roots = p.number, "starttls", &tls.Config{RootCAs: p.roots, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS12}
	s.Timeout = 30 * time.Second
}

func (p *postfix) port() int { return p.number }

// behave knows refusing a recipient, and taking what then comes back.
func (p *postfix) behave(to string, m manners) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.how[to] = m
	var refused, back strings.Builder
	for to, m := range p.how {
		if m.Rcpt != "" {
			fmt.Fprintln(&refused, to, m.Rcpt)
		}
		if m.Back != "" {
			p.beyond.behave(to, manners{Rcpt: "550 " + m.Back + " no such mailbox"})
			fmt.Fprintf(&back, "%s smtp:[127.0.0.1]:%d\n", to, p.beyond.port())
		}
	}
	p.write("refused", refused.String())
	p.write("back", back.String())
}

// got waits until its queue is empty.
func (p *postfix) got() []mailed {
	p.Helper()
	p.until("every mail is delivered", func() bool {
		once := p.idle()
		return p.idle() && once // what comes back is queued before what it is about leaves
	})
	files, err := filepath.Glob(filepath.Join(p.dir, "mail", "all", "new", "*"))
	if err != nil {
		p.Fatal(err)
	}
	var list []mailed
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			p.Fatal(err)
		}
		msg, err := netmail.ReadMessage(strings.NewReader(string(data)))
		if err != nil {
			p.Fatal(err)
		}
		list = append(list, mailed{From: strings.Trim(msg.Header.Get("Return-Path"), "<>"), To: msg.Header.Get("X-Original-To"), Data: string(data)})
	}
	return list
}

// idle looks whether there is nothing in its queue, in the order in which mail
// goes through it.
func (p *postfix) idle() bool {
	return !slices.ContainsFunc([]string{"maildrop", "incoming", "active", "deferred"}, func(name string) bool {
		entries, err := os.ReadDir(filepath.Join(p.dir, "queue", name))
		return err != nil || len(entries) > 0
	})
}
