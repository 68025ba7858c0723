package battery_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"assent/ledger"
)

// assent runs a command with the server's settings and returns what it says.
func (c *choosers) assent(args ...string) (string, error) {
	cmd := exec.CommandContext(c.t.Context(), program, args...)
	cmd.Env, cmd.Dir = c.settings, c.t.TempDir()
	said, err := cmd.CombinedOutput()
	return string(said), err
}

// says runs a command that has to end well, or badly, and to say something.
func (c *choosers) says(well bool, words string, args ...string) string {
	c.t.Helper()
	said, err := c.assent(args...)
	if (err == nil) != well || !strings.Contains(said, words) {
		c.t.Fatalf("assent %s: %v\ndoes not say %q:\n%s", strings.Join(args, " "), err, words, said)
	}
	return said
}

// with changes settings.
func (c *choosers) with(settings ...string) { c.settings = append(c.settings, settings...) }

// answered waits until so many choices more are acknowledged.
func (c *choosers) answered(more int) {
	c.t.Helper()
	count := func() int { c.mu.Lock(); defer c.mu.Unlock(); return len(c.acked) }
	goal := count() + more
	c.eventually(strconv.Itoa(goal)+" are acknowledged", time.Minute, func() bool { return count() >= goal })
}

// TestARestoreDrill makes a backup while people accept, loses the server with its
// database, and restores elsewhere: what was acknowledged before the backup began
// is there and proved, and nobody can mistake what came after for recorded.
func TestARestoreDrill(t *testing.T) {
	dir := t.TempDir()
	kept, file := filepath.Join(dir, "kept", "checkpoint"), filepath.Join(dir, "backup.db")
	must(t, os.Mkdir(filepath.Dir(kept), 0o700))
	const people = 8000 // more than come to answer
	c, v := newChoosers(t, "sqlite:"+filepath.Join(dir, "first", "assent.db"), people)
	v.signal(syscall.SIGTERM)
	<-v.ended
	c.with("ASSENT_LEDGER_CHECKPOINT_FILE=" + kept)
	v = c.start()
	stop := c.load(people, false)
	c.answered(200)
	c.mu.Lock()
	before := maps.Clone(c.acked)
	c.mu.Unlock()
	var made struct {
		Records  int64
		Verified bool
	}
	said := c.says(true, "sha256", "backup", file, "--json")
	must(t, json.Unmarshal([]byte(said), &made))
	if !made.Verified || made.Records < int64(len(before)) {
		t.Errorf("of %d choices it has %+v", len(before), made)
	}
	c.answered(200)
	newest := func() int64 {
		text, err := os.ReadFile(kept)
		must(t, err)
		head, err := ledger.HeadOf(string(text))
		must(t, err)
		return head.Size
	}
	c.eventually("a checkpoint that is newer than the backup is kept", time.Minute, func() bool { return newest() > made.Records })
	v.signal(syscall.SIGKILL)
	<-v.ended
	stop()
	acked := c.acked

	c.url = "sqlite:" + filepath.Join(dir, "second", "assent.db") // another machine, with the keys
	c.with("ASSENT_DATABASE_URL=" + c.url)
	began := time.Now()
	c.says(true, "accept-loss", "restore", file)
	c.says(false, "it was rolled back", "serve")
	c.says(false, "it was rolled back", "doctor")
	var lost []receipt // on paper, in people's hands
	for person, one := range acked {
		if one.Proof.LeafIndex >= made.Records {
			lost = append(lost, one)
		} else if _, early := before[person]; !early {
			before[person] = one // while the copy was made
		}
	}
	if len(lost) < 100 {
		t.Fatalf("only %d choices were lost", len(lost))
	}
	late := filepath.Join(dir, "late.json")
	data, err := json.Marshal(ledger.Receipt{Record: lost[0].Record, Proof: lost[0].Proof})
	must(t, err)
	must(t, os.WriteFile(late, data, 0o600))
	c.says(false, "accept-loss", "sweep")
	c.says(true, "stepping is paused", "ledger", "accept-loss", "--size", strconv.FormatInt(newest(), 10), "--reason", "a drill")
	v = c.start()
	t.Logf("of %d choices %d were acknowledged before the backup's instant and %d after; ready again after %s", len(acked), len(before), len(lost), time.Since(began))
	for _, one := range lost {
		if status, _, _, err := c.send("GET", "/api/v1/receipts/"+one.ID, "", ""); err != nil || status != http.StatusNotFound {
			t.Fatalf("a receipt that was lost: %d, %v", status, err)
		}
	}
	c.acked, c.unsure = before, map[string]bool{}
	c.answersAnew(lost)
	c.proved(v)
	c.says(false, "the log does not continue that of "+late, "doctor", "--checkpoint", late)
	c.says(true, "records of the log", "doctor", "--full")
}

// answersAnew has people whose choice was lost make it again: they are asked.
func (c *choosers) answersAnew(lost []receipt) {
	c.t.Helper()
	again := map[string]bool{}
	for i := range min(c.next, 1000) {
		if _, kept := c.acked[chooser(i)]; !kept && len(again) < 20 {
			again[chooser(i)] = true
		}
	}
	for person := range again {
		c.eventually(person+" gets an answer", time.Minute, func() bool { return c.choose(person) })
		for _, one := range lost {
			if one.ID == c.acked[person].ID {
				c.t.Errorf("%s got the receipt that was lost", person)
			}
		}
	}
}
