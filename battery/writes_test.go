package battery_test

import (
	"math/rand/v2"
	"net"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// clients are at work at the same time.
const clients = 16

// TestWhatWasAcknowledgedSurvivesKills kills the server at random while people
// accept. ASSENT_BATTERY_KILLS says how often.
func TestWhatWasAcknowledgedSurvivesKills(t *testing.T) {
	kills := size(t, "ASSENT_BATTERY_KILLS", 3)
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			url, _ := database()
			people := 2000 + 300*kills
			c, v := newChoosers(t, url, people)
			stop := c.load(people, true)
			var slowest time.Duration
			for range kills {
				time.Sleep(time.Duration(50+rand.IntN(450)) * time.Millisecond)
				v.signal(syscall.SIGKILL)
				<-v.ended
				began := time.Now()
				v = c.start()
				slowest = max(slowest, time.Since(began))
			}
			time.Sleep(200 * time.Millisecond)
			stop()
			c.settle()
			t.Logf("killed %d times; ready again within %s", kills, slowest)
			if slowest > 5*time.Second {
				t.Errorf("it took %s to be ready again", slowest)
			}
			if len(c.acked) < 10*kills {
				t.Errorf("only %d choices were made", len(c.acked))
			}
			c.proved(v)
		})
	}
}

// TestWhoeverLosesTheReplyGetsTheSameReceiptLater has a proxy swallow replies
// and cut connections.
func TestWhoeverLosesTheReplyGetsTheSameReceiptLater(t *testing.T) {
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			url, _ := database()
			const people = 400
			c, v := newChoosers(t, url, people)
			proxy := newProxy(t, strings.TrimPrefix(c.base, "http://"))
			c.base = "http://" + proxy.address
			proxy.loss.Store(30)
			stop := c.load(people, false)
			c.eventually("all have tried", 2*time.Minute, func() bool {
				c.mu.Lock()
				defer c.mu.Unlock()
				return c.next >= people+clients
			})
			stop()
			proxy.loss.Store(0)
			c.settle()
			if len(c.acked) != people || c.answers[200] == 0 {
				t.Errorf("%d of %d were answered in the end, %d of them with the receipt of before", len(c.acked), people, c.answers[200])
			}
			c.proved(v)
		})
	}
}

// proxy passes bytes on, and loses some of the replies.
type proxy struct {
	address string
	loss    atomic.Int64 // in a hundred
}

func newProxy(t *testing.T, to string) *proxy {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = listener.Close() }) // nothing was lost by it
	p := &proxy{address: listener.Addr().String()}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := new(net.Dialer).Dial("tcp", to)
			if err != nil {
				_ = client.Close()
				continue
			}
			go p.pass(server, client, false)
			go p.pass(client, server, true)
		}
	}()
	return p
}

// pass copies until one side ends; a reply that is lost takes the connection
// with it.
func (p *proxy) pass(to, from net.Conn, reply bool) {
	defer func() { _, _ = to.Close(), from.Close() }()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil || reply && rand.Int64N(100) < p.loss.Load() {
			return
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// TestADiskThatFailsLosesNothing makes writes and syncs of SQLite fail, for want
// of room and otherwise, and then work again.
func TestADiskThatFailsLosesNothing(t *testing.T) {
	var preload []string
	for _, library := range []string{"fiu_run_preload.so", "fiu_posix_preload.so"} {
		found, err := filepath.Glob("/usr/lib/*/" + library) // /usr/lib/fiu, or that of the machine's kind
		if err != nil || len(found) == 0 {
			t.Fatal("libfiu is missing: install fiu-utils")
		}
		preload = append(preload, found[0])
	}
	for name, fault := range map[string]string{
		"full":  "enable_random name=posix/io/rw/pwrite,probability=0.05,failinfo=28",
		"write": "enable_random name=posix/io/rw/pwrite,probability=0.05,failinfo=5",
		"sync":  "enable_random name=posix/io/sync/*,probability=0.05,failinfo=5",
	} {
		t.Run(name, func(t *testing.T) {
			const people = 3000
			c, v := newChoosers(t, "sqlite:"+filepath.Join(t.TempDir(), "assent.db"), people)
			v.signal(syscall.SIGTERM)
			<-v.ended
			control := filepath.Join(t.TempDir(), "fiu")
			v = c.start("LD_PRELOAD="+strings.Join(preload, " "), "FIU_CTRL_FIFO="+control)
			order := func(command string) {
				t.Helper()
				if output, err := exec.Command("fiu-ctrl", "-f", control, "-c", command, strconv.Itoa(v.Process.Pid)).CombinedOutput(); err != nil {
					t.Fatalf("fiu-ctrl: %v\n%s", err, output)
				}
			}
			order(fault)
			stop := c.load(people, false)
			c.eventually("some fail", time.Minute, func() bool {
				c.mu.Lock()
				defer c.mu.Unlock()
				return c.answers[503] >= 20 && len(c.acked) >= 100 || c.next >= people
			})
			stop()
			order("disable name=" + regexp.MustCompile(`name=([^,]*)`).FindStringSubmatch(fault)[1])
			c.settle()
			if c.answers[503] == 0 {
				t.Error("nothing failed")
			}
			c.proved(v)
		})
	}
}
