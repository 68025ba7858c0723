package models

import (
	"context"
	"math"

	"assent/messaging/mailbox"
	"assent/terms"
)

// MakeGroup implements mailbox.Store.
func (m *Mailbox) MakeGroup(ctx context.Context, g mailbox.Group, made mailbox.Message) (mailbox.Kept, error) {
	return m.keeping(ctx, func(ctx context.Context, t *tx) (mailbox.Kept, error) {
		in := audience{people: []string{made.From}}
		for _, member := range g.Members {
			blocked, err := t.blocked(ctx, member.Person, made.From)
			if err != nil {
				return mailbox.Kept{}, err
			}
			if !blocked && member.Person != made.From {
				in.people = append(in.people, member.Person)
			}
		}
		var err error
		if in.chat, err = t.beginChat(ctx, g.ID, g.Title); err != nil {
			return mailbox.Kept{}, err
		}
		for _, person := range in.people {
			if err := t.enter(ctx, in.chat, person, person == made.From); err != nil {
				return mailbox.Kept{}, err
			}
		}
		return t.keep(ctx, in, made)
	})
}

// enter puts somebody into a group, again if they were in before.
func (t *tx) enter(ctx context.Context, chat int64, person string, admin bool) error {
	return t.exec(ctx, "a member of a group", `INSERT INTO chat_members (person, chat, peer, admin, since, oldest, newest, gone, seen)
		SELECT ?, ?, '', ?, place, place, ?, ?, 0 FROM (SELECT COALESCE(MAX(place), 0) AS place FROM chat_messages) newest WHERE true
		ON CONFLICT (person, chat) DO UPDATE SET admin = excluded.admin, since = excluded.since, newest = excluded.newest, gone = excluded.gone`,
		person, chat, admin, int64(math.MaxInt64), false)
}

// Join implements mailbox.Store.
func (m *Mailbox) Join(ctx context.Context, joined mailbox.Message) (mailbox.Kept, error) {
	return m.keeping(ctx, func(ctx context.Context, t *tx) (mailbox.Kept, error) {
		chat, g, err := t.administered(ctx, joined.From, joined.Group)
		if err != nil {
			return mailbox.Kept{}, err
		}
		blocked, err := t.blocked(ctx, joined.Whom, joined.From)
		if err != nil {
			return mailbox.Kept{}, err
		}
		if _, in := g.Find(joined.Whom); in || blocked {
			return mailbox.Kept{}, nil
		}
		if len(g.Members) >= mailbox.MaxMembers {
			return mailbox.Kept{}, terms.Errorf(terms.Conflict, "a group has at most %d people", mailbox.MaxMembers)
		}
		if err := t.enter(ctx, chat, joined.Whom, false); err != nil {
			return mailbox.Kept{}, err
		}
		return t.keep(ctx, audience{chat, append(g.From(joined.From), joined.Whom)}, joined)
	})
}

// administered reads a group for one of its admins.
func (t *tx) administered(ctx context.Context, person, id string) (int64, mailbox.Group, error) {
	chat, g, err := t.group(ctx, person, id)
	if err != nil {
		return 0, g, err
	}
	if me, _ := g.Find(person); !me.Admin {
		return 0, g, terms.Errorf(terms.Forbidden, "only its admins change who is in group %q", id)
	}
	return chat, g, nil
}

// Leave implements mailbox.Store.
func (m *Mailbox) Leave(ctx context.Context, left mailbox.Message) (mailbox.Kept, error) {
	return m.keeping(ctx, func(ctx context.Context, t *tx) (mailbox.Kept, error) {
		read, who := t.group, left.From
		if left.Whom != "" && left.Whom != left.From {
			read, who = t.administered, left.Whom
		}
		chat, g, err := read(ctx, left.From, left.Group)
		if err != nil {
			return mailbox.Kept{}, err
		}
		if _, in := g.Find(who); !in {
			return mailbox.Kept{}, terms.Errorf(terms.NotFound, "%q is not in group %q", who, left.Group)
		}
		kept, err := t.keep(ctx, audience{chat, g.From(left.From)}, left)
		if err != nil {
			return mailbox.Kept{}, err
		}
		if err := t.exec(ctx, "a member of a group", "UPDATE chat_members SET gone = ?, newest = ?, admin = ? WHERE person = ? AND chat = ?",
			true, kept.Place, false, who, chat); err != nil {
			return mailbox.Kept{}, err
		}
		return kept, t.exec(ctx, "a group", `UPDATE chat_members SET admin = ? WHERE chat = ? AND person = (SELECT person FROM chat_members
			WHERE chat = ? AND NOT gone ORDER BY since, person LIMIT 1)
			AND NOT EXISTS (SELECT 1 FROM chat_members WHERE chat = ? AND admin)`, true, chat, chat, chat)
	})
}
