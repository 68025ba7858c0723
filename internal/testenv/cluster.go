package testenv

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// watch starts the server and stays beside it: when the pipe on its standard
// input closes, because it was asked to or because the tests are gone however
// they ended, it stops the server and removes the directory.
const watch = `
dir=$1; shift
"$@" </dev/null >"$dir/log" 2>&1 &
cat >/dev/null
kill -INT $!
wait $!
rm -rf "$dir"
`

// patience is how long a server may take to answer first.
const patience = time.Minute

// Cluster is a running private PostgreSQL cluster.
type Cluster struct {
	URL     string // postgres://… of its empty default database, as superuser
	dir     string
	server  func() *exec.Cmd // the watcher with the server
	watcher *exec.Cmd
	alive   io.Closer // the watcher's standard input
}

// Start makes a cluster and returns when it answers. It works as root too: the
// server, which refuses to be root, then runs as postgres or nobody.
//
// It is made for tests: it promises speed, not to keep anything, unless settings
// of the server such as "fsync=on" say otherwise.
func Start(settings ...string) (*Cluster, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	owner, err := unprivileged()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "testenv-")
	if err != nil {
		return nil, fmt.Errorf("make a directory for the test cluster: %w", err)
	}
	c, err := start(bin, dir, owner, settings)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return c, nil
}

// Stop ends the server and removes its data.
func (c *Cluster) Stop() error {
	return errors.Join(c.alive.Close(), c.watcher.Wait())
}

func start(bin, dir string, owner *syscall.Credential, settings []string) (*Cluster, error) {
	password := rand.Text()
	if err := initialise(bin, dir, password, owner); err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	args := []string{"-c", watch, "sh", dir, filepath.Join(bin, "postgres"), "-D", filepath.Join(dir, "data"), "-p", port, "-k", dir}
	for _, setting := range slices.Concat([]string{"listen_addresses=127.0.0.1", "fsync=off", "full_page_writes=off", "max_connections=300", "timezone=Pacific/Kiritimati"}, settings) {
		args = append(args, "-c", setting)
	}
	c := &Cluster{
		URL: fmt.Sprintf("postgres://postgres:%s@127.0.0.1:%s/postgres?sslmode=disable", password, port), dir: dir,
		server: func() *exec.Cmd { return command(dir, owner, "sh", args...) },
	}
	return c, c.Revive()
}

// Crash kills every process of the server at once, as if its machine had died.
// What it had written is there when it is revived, for this machine lives on.
func (c *Cluster) Crash() error {
	text, err := os.ReadFile(filepath.Join(c.dir, "data", "postmaster.pid"))
	if err != nil {
		return fmt.Errorf("find the test cluster: %w", err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	children, err := os.ReadFile(filepath.Join("/proc", first, "task", first, "children"))
	if err != nil {
		return fmt.Errorf("find the processes of the test cluster: %w", err)
	}
	pids := make([]int, 0, 16)
	for _, field := range append([]string{first}, strings.Fields(string(children))...) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			return fmt.Errorf("find the processes of the test cluster: %w", err)
		}
		pids = append(pids, pid)
	}
	err = syscall.Kill(-c.watcher.Process.Pid, syscall.SIGKILL) // with the server, but not its children
	for _, pid := range pids {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may be gone already
	}
	_ = c.watcher.Wait() // it was killed; this closes its pipe
	for _, pid := range pids {
		for deadline := time.Now().Add(patience); syscall.Kill(pid, 0) == nil; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				return fmt.Errorf("process %d of the test cluster does not die", pid)
			}
		}
	}
	return err
}

// Revive starts the server after a crash, on what it has left, and returns when
// it answers.
func (c *Cluster) Revive() error {
	c.watcher = c.server()
	var err error
	if c.alive, err = c.watcher.StdinPipe(); err != nil {
		return fmt.Errorf("make a pipe to the test cluster: %w", err)
	}
	if err := c.watcher.Start(); err != nil {
		return fmt.Errorf("start the test cluster: %w", err)
	}
	if err := c.await(); err != nil {
		output, _ := os.ReadFile(filepath.Join(c.dir, "log")) // without it the error still says what failed
		return errors.Join(fmt.Errorf("the test cluster does not answer: %w\n%s", err, output), c.Stop())
	}
	return nil
}

// initialise makes the data directory. Connections need a password even here:
// a superuser without one is an open door for everyone else on the machine.
func initialise(bin, dir, password string, owner *syscall.Credential) error {
	secret := filepath.Join(dir, "password")
	if err := os.WriteFile(secret, []byte(password), 0o600); err != nil {
		return fmt.Errorf("write the password of the test cluster: %w", err)
	}
	if owner != nil {
		for _, path := range []string{dir, secret} {
			if err := os.Chown(path, int(owner.Uid), int(owner.Gid)); err != nil {
				return fmt.Errorf("hand the test cluster to its user: %w", err)
			}
		}
	}
	initdb := command(dir, owner, filepath.Join(bin, "initdb"), "-D", filepath.Join(dir, "data"), "--no-sync",
		"-U", "postgres", "-A", "scram-sha-256", "--pwfile", secret, "--locale=C", "-E", "UTF8")
	if output, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("make a test cluster: %w\n%s", err, output)
	}
	return nil
}

// await returns when the server answers and is new enough.
func (c *Cluster) await() error {
	deadline := time.Now().Add(patience)
	for {
		err := execute(c.URL, "DO $$ BEGIN ASSERT current_setting('server_version_num')::int >= 150000, 'PostgreSQL 15 or newer is needed'; END $$")
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// command runs as owner, in a process group of its own, so that a Ctrl-C meant
// for the tests does not take the server away under them.
func command(dir string, owner *syscall.Credential, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: owner}
	return cmd
}

// programs returns the directory of the newest PostgreSQL that is installed:
// Debian keeps the server's programs out of PATH, one directory per version.
func programs() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", fmt.Errorf("look for PostgreSQL: %w", err)
	}
	if len(found) > 0 {
		newest := slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })
		return filepath.Dir(newest), nil
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		return "", errors.New("PostgreSQL 15 or newer is not installed: apt-get install postgresql, or make setup as root")
	}
	return filepath.Dir(path), nil
}

// version reads 15 out of /usr/lib/postgresql/15/bin/initdb; what is no number
// sorts first.
func version(initdb string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(initdb))))
	return n
}

// unprivileged returns whom the server runs as when we are root, else nil.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		u, err = user.Lookup("nobody")
	}
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL does not run as root, and there is neither a user postgres nor nobody: %w", err)
	}
	uid, errUID := strconv.ParseUint(u.Uid, 10, 32)
	gid, errGID := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(errUID, errGID)
}

func freePort() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	return port, errors.Join(err, listener.Close())
}
