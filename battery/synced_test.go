package battery_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestEachChoiceIsOnTheDiskBeforeItIsAcknowledged watches the system calls of a
// server: between the first write of a choice into the log of SQLite and the
// answer that acknowledges it, that log was synced. Killing a process cannot show
// this, for what it wrote outlives it. The control is the same program with one
// setting changed, which must be found out.
func TestEachChoiceIsOnTheDiskBeforeItIsAcknowledged(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("strace"); err != nil {
		t.Fatal("strace is missing: install strace")
	}
	if output, err := exec.Command("strace", "-o", os.DevNull, "true").CombinedOutput(); err != nil {
		t.Skipf("this machine lets nobody watch system calls, so nothing is seen here: %v\n%s", err, output)
	}
	for name, binary := range map[string]func(*testing.T) string{"as it is": func(*testing.T) string { return program }, "not syncing": hasty} {
		t.Run(name, func(t *testing.T) {
			command := binary(t)
			const people = 60
			c, v := newChoosers(t, "sqlite:"+filepath.Join(t.TempDir(), "assent.db"), people)
			v.signal(syscall.SIGTERM)
			<-v.ended
			file := filepath.Join(t.TempDir(), "calls")
			v = c.startBy([]string{
				"strace", "-I", "waiting", "-f", "-yy", "-s", "16384", "-e", "trace=fsync,fdatasync,write,writev,pwrite64", "-o", file,
				"setpriv", "--pdeathsig", "KILL", command, // strace leaves it alone when it is killed itself
			})
			stop := c.load(people, true)
			c.eventually("all have answered", 5*time.Minute, func() bool {
				c.mu.Lock()
				defer c.mu.Unlock()
				return len(c.acked) == people
			})
			stop()
			v.signal(syscall.SIGTERM) // strace passes it on
			<-v.ended
			text, err := os.ReadFile(file)
			must(t, err)
			calls, early := calls(strings.Split(string(text), "\n")), 0
			for person, one := range c.acked {
				written, answered := calls.first(one.ID, "-wal"), calls.first(one.ID, "HTTP/1.1 201")
				if written < 0 || answered < 0 {
					t.Fatalf("the choice of %s was seen written at %d and answered at %d of %d calls", person, written, answered, len(calls))
				}
				if !calls.synced(written, answered) {
					early++
				}
			}
			t.Logf("%d of %d choices were acknowledged before they were on the disk", early, people)
			if lost := name != "as it is"; lost && early < people/2 || !lost && early > 0 {
				t.Errorf("%d of %d choices were acknowledged before they were on the disk", early, people)
			}
		})
	}
}

// hasty builds the program as it would be if SQLite did not sync at each commit.
func hasty(t *testing.T) string {
	t.Helper()
	const source, full, normal = "../models/sqlite_open.go", `synchronous := "2"`, `synchronous := "1"`
	text, err := os.ReadFile(source)
	must(t, err)
	if bytes.Count(text, []byte(full)) != 1 {
		t.Fatalf("%s does not say %s: teach this test where it is set", source, full)
	}
	dir := t.TempDir()
	other, overlay, binary := filepath.Join(dir, "other.go"), filepath.Join(dir, "overlay.json"), filepath.Join(dir, "assent")
	must(t, os.WriteFile(other, bytes.Replace(text, []byte(full), []byte(normal), 1), 0o600))
	path, err := filepath.Abs(source)
	must(t, err)
	data, err := json.Marshal(map[string]any{"Replace": map[string]string{path: other}})
	must(t, err)
	must(t, os.WriteFile(overlay, data, 0o600))
	if output, err := exec.Command("go", "build", "-overlay", overlay, "-o", binary, "assent").CombinedOutput(); err != nil {
		t.Fatalf("build the control: %v\n%s", err, output)
	}
	return binary
}

// calls are system calls in the order in which they began and ended: a call
// that others came between has two lines.
type calls []string

// first is the place of the first call that has both texts, -1 for none.
func (c calls) first(texts ...string) int {
	for i, line := range c {
		if strings.Contains(line, texts[0]) && strings.Contains(line, texts[1]) {
			return i
		}
	}
	return -1
}

// synced reports whether a sync of the log began and ended well between two
// places.
func (c calls) synced(from, to int) bool {
	began := map[string]bool{} // by thread
	for _, line := range c[from+1 : to] {
		thread, call, _ := strings.Cut(line, " ")
		call = strings.TrimSpace(call)
		switch {
		case !syncing.MatchString(call):
		case strings.HasSuffix(call, "<unfinished ...>"):
			began[thread] = strings.Contains(call, "-wal>")
		case strings.HasSuffix(call, "= 0") && (began[thread] || strings.Contains(call, "-wal>")):
			return true
		}
	}
	return false
}

var syncing = regexp.MustCompile(`^(<\.\.\. )?f(data)?sync`)
