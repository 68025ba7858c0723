package models

import (
	"context"
	"slices"
	"time"

	"assent/messaging/mailbox"
	"assent/terms"
)

// post is a message on its way into the mailbox.
type post struct {
	mailbox.Draft
	n    int64 // in its round
	in   audience
	kept mailbox.Kept
}

// audience is a conversation and who gets a copy of what somebody says in it,
// the sender first.
type audience struct {
	chat   int64 // 0: it has not begun
	people []string
}

// Post implements mailbox.Store.
func (m *Mailbox) Post(ctx context.Context, d mailbox.Draft) (mailbox.Kept, error) {
	p := &post{Draft: d}
	err := m.turn.do(ctx, m.store, &write{post: p})
	return p.kept, err
}

// round is how many messages at the head of a batch can be kept at once: what
// is looked up of one must not depend on another.
func round(batch []*write) int {
	type used struct{ by, clientID, answers string }
	earlier := map[used]bool{}
	for i, one := range batch {
		if one.post == nil {
			return i
		}
		d := one.post.Draft
		for _, u := range []used{{d.From, d.ClientID, ""}, {d.From, "", d.Answers}} {
			if u.clientID+u.answers == "" {
				continue
			}
			if earlier[u] {
				return i
			}
			earlier[u] = true
		}
	}
	return len(batch)
}

// postAll keeps the messages of a round. Those that are refused have an error
// of their own.
func (t *tx) postAll(ctx context.Context, round []*write) error {
	posts := make([]*post, len(round))
	for i, one := range round {
		posts[i], one.post.n = one.post, int64(i)
	}
	found, err := t.lookUp(ctx, posts)
	if err != nil {
		return err
	}
	posts = posts[:0]
	for i, one := range round {
		var again bool
		if again, one.err = t.judge(ctx, one.post, found[i]); one.err == nil && !again {
			posts = append(posts, one.post)
		}
	}
	return t.keepAll(ctx, posts)
}

// circumstances are what has to be known of a message before it is kept.
type circumstances struct {
	blocked  bool  // by its recipient
	blocks   bool  // its recipient
	chat     int64 // of the two, 0 before it has begun
	sent     int64 // place of what the sender has sent under the same ClientID, or 0
	answered bool
}

func (t *tx) lookUp(ctx context.Context, posts []*post) ([]circumstances, error) {
	found := make([]circumstances, len(posts))
	return found, t.asks(ctx, "conversations", `SELECT :n,
		EXISTS (SELECT 1 FROM chat_blocks b WHERE b.person = :peer AND b.peer = :sender),
		EXISTS (SELECT 1 FROM chat_blocks b WHERE b.person = :sender AND b.peer = :peer),
		COALESCE((SELECT m.chat FROM chat_members m WHERE m.person = :sender AND m.peer = :peer AND m.peer <> ''), 0),
		COALESCE((SELECT g.place FROM chat_messages g WHERE g.sender = :sender AND g.client_id = :client_id AND g.client_id <> ''), 0),
		EXISTS (SELECT 1 FROM chat_answers a WHERE a.person = :sender AND a.id = :answers) {from}`,
		newBatch(posts,
			number("n", func(p **post) int64 { return (*p).n }),
			text("sender", func(p **post) string { return (*p).From }),
			text("peer", func(p **post) string { return (*p).To }),
			text("client_id", func(p **post) string { return (*p).ClientID }),
			text("answers", func(p **post) string { return (*p).Answers })),
		func(v *values) {
			found[v.number()] = circumstances{v.flag(), v.flag(), v.number(), v.number(), v.flag()}
		})
}

