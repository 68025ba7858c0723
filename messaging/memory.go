package messaging

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"assent/terms"
)

// What a Memory keeps at most. Beyond it the oldest message of a conversation,
// and the conversation that has been quiet for longest, are forgotten.
const (
	MemoryMessages      = 500 // in a conversation
	MemoryConversations = 20_000
)

// Memory is a Mailbox in memory, for a single server: a restart empties it.
type Memory struct {
	mu            sync.RWMutex
	order         uint64 // of the last message appended
	conversations map[pair]*conversation
	people        map[string]map[string]*conversation // person → peer → conversation
	blocks        map[direction]bool
}

// pair is two people in alphabetical order; direction is one towards another.
type (
	pair      struct{ a, b string }
	direction struct{ from, to string }
)

type conversation struct {
	pair
	entries []*entry
}

type entry struct {
	Message
	order                   uint64
	waits, read, answeredTo bool
}

// NewMemory returns an empty mailbox.
func NewMemory() *Memory {
	return &Memory{conversations: map[pair]*conversation{}, people: map[string]map[string]*conversation{}, blocks: map[direction]bool{}}
}

func pairOf(one, other string) pair {
	if one > other {
		one, other = other, one
	}
	return pair{one, other}
}

// Append implements Mailbox.
func (m *Memory) Append(_ context.Context, msg Message) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.open(pairOf(msg.From, msg.To))
	m.order++
	c.entries = append(c.entries, &entry{Message: msg, order: m.order, waits: !msg.Withheld})
	if len(c.entries) > MemoryMessages {
		c.entries = slices.Delete(c.entries, 0, len(c.entries)-MemoryMessages)
	}
	return nil
}

// open returns the conversation of two people, making room for it if it is new.
func (m *Memory) open(p pair) *conversation {
	if c, ok := m.conversations[p]; ok {
		return c
	}
	if len(m.conversations) >= MemoryConversations {
		m.close(m.quietest())
	}
	c := &conversation{pair: p}
	m.conversations[p] = c
	for _, d := range []direction{{p.a, p.b}, {p.b, p.a}} {
		if m.people[d.from] == nil {
			m.people[d.from] = map[string]*conversation{}
		}
		m.people[d.from][d.to] = c
	}
	return c
}

func (m *Memory) quietest() *conversation {
	var quiet *conversation
	for _, c := range m.conversations {
		if quiet == nil || c.last().order < quiet.last().order {
			quiet = c
		}
	}
	return quiet
}

func (m *Memory) close(c *conversation) {
	delete(m.conversations, c.pair)
	for _, d := range []direction{{c.a, c.b}, {c.b, c.a}} {
		delete(m.people[d.from], d.to)
		if len(m.people[d.from]) == 0 {
			delete(m.people, d.from)
		}
	}
}

// last is the newest entry; no conversation is without one.
func (c *conversation) last() *entry { return c.entries[len(c.entries)-1] }

// visible lists what a person can see of the conversation, oldest first.
func (c *conversation) visible(person string, withWaiting bool) []*entry {
	var out []*entry
	for _, e := range c.entries {
		if e.From == person || !e.Withheld && (withWaiting || !e.waits) {
			out = append(out, e)
		}
	}
	return out
}

// find returns the entry with an id that a person wrote or got.
func (m *Memory) find(person, id string) (*entry, error) {
	for _, c := range m.people[person] {
		for _, e := range c.visible(person, true) {
			if e.ID == id {
				return e, nil
			}
		}
	}
	return nil, unknownMessage(id)
}

func unknownMessage(id string) error {
	return terms.Errorf(terms.NotFound, "message %q does not exist", id)
}

// Message implements Mailbox.
func (m *Memory) Message(_ context.Context, person, id string) (Message, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	e, err := m.find(person, id)
	if err != nil {
		return Message{}, err
	}
	return e.Message, nil
}

// Waiting implements Mailbox.
func (m *Memory) Waiting(_ context.Context, person string, limit int) ([]Message, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var found []*entry
	for _, c := range m.people[person] {
		for _, e := range c.entries {
			if e.waits && e.To == person {
				found = append(found, e)
			}
		}
	}
	slices.SortFunc(found, func(a, b *entry) int { return int(a.order) - int(b.order) })
	return messages(found[:min(limit, len(found))]), nil
}

