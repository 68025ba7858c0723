package battery_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"assent/ledger"
	"assent/models"
	"assent/tracker"
)

// bootstrap is the key the test comes with.
const bootstrap = "a-key-for-the-battery"

// choosers are people who accept over HTTP while things go wrong. What counts as
// acknowledged is what a client has read to the end.
type choosers struct {
	*site
	url    string // of the database
	base   string // where requests go
	client *http.Client
	key    string // public one of the log

	mu       sync.Mutex
	next     int
	acked    map[string]receipt // by person
	unsure   map[string]bool    // whoever never got a good answer
	answers  map[int]int        // how often each status
	unspoken int                // refusals without the header that says when to try again
}

type receipt struct {
	ID     string          `json:"receipt_id"`
	Record json.RawMessage `json:"record"`
	Proof  ledger.Proof    `json:"proof"`
}

// newChoosers starts a server on an empty database, with a campaign that asks
// as many people as there are.
func newChoosers(t *testing.T, url string, people int) (*choosers, *server) {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	address := listener.Addr().String()
	must(t, listener.Close())
	dir := t.TempDir()
	c := &choosers{
		site: &site{clockwork: &clockwork{t: t}}, url: url, base: "http://" + address,
		client: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}},
		acked:  map[string]receipt{}, unsure: map[string]bool{}, answers: map[int]int{},
	}
	c.settings = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + dir, "ASSENT_SERVER_LISTEN=" + address, "ASSENT_DATABASE_URL=" + url,
		"ASSENT_SECRETS_DIRECTORY=" + filepath.Join(dir, "secrets"), "ASSENT_BOOTSTRAP_KEY=" + bootstrap, "ASSENT_LOG_LEVEL=warn", "ASSENT_SCHEDULER_TICK=@every 1s",
	}
	v := c.start()
	document := "/api/v1/documents/terms-of-service/versions/2"
	c.must("PUT", document, `{"title":"Terms","material":true,"texts":{"en":{"markdown":"Be kind.\n"}}}`)
	c.must("POST", document+"/publish", "")
	c.must("PUT", "/api/v1/campaigns/"+campaign+"/plans", fmt.Sprintf(`{"campaign":%q,"title":{"en":"New terms"},
		"documents":[{"document":"terms-of-service","version":"2"}],"announce_at":%q,"deadline":%q,"notice_period":"30d",
		"audience":{"account_types":["personal"]},"stages":[{"key":"announced","from":"announce"},{"key":"reminded","after":"0d"},
		{"key":"limited","after":"28d","off":["messages.send"]}]}`,
		campaign, time.Now().UTC().Add(-time.Hour).Format(time.RFC3339), time.Now().UTC().Add(60*day).Format(time.RFC3339)))
	c.must("POST", "/api/v1/campaigns/"+campaign+"/plans/1/activate", "")
	var list strings.Builder
	for i := range people {
		fmt.Fprintf(&list, `{"id":%q,"region":"BR","locale":"en","created_at":"2020-01-01T00:00:00Z"}`+"\n", chooser(i))
	}
	c.must("POST", "/api/v1/people", list.String())
	c.key = strings.TrimSpace(c.must("GET", "/ledger/key", ""))
	return c, v
}

func chooser(i int) string { return fmt.Sprintf("p-%05d", i) }

// start starts the server and returns when it is ready.
func (c *choosers) start(more ...string) *server {
	c.t.Helper()
	return c.startBy([]string{program}, more...)
}

func (c *choosers) startBy(command []string, more ...string) *server {
	c.t.Helper()
	v := c.serveBy(command, more...)
	c.eventually("it is ready", time.Minute, func() bool {
		select {
		case <-v.ended:
			c.t.Fatalf("the server ended:\n%s", &v.log)
		default:
		}
		status, _, _, err := c.send("GET", "/readyz", "", "")
		return err == nil && status == http.StatusOK
	})
	return v
}

// must sends a request that has to succeed.
func (c *choosers) must(method, path, body string) string {
	c.t.Helper()
	status, answer, _, err := c.send(method, path, body, "")
	if err != nil || status >= 300 {
		c.t.Fatalf("%s %s: %d %s %v", method, path, status, answer, err)
	}
	return string(answer)
}

func (c *choosers) send(method, path, body, key string) (int, []byte, http.Header, error) {
	r, err := http.NewRequestWithContext(context.Background(), method, c.base+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, nil, err
	}
	r.Header.Set("X-API-Key", bootstrap)
	if body != "" {
		r.Header.Set("Content-Type", map[bool]string{false: "application/json", true: "application/x-ndjson"}[path == "/api/v1/people"])
	}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	got, err := c.client.Do(r)
	if err != nil {
		return 0, nil, nil, err
	}
	answer, err := io.ReadAll(got.Body)
	_ = got.Body.Close() // it was read
	return got.StatusCode, answer, got.Header, err
}