// judge refuses a message, or finds who gets it, or that it is there already.
func (t *tx) judge(ctx context.Context, p *post, c circumstances) (bool, error) {
	var err error
	switch {
	case c.sent > 0:
		p.kept, err = t.sentBefore(ctx, p.Message, c.sent)
		return true, err
	case c.answered:
		return false, terms.Errorf(terms.Conflict, "this notification has been answered already")
	case p.Group != "":
		var g mailbox.Group
		p.in.chat, g, err = t.group(ctx, p.From, p.Group)
		p.in.people = g.From(p.From)
		return false, err
	case c.blocks:
		return false, terms.Errorf(terms.Conflict, "you have blocked %q; unblock them first", p.To)
	case c.chat == 0 && !p.Begins:
		return false, mailbox.ErrNotBegun
	}
	p.in = audience{c.chat, []string{p.From, p.To}}
	if c.blocked {
		p.in.people = p.in.people[:1]
	}
	return false, nil
}

// sentBefore is what a sender's program has sent under the same id.
func (t *tx) sentBefore(ctx context.Context, m mailbox.Message, place int64) (mailbox.Kept, error) {
	list, err := t.messages(ctx, m.From, "g.place = @place", map[string]any{"place": place})
	if err != nil {
		return mailbox.Kept{}, err
	}
	for _, earlier := range list {
		if earlier.To == m.To && earlier.Group == m.Group && earlier.Kind == m.Kind && earlier.Body == m.Body {
			return mailbox.Kept{Message: earlier, Again: true}, nil
		}
	}
	return mailbox.Kept{}, terms.Errorf(terms.Conflict, "you have sent another message with the client_id %q", m.ClientID)
}

// keep writes a message and everybody's copy.
func (t *tx) keep(ctx context.Context, in audience, m mailbox.Message) (mailbox.Kept, error) {
	p := &post{Draft: mailbox.Draft{Message: m}, in: in}
	err := t.keepAll(ctx, []*post{p})
	return p.kept, err
}

func (t *tx) keepAll(ctx context.Context, posts []*post) error {
	if len(posts) == 0 {
		return nil
	}
	for _, write := range []func(context.Context, []*post) error{t.beginChats, t.useUp, t.endCalls, t.putMessages, t.putCopies} {
		if err := write(ctx, posts); err != nil {
			return err
		}
	}
	return nil
}

// beginChats begins the conversations of two that have not begun.
func (t *tx) beginChats(ctx context.Context, posts []*post) error {
	begun := map[[2]string]int64{}
	for _, p := range posts {
		if p.in.chat > 0 {
			continue
		}
		two := [2]string{min(p.From, p.To), max(p.From, p.To)}
		if begun[two] == 0 {
			chat, err := t.beginChat(ctx, "", "")
			if err != nil {
				return err
			}
			if err := t.exec(ctx, "a conversation", `INSERT INTO chat_members (person, chat, peer, admin, since, gone, seen)
				VALUES (?, ?, ?, ?, 0, ?, 0), (?, ?, ?, ?, 0, ?, 0)`,
				p.From, chat, p.To, false, false, p.To, chat, p.From, false, false); err != nil {
				return err
			}
			begun[two] = chat
		}
		p.in.chat = begun[two]
	}
	return nil
}

func (t *tx) beginChat(ctx context.Context, group, title string) (int64, error) {
	var chat int64
	err := t.in(ctx).Raw("INSERT INTO chats (group_id, title) VALUES (?, ?) RETURNING chat", group, title).Row().Scan(&chat)
	return chat, t.wrote(err, "a conversation")
}

// useUp notes which notifications are answered.
func (t *tx) useUp(ctx context.Context, posts []*post) error {
	answers := slices.DeleteFunc(slices.Clone(posts), func(p *post) bool { return p.Answers == "" })
	return t.each(ctx, "an answer", "INSERT INTO chat_answers (person, id) SELECT :person, :id {from}", newBatch(answers,
		text("person", func(p **post) string { return (*p).From }),
		text("id", func(p **post) string { return (*p).Answers })))
}