func messages(entries []*entry) []Message {
	out := make([]Message, len(entries))
	for i, e := range entries {
		out[i] = e.Message
	}
	return out
}

// Deliver implements Mailbox.
func (m *Memory) Deliver(_ context.Context, person string, ids []string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.people[person] {
		for _, e := range c.entries {
			if e.To == person && slices.Contains(ids, e.ID) {
				e.waits = false
			}
		}
	}
	return nil
}

// Expire implements Mailbox.
func (m *Memory) Expire(_ context.Context, before time.Time) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	expired := 0
	for _, c := range m.conversations {
		kept := slices.DeleteFunc(c.entries, func(e *entry) bool { return e.waits && e.SentAt.Before(before) })
		expired += len(c.entries) - len(kept)
		if c.entries = kept; len(kept) == 0 {
			m.close(c)
		}
	}
	return expired, nil
}

// Chats implements Mailbox.
func (m *Memory) Chats(_ context.Context, person string, withWaiting bool) ([]Chat, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	chats, newest := []Chat{}, map[string]uint64{}
	for peer, c := range m.people[person] {
		seen := c.visible(person, withWaiting)
		if len(seen) == 0 {
			continue
		}
		last := seen[len(seen)-1]
		newest[peer] = last.order
		chats = append(chats, Chat{Peer: peer, Last: last.Message, Unread: unread(seen, person), Blocked: m.blocks[direction{person, peer}]})
	}
	slices.SortFunc(chats, func(a, b Chat) int {
		if newest[a.Peer] != newest[b.Peer] {
			return int(newest[b.Peer]) - int(newest[a.Peer])
		}
		return strings.Compare(a.Peer, b.Peer)
	})
	return chats, nil
}

func unread(entries []*entry, person string) int {
	n := 0
	for _, e := range entries {
		if e.To == person && !e.read {
			n++
		}
	}
	return n
}

// History implements Mailbox.
func (m *Memory) History(_ context.Context, q HistoryQuery) ([]Message, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	c, ok := m.people[q.Person][q.Peer]
	if !ok {
		return []Message{}, nil
	}
	seen := c.visible(q.Person, q.WithWaiting)
	if q.Before != "" {
		end := slices.IndexFunc(seen, func(e *entry) bool { return e.ID == q.Before })
		if end < 0 {
			return nil, unknownMessage(q.Before)
		}
		seen = seen[:end]
	}
	return messages(seen[max(0, len(seen)-q.Limit):]), nil
}

// Read implements Mailbox.
func (m *Memory) Read(_ context.Context, person, peer, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, ok := m.people[person][peer]
	if !ok {
		return unknownMessage(id)
	}
	seen := c.visible(person, true)
	end := slices.IndexFunc(seen, func(e *entry) bool { return e.ID == id })
	if end < 0 {
		return unknownMessage(id)
	}
	for _, e := range seen[:end+1] {
		e.read = e.read || e.To == person
	}
	return nil
}

// Answer implements Mailbox.
func (m *Memory) Answer(_ context.Context, person, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, err := m.find(person, id)
	if err != nil {
		return err
	}
	if e.answeredTo {
		return terms.Errorf(terms.Conflict, "this notification has been answered already")
	}
	e.answeredTo = true
	return nil
}

// Block implements Mailbox.
func (m *Memory) Block(_ context.Context, person, peer string, blocked bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if blocked {
		m.blocks[direction{person, peer}] = true
	} else {
		delete(m.blocks, direction{person, peer})
	}
	return nil
}

// Blocked implements Mailbox.
func (m *Memory) Blocked(_ context.Context, person, peer string) (bool, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.blocks[direction{person, peer}], nil
}

// Forget implements Mailbox.
func (m *Memory) Forget(_ context.Context, person string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.people[person] {
		m.close(c)
	}
	for d := range m.blocks {
		if d.from == person || d.to == person {
			delete(m.blocks, d)
		}
	}
	return nil
}
