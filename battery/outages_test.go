package battery_test

import (
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"assent/internal/testenv"
	"assent/models"
)

// unavailable waits until choices are refused, and sees that what is asked often
// is answered all the same, and takes nothing from anybody.
func (c *choosers) unavailable() {
	c.t.Helper()
	refused := func() int { c.mu.Lock(); defer c.mu.Unlock(); return c.answers[http.StatusServiceUnavailable] }
	before := refused()
	c.eventually("choices are refused", 2*time.Minute, func() bool { return refused() > before+clients })
	status, answer, _, err := c.send("POST", "/access/v1/evaluation",
		`{"subject":{"type":"person","id":"`+chooser(0)+`"},"action":{"name":"messages.send"},"resource":{"type":"chat","id":"1"}}`, "")
	if err != nil || status != http.StatusOK || string(answer[:16]) != `{"decision":true` {
		c.t.Errorf("meanwhile a decision is %d %s, %v", status, answer, err)
	}
}

// recovers waits until choices are taken and the server calls itself ready, and
// says how long it took.
func (c *choosers) recovers() time.Duration {
	c.t.Helper()
	began := time.Now()
	c.answered(1)
	c.eventually("it is ready", time.Minute, func() bool {
		status, _, _, err := c.send("GET", "/readyz", "", "")
		return err == nil && status == http.StatusOK
	})
	return time.Since(began)
}

// unharmed checks that nobody was restricted, and that the database is whole.
func (c *choosers) unharmed() {
	c.t.Helper()
	c.clockwork = newClockwork(c.t, c.url, time.Hour, time.Now, models.Options{})
	defer c.stop()
	must(c.t, c.store.Check(c.t.Context()))
	if n := c.restricted(); n > 0 {
		c.t.Errorf("%d people were restricted", n)
	}
}

// TestADatabaseServerThatDiesAndComesBackLosesNothing kills all of PostgreSQL
// under load and starts it again. ASSENT_BATTERY_OUTAGES says how often.
func TestADatabaseServerThatDiesAndComesBackLosesNothing(t *testing.T) {
	outages := size(t, "ASSENT_BATTERY_OUTAGES", 2)
	cluster, err := testenv.Start() // of its own
	must(t, err)
	t.Cleanup(func() { must(t, cluster.Stop()) })
	people := 3000 + 1000*outages
	c, v := newChoosers(t, cluster.URL, people)
	stop := c.load(people, true)
	var slowest time.Duration
	for range outages {
		c.answered(50 + rand.IntN(100))
		must(t, cluster.Crash())
		c.unavailable()
		must(t, cluster.Revive())
		slowest = max(slowest, c.recovers())
	}
	stop()
	c.settle()
	t.Logf("%d outages; choices were taken again within %s", outages, slowest)
	if slowest > 30*time.Second {
		t.Errorf("it took %s", slowest)
	}
	c.proved(v)
	c.unharmed()
}

// TestADiskThatIsFullLosesNothing fills a small file system to the last byte
// under load, makes room, and kills the server while it is full again.
func TestADiskThatIsFullLosesNothing(t *testing.T) {
	dir := t.TempDir()
	// Room for the log of SQLite at its longest, which is 85 MB, and the database.
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=160m"); err != nil {
		// The fault of a full disk is tried for everybody with libfiu, see
		// TestADiskThatFailsLosesNothing; a disk can be made by root alone.
		t.Logf("no small file system could be made (%v): this is tried as root only", err)
		return
	}
	t.Cleanup(func() { must(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	const people = 6000
	c, v := newChoosers(t, "sqlite:"+filepath.Join(dir, "assent.db"), people)
	v.signal(syscall.SIGTERM)
	<-v.ended
	c.with("ASSENT_LEDGER_CHECKPOINT_FILE=" + filepath.Join(dir, "checkpoint"))
	v = c.start()
	filler := filepath.Join(dir, "filler")
	stop := c.load(people, true)
	c.answered(50)
	fill(t, filler)
	c.unavailable()
	must(t, os.Remove(filler))
	t.Logf("choices were taken again after %s", c.recovers())
	c.answered(50)
	fill(t, filler)
	c.unavailable()
	v.signal(syscall.SIGKILL)
	<-v.ended
	must(t, os.Remove(filler))
	v = c.start()
	c.answered(50)
	stop()
	c.settle()
	c.proved(v)
	c.unharmed()
}

// fill writes until there is no room left.
func fill(t *testing.T, path string) {
	t.Helper()
	file, err := os.Create(path)
	must(t, err)
	_, err = io.Copy(file, zeros{})
	must(t, file.Close())
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
}

// zeros never ends.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