func (t *tx) putMessages(ctx context.Context, posts []*post) error {
	places := make(map[string]int64, len(posts))
	err := t.asks(ctx, "a message with this id", `INSERT INTO chat_messages (id, chat, sender, client_id, kind, body, call, whom, sent)
		SELECT :id, :chat, :sender, :client_id, :kind, :body, :call, :whom, :sent {from} WHERE true ORDER BY :n RETURNING id, place`,
		newBatch(posts,
			number("n", func(p **post) int64 { return (*p).n }),
			text("id", func(p **post) string { return (*p).ID }),
			number("chat", func(p **post) int64 { return (*p).in.chat }),
			text("sender", func(p **post) string { return (*p).From }),
			text("client_id", func(p **post) string { return (*p).ClientID }),
			text("kind", func(p **post) string { return string((*p).Kind) }),
			text("body", func(p **post) string { return (*p).Body }),
			text("call", func(p **post) string { return string((*p).Call) }),
			text("whom", func(p **post) string { return (*p).Whom }),
			moment("sent", func(p **post) time.Time { return (*p).SentAt })),
		func(v *values) { places[v.text()] = v.number() })
	for _, p := range posts {
		p.kept = mailbox.Kept{Message: p.Message}
		p.kept.Place = places[p.ID]
	}
	return err
}

// copied is somebody's copy of a message.
type copied struct {
	*post
	person string
}

func (t *tx) putCopies(ctx context.Context, posts []*post) error {
	copies := make([]copied, 0, 2*len(posts))
	for _, p := range posts {
		p.kept.Copies = make([]mailbox.Copy, 0, len(p.in.people))
		for _, person := range p.in.people {
			copies = append(copies, copied{p, person})
		}
	}
	err := t.each(ctx, "copies of messages", "INSERT INTO chat_copies (place, person) SELECT :place, :person {from}",
		newBatch(copies,
			number("place", func(c *copied) int64 { return c.kept.Place }),
			text("person", func(c *copied) string { return c.person })))
	if err != nil {
		return err
	}
	return t.putInBoxes(ctx, copies)
}

// box is what changes of somebody's mailbox.
type box struct {
	person        string
	newest, waits int64
}

// putInBoxes moves the mailboxes on to the newest copies, and tells each copy
// what was there before it.
func (t *tx) putInBoxes(ctx context.Context, copies []copied) error {
	index, boxes := make(map[string]int, len(copies)), make([]box, 0, len(copies))
	for _, c := range copies {
		if _, known := index[c.person]; !known {
			index[c.person] = len(boxes)
			boxes = append(boxes, box{person: c.person})
		}
	}
	person := text("person", func(b *box) string { return b.person })
	err := t.asks(ctx, "mailboxes", "SELECT b.person, b.newest FROM chat_boxes b {and} WHERE b.person = :person", newBatch(boxes, person),
		func(v *values) { boxes[index[v.text()]].newest = v.number() })
	if err != nil {
		return err
	}
	for _, c := range copies {
		b := &boxes[index[c.person]]
		c.kept.Copies = append(c.kept.Copies, mailbox.Copy{Person: c.person, Before: b.newest})
		b.newest = c.kept.Place
		if b.waits == 0 && c.person != c.From {
			b.waits = int64(at(c.SentAt))
		}
	}
	return t.each(ctx, "mailboxes", `INSERT INTO chat_boxes (person, newest, handed, waits) SELECT :person, :newest, 0, :waits {from} WHERE true
		ON CONFLICT (person) DO UPDATE SET newest = excluded.newest,
		waits = CASE WHEN chat_boxes.waits = 0 THEN excluded.waits ELSE chat_boxes.waits END`,
		newBatch(boxes, person,
			number("newest", func(b *box) int64 { return b.newest }),
			number("waits", func(b *box) int64 { return b.waits })))
}

// asks runs a statement for every row of a batch, and read for each answer, in
// any order.
func (t *tx) asks(ctx context.Context, thing, statement string, b batch, read func(*values)) error {
	rows, err := t.engine.query(ctx, t.pool(), statement, b)
	if err == nil {
		err = eachValues(rows, read)
	}
	return t.wrote(err, thing)
}
