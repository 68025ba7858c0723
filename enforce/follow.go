package enforce

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// batch is how many people who changed are put in force at a time.
const batch = 1000

// longAway is for how long a client may have heard nothing and still be told only
// what has changed since. Within it nobody puts a database back to an older state
// and has it come by more changes than it had before, which could not be told.
const longAway = 10 * time.Minute

// errStale asks for a snapshot: too much has happened to be told one by one.
var errStale = errors.New("enforce: everything has to be read again")

type wirePlace struct {
	Person   string               `json:"person"`
	Rules    string               `json:"rules"`
	Revision uint64               `json:"revision"`
	NextAt   map[string]time.Time `json:"next_at"`
}

type wirePage struct {
	Mark     string           `json:"mark"`
	Revision uint64           `json:"revision"`
	Defaults rules            `json:"defaults"`
	Rules    map[string]rules `json:"rules"`
	People   []wirePlace      `json:"people"`
	Next     string           `json:"next"`
}

// session reads a snapshot if one is needed, and follows until that fails.
func (c *Client) session(ctx context.Context) error {
	if c.mark == "" || c.stale || c.Lag() > longAway {
		if err := c.load(ctx); err != nil {
			return err
		}
	}
	err := c.follow(ctx)
	if errors.Is(err, errStale) {
		c.stale = true
		if err = c.load(ctx); err == nil {
			err = c.follow(ctx)
		}
	}
	return err
}

// load reads a snapshot. The table in use stays as it is until the new one is
// whole; an older one than it, of a server that is behind, is not taken. Pages
// may come from several servers: what is read goes as far as the least of them.
func (c *Client) load(ctx context.Context) error {
	var fresh *table
	var mark string
	var revision uint64
	shared := map[string]rules{}
	for after, more := "", true; more; {
		page, err := c.page(ctx, after)
		if err != nil {
			return err
		}
		if fresh == nil {
			fresh, mark, revision = newTable(page.Defaults), page.Mark, page.Revision
		}
		mark, revision = earlier(mark, page.Mark), min(revision, page.Revision)
		if revision < c.Status().Revision {
			return fmt.Errorf("enforce: the server is at revision %d, behind %d", revision, c.Status().Revision)
		}
		for key, r := range page.Rules {
			if _, known := shared[key]; !known {
				shared[key] = r
			}
		}
		for _, p := range page.People {
			fresh.fill(p.Person, place{shared[p.Rules], p.Revision, p.NextAt})
		}
		after, more = page.Next, page.Next != ""
	}
	c.table.Store(fresh)
	c.mark, c.stale = mark, false
	c.heard(revision)
	return nil
}

// earlier is how far both of two marks go, each REVISION-MICROSECONDS.
func earlier(a, b string) string {
	revisionA, turnedA, _ := strings.Cut(a, "-")
	revisionB, turnedB, _ := strings.Cut(b, "-")
	return lesser(revisionA, revisionB) + "-" + lesser(turnedA, turnedB)
}

// lesser is the smaller of two numbers as they are written, without leading zeros.
func lesser(a, b string) string {
	if len(a) < len(b) || len(a) == len(b) && a < b {
		return a
	}
	return b
}

// heard notes that Assent has said: that is all.
func (c *Client) heard(revision uint64) {
	now := c.options.Now()
	c.note(func(s *Status) {
		if !s.Ready {
			close(c.ready)
		}
		s.Ready, s.Heard, s.Revision = true, now, max(s.Revision, revision)
	})
}

func (c *Client) page(ctx context.Context, after string) (wirePage, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var page wirePage
	answer, err := c.ask(ctx, "/api/v1/enforcement?limit=20000&after="+url.QueryEscape(after), "")
	if err != nil {
		return page, err
	}
	defer func() { _ = answer.Body.Close() }()
	if err := json.NewDecoder(answer.Body).Decode(&page); err != nil {
		return page, fmt.Errorf("enforce: read a snapshot: %w", err)
	}
	return page, nil
}