// choose has a person accept, and notes what came of it.
func (c *choosers) choose(person string) bool {
	body := fmt.Sprintf(`{"campaign":%q,"action":"accepted","documents":[{"document":"terms-of-service","version":"2","locale":"en","sha256":%q}]}`,
		campaign, tracker.Digest("Be kind.\n"))
	status, answer, header, err := c.send("POST", "/api/v1/people/"+person+"/responses", body, "key of "+person)
	var r receipt
	if err == nil && (status == http.StatusCreated || status == http.StatusOK) {
		err = json.Unmarshal(answer, &r)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		c.answers[status]++
	}
	if status == http.StatusServiceUnavailable && header.Get("Retry-After") == "" {
		c.unspoken++
	}
	if c.unsure[person] = err != nil || r.ID == ""; !c.unsure[person] {
		delete(c.unsure, person)
		c.acked[person] = r
	}
	return !c.unsure[person]
}

// load has clients send one choice after the other until it is told to stop;
// again says that they try each until they have an answer.
func (c *choosers) load(people int, again bool) (stop func()) {
	var all sync.WaitGroup
	stopped := make(chan struct{})
	for range clients {
		all.Go(func() {
			for {
				c.mu.Lock()
				i := c.next
				c.next++
				c.mu.Unlock()
				select {
				case <-stopped:
					return
				default:
				}
				if i >= people {
					return
				}
				for !c.choose(chooser(i)) && again {
					select {
					case <-stopped:
						return
					case <-time.After(10 * time.Millisecond): // the server may be gone for a while
					}
				}
			}
		})
	}
	return func() { close(stopped); all.Wait() }
}

// settle sends again whatever got no good answer, until it gets one.
func (c *choosers) settle() {
	c.t.Helper()
	var unsure []string
	for person := range c.unsure {
		unsure = append(unsure, person)
	}
	for _, person := range unsure {
		c.eventually(person+" gets an answer", time.Minute, func() bool { return c.choose(person) })
	}
	c.t.Logf("%d acknowledged, %d of them not at first; answers %v", len(c.acked), len(unsure), c.answers)
	for status := range c.answers {
		if status != http.StatusCreated && status != http.StatusOK && status != http.StatusServiceUnavailable {
			c.t.Errorf("%d answers had status %d", c.answers[status], status)
		}
	}
	if c.unspoken > 0 {
		c.t.Errorf("%d answers 503 had no Retry-After", c.unspoken)
	}
}

// proved stops the server and checks what is in the database: each choice that
// was acknowledged is there once, at the place its receipt says, and every
// checkpoint that was handed out is of a beginning of the log as it is now.
func (c *choosers) proved(v *server) {
	c.t.Helper()
	v.signal(syscall.SIGTERM)
	<-v.ended
	store, err := models.Open(c.t.Context(), c.url, models.Options{})
	must(c.t, err)
	defer func() { must(c.t, store.Close()) }()
	bySize := map[int64][]receipt{}
	must(c.t, store.View(c.t.Context(), func(r tracker.Reader) error {
		for person, acked := range c.acked {
			kept, err := r.Responses(c.t.Context(), person)
			if err != nil {
				return err
			}
			if len(kept) != 1 || kept[0].ReceiptID != acked.ID || !bytes.Equal(kept[0].Record, acked.Record) || kept[0].LeafIndex != acked.Proof.LeafIndex {
				c.t.Errorf("%s was told %s, and %d choices are kept: %+v", person, acked.ID, len(kept), kept)
			}
			if _, err := ledger.Verify(ledger.Receipt{Record: acked.Record, Proof: acked.Proof}, c.key); err != nil {
				c.t.Errorf("the receipt of %s: %v", person, err)
			}
			bySize[acked.Proof.TreeSize] = append(bySize[acked.Proof.TreeSize], acked)
		}
		return c.replay(r, bySize)
	}))
}

// replay hashes the whole log, and compares it with what was handed out at each
// size, and with its own head.
func (c *choosers) replay(r tracker.Reader, bySize map[int64][]receipt) error {
	records, err := r.Records(c.t.Context(), 0, 10_000_000)
	if err != nil {
		return err
	}
	head, err := r.Head(c.t.Context())
	if err != nil {
		return err
	}
	var tree ledger.Tree
	for i, record := range records {
		tree.Add(record)
		for _, handed := range bySize[int64(i)+1] {
			then, err := ledger.HeadOf(handed.Proof.Checkpoint)
			if err != nil || then != tree.Head() {
				c.t.Errorf("receipt %s is of a log that is not this one: %v", handed.ID, err)
			}
		}
	}
	if now, err := ledger.HeadOf(string(head.Checkpoint)); err != nil || now != tree.Head() || head.Size != int64(len(records)) {
		c.t.Errorf("the head says %d records, and there are %d: %v", head.Size, len(records), err)
	}
	return nil
}
