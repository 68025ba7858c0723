package e2e_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"assent/internal/testenv"
)

const (
	// key is the bootstrap key of every site.
	key = "key-of-the-end-to-end-tests"
	// patience is how long a test waits for what must happen, on a machine that
	// has other things to do.
	patience = 30 * time.Second
)

// site is a place to run the program in: a directory, an address, settings.
// A server that is still running when the test ends is stopped, and whatever
// it has ever logged is held against what a log must not have.
type site struct {
	testing.TB
	url      string
	settings []string // NAME=value
	dir      string
	server   *server // the running one, or the last
	troubled bool    // something goes wrong on purpose, of which the log may speak
}

// newSite runs with the program's own database, or with settings.
func newSite(t testing.TB, settings ...string) *site {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	s := &site{TB: t, url: "http://" + address, dir: t.TempDir()}
	s.settings = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "TMPDIR=" + s.dir,
		"ASSENT_SERVER_LISTEN=" + address, "ASSENT_SERVER_PUBLIC_URL=" + s.url, "ASSENT_BOOTSTRAP_KEY=" + key,
	}, settings...)
	return s
}

// in is the same site for a subtest.
func (s *site) in(t *testing.T) *site {
	view := *s
	view.TB = t
	return &view
}

// with is the same site with a setting more, or changed.
func (s *site) with(settings ...string) *site {
	s.settings = append(s.settings, settings...) // of two values for a name, the last one counts
	return s
}

// onEveryDatabase runs a test on both engines; settings names the database,
// which is empty.
func onEveryDatabase(t *testing.T, test func(t *testing.T, setting string)) {
	t.Helper()
	for name, url := range map[string]func(t *testing.T) string{
		"SQLite":     func(t *testing.T) string { t.Helper(); return "sqlite:" + t.TempDir() + "/assent.db" },
		"PostgreSQL": func(t *testing.T) string { t.Helper(); return testenv.Postgres(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, "ASSENT_DATABASE_URL="+url(t))
		})
	}
}

// server is one run of the program.
type server struct {
	*exec.Cmd
	log   testenv.Log // what it wrote to standard error
	ended chan struct{}
	err   error // of the exit, once ended
}

// command is the program with arguments, in the site's directory.
func (s *site) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Env = s.dir, s.settings
	return cmd
}

// start starts a server and returns when it is ready.
func (s *site) start(args ...string) *site {
	s.Helper()
	v := &server{Cmd: s.command(context.Background(), args...), ended: make(chan struct{})}
	v.Stderr = &v.log
	v.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // tests that are cut short leave nothing behind
	if err := v.Start(); err != nil {
		s.Fatal(err)
	}
	go func() { v.err = v.Wait(); close(v.ended) }()
	s.server = v
	s.Cleanup(func() { s.leave(v) })
	s.eventually("the server is ready", func() bool {
		select {
		case <-v.ended:
			s.Fatalf("%s ended: %v\n%s", strings.Join(args, " "), v.err, &v.log)
		default:
		}
		answer, err := http.Get(s.url + "/readyz")
		return err == nil && answer.Body.Close() == nil && answer.StatusCode == http.StatusOK
	})
	return s
}

// leave stops the server if it still runs, and reads its log.
func (s *site) leave(v *server) {
	select {
	case <-v.ended:
	default:
		s.stop()
	}
	log := v.log.String()
	for _, never := range []string{"level=ERROR", "panic", "DATA RACE", key, secret} {
		if strings.Contains(log, never) && (never != "level=ERROR" || !s.troubled) {
			s.Errorf("the log has %q:\n%s", never, log)
		}
	}
}

// stop asks the server to end, which it does in time and without complaint.
func (s *site) stop() {
	s.Helper()
	if err := s.server.Process.Signal(syscall.SIGTERM); err != nil {
		s.Error(err)
	}
	select {
	case <-s.server.ended:
		if s.server.err != nil {
			s.Errorf("stopping: %v\n%s", s.server.err, &s.server.log)
		}
	case <-time.After(patience):
		s.kill()
		s.Errorf("the server does not stop:\n%s", &s.server.log)
	}
}

// kill ends the server as a power cut would.
func (s *site) kill() {
	s.Helper()
	if err := s.server.Process.Kill(); err != nil {
		s.Error(err)
	}
	<-s.server.ended
}

// refuses runs a command that has to fail with an exit code, and says each of
// the words on standard error.
func (s *site) refuses(code int, args []string, words ...string) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	cmd := s.command(ctx, args...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	err := cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != code {
		s.Errorf("assent %s: %v, want exit code %d\n%s", strings.Join(args, " "), err, code, &said)
	}
	for _, word := range words {
		if !strings.Contains(said.String(), word) {
			s.Errorf("assent %s does not say %q:\n%s", strings.Join(args, " "), word, &said)
		}
	}
}

// runs runs a command that has to succeed, and returns what it says.
func (s *site) runs(args ...string) string {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	cmd := s.command(ctx, args...)
	var failure bytes.Buffer
	cmd.Stderr = &failure
	out, err := cmd.Output()
	if err != nil {
		s.Fatalf("assent %s: %v\n%s%s", strings.Join(args, " "), err, out, &failure)
	}
	return string(out)
}

// eventually waits until something holds.
func (s *site) eventually(what string, holds func() bool) {
	s.Helper()
	s.within(patience, what, holds)
}

// within waits until something holds, for at most a time.
func (s *site) within(limit time.Duration, what string, holds func() bool) {
	s.Helper()
	begun := time.Now()
	for !holds() {
		if time.Since(begun) > limit {
			s.Fatalf("within %s it did not happen that %s", limit, what)
		}
		time.Sleep(10 * time.Millisecond)
	}
	if limit < patience { // a promise that is worth reading
		s.Logf("%s after %s", what, time.Since(begun).Round(time.Millisecond))
	}
}