func (c *Client) ask(ctx context.Context, path, mark string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.options.URL+path, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("enforce: %w", err)
	}
	r.Header.Set("Authorization", "Bearer "+c.options.Key)
	if mark != "" {
		r.Header.Set("Accept", "text/event-stream")
		r.Header.Set("Last-Event-ID", mark)
	}
	answer, err := c.options.Client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("enforce: %w", err)
	}
	if answer.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(answer.Body, 512)) // what can be read of it
		_ = answer.Body.Close()
		return nil, fmt.Errorf("enforce: the server answers %s: %s", answer.Status, said)
	}
	return answer, nil
}

// follow applies changes as they come, until the connection ends.
func (c *Client) follow(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	silent := time.AfterFunc(c.options.Silence, cancel)
	defer silent.Stop()
	answer, err := c.ask(ctx, "/api/v1/enforcement/stream", c.mark)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	f := following{client: c, rules: map[string]rules{"default": nil}, pending: map[string]place{}, applied: map[string]uint64{}}
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 4<<20)
	var name, id string
	var data []byte
	for lines.Scan() {
		silent.Reset(c.options.Silence)
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch field {
		case "event":
			name = value
		case "id":
			id = value
		case "data":
			data = []byte(value)
		case "":
			if err := f.event(name, id, data); err != nil {
				return err
			}
			name, id, data = "", "", nil
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("enforce: the connection ended: %w", err)
	}
	return errors.New("enforce: the server ended the connection")
}

// following is one connection.
type following struct {
	client  *Client
	rules   map[string]rules
	pending map[string]place  // not yet in force
	applied map[string]uint64 // revisions of those in force since the last mark
}

func (f *following) event(name, id string, data []byte) error {
	switch name {
	case "reset":
		return f.reset(data)
	case "rules":
		var one struct {
			Rules        string `json:"rules"`
			Capabilities rules  `json:"capabilities"`
		}
		if err := json.Unmarshal(data, &one); err != nil {
			return fmt.Errorf("enforce: read rules: %w", err)
		}
		if one.Rules != "default" {
			f.rules[one.Rules] = one.Capabilities
		}
	case "person":
		return f.person(data)
	case "mark":
		return f.marked(id, data)
	}
	return nil
}

// reset has everything read again. A server whose database was put back to an
// older state says up to which revision it goes: no more can be asked of a
// snapshot then.
func (f *following) reset(data []byte) error {
	var one struct {
		Newest *uint64 `json:"newest"`
	}
	if err := json.Unmarshal(data, &one); err != nil {
		return fmt.Errorf("enforce: read a reset: %w", err)
	}
	if one.Newest != nil {
		f.client.note(func(s *Status) { s.Revision = min(s.Revision, *one.Newest) })
	}
	return errStale
}

func (f *following) person(data []byte) error {
	var p wirePlace
	if err := json.Unmarshal(data, &p); err != nil {
		return fmt.Errorf("enforce: read a change: %w", err)
	}
	r, known := f.rules[p.Rules]
	if !known {
		return errStale
	}
	if f.pending[p.Person] = (place{r, p.Revision, p.NextAt}); len(f.pending) >= batch {
		f.flush()
	}
	return nil
}

// flush puts what is pending in force. After it came back from one server to
// another, what is older than what is in force is passed over.
func (f *following) flush() {
	for person, p := range f.pending {
		if now, known := f.client.table.Load().find(person); known && p.revision < now.revision || p.revision < f.applied[person] {
			delete(f.pending, person)
			continue
		}
		f.applied[person] = p.revision
	}
	f.client.table.Load().apply(f.pending)
	clear(f.pending)
}

func (f *following) marked(id string, data []byte) error {
	var m struct {
		Revision uint64 `json:"revision"`
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return fmt.Errorf("enforce: read a mark: %w", err)
	}
	f.flush()
	clear(f.applied)
	f.client.mark = id
	f.client.heard(m.Revision)
	f.client.note(func(s *Status) { s.Connected, s.Error = true, nil })
	return nil
}
