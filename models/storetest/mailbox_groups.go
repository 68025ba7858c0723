package storetest

import (
	"assent/messaging/mailbox"
	"assent/terms"
)

// choir is a group that ana made with ben and cy.
func choir(b *box) {
	b.Helper()
	g := mailbox.Group{ID: "choir", Title: "Choir 🎶", Members: []mailbox.Member{{Person: "ben"}, {Person: "cy"}, {Person: "ana"}}}
	kept := must[mailbox.Kept](b)(b.MakeGroup(b.ctx, g, mailbox.Message{ID: "made", From: "ana", Group: "choir", Kind: mailbox.Made, SentAt: noon}))
	b.same("for", forWhom(kept), []string{"ana", "ben", "cy"})
}

func aGroupReachesAllWhoAreInIt(b *box) {
	choir(b)
	want := mailbox.Group{ID: "choir", Title: "Choir 🎶", Members: []mailbox.Member{{Person: "ana", Admin: true}, {Person: "ben"}, {Person: "cy"}}}
	b.same("the group", must[mailbox.Group](b)(b.Group(b.ctx, "ben", "choir")), want)
	b.same("for", forWhom(b.send(toGroup("ben", "choir", "la"))), []string{"ben", "ana", "cy"})
	for _, person := range []string{"ana", "ben", "cy"} {
		b.same(person, b.history(person, mailbox.Talk{Group: "choir"}, everything()), "made la")
	}
	list := must[[]mailbox.Chat](b)(b.Chats(b.ctx, "cy", mailbox.Page{Limit: 9, WithWaiting: true}))
	b.same("chats", []any{len(list), list[0].Title, list[0].Group, list[0].Unread, list[0].Last.To}, []any{1, "Choir 🎶", "choir", 2, ""})
	b.same("others", must[[]string](b)(b.Read(b.ctx, "cy", mailbox.Talk{Group: "choir"}, "la")), []string{"ana", "ben"})
	for _, person := range []string{"di", ""} {
		_, err := b.Post(b.ctx, toGroup(person, "choir", "x"))
		b.not(terms.NotFound, err)
		_, err = b.Group(b.ctx, person, "choir")
		b.not(terms.NotFound, err)
		_, err = b.History(b.ctx, person, mailbox.Talk{Group: "choir"}, mailbox.Page{Limit: 1})
		b.not(terms.NotFound, err)
	}
	joined := mailbox.Message{ID: "joined", From: "ana", Whom: "di", Group: "choir", Kind: mailbox.Joined, SentAt: noon}
	b.same("for", forWhom(must[mailbox.Kept](b)(b.Join(b.ctx, joined))), []string{"ana", "ben", "cy", "di"})
	b.same("di's", b.history("di", mailbox.Talk{Group: "choir"}, everything()), "joined")
	joined.ID = "twice"
	b.same("again", forWhom(must[mailbox.Kept](b)(b.Join(b.ctx, joined))), []string(nil))
	joined.From, joined.Whom = "ben", "ed"
	_, err := b.Join(b.ctx, joined)
	b.not(terms.Forbidden, err)
}

func (b *box) leave(who, whom, id string) (mailbox.Kept, error) {
	return b.Leave(b.ctx, mailbox.Message{ID: id, From: who, Whom: whom, Group: "choir", Kind: mailbox.Left, SentAt: noon})
}

func whoeverLeavesAGroupHearsNoMore(b *box) {
	choir(b)
	b.same("for", forWhom(must[mailbox.Kept](b)(b.leave("ben", "", "bye"))), []string{"ben", "ana", "cy"})
	b.send(toGroup("ana", "choir", "after"))
	b.same("ben's", b.history("ben", mailbox.Talk{Group: "choir"}, everything()), "made bye")
	list := must[[]mailbox.Chat](b)(b.Chats(b.ctx, "ben", mailbox.Page{Limit: 9, WithWaiting: true}))
	b.same("left", list[0].Left, true)
	_, err := b.Post(b.ctx, toGroup("ben", "choir", "x"))
	b.not(terms.NotFound, err)
	_, err = b.leave("ben", "", "twice")
	b.not(terms.NotFound, err)
	_, err = b.leave("cy", "ana", "mutiny")
	b.not(terms.Forbidden, err)
	must[mailbox.Kept](b)(b.leave("ana", "cy", "out"))
	_, err = b.Group(b.ctx, "cy", "choir")
	b.not(terms.NotFound, err)
	_, err = b.leave("ana", "nobody", "x")
	b.not(terms.NotFound, err)
	back := mailbox.Message{ID: "back", From: "ana", Whom: "ben", Group: "choir", Kind: mailbox.Joined, SentAt: noon}
	must[mailbox.Kept](b)(b.Join(b.ctx, back))
	b.same("after ben is back", b.history("ben", mailbox.Talk{Group: "choir"}, everything()), "made bye back")
}

func aGroupIsNeverWithoutAnAdmin(b *box) {
	choir(b)
	b.send(text("x", "y", "time passes"))
	must[mailbox.Kept](b)(b.Join(b.ctx, mailbox.Message{ID: "j", From: "ana", Whom: "abe", Group: "choir", Kind: mailbox.Joined, SentAt: noon}))
	must[mailbox.Kept](b)(b.leave("ana", "", "bye"))
	want := []mailbox.Member{{Person: "abe"}, {Person: "ben", Admin: true}, {Person: "cy"}}
	b.same("members", must[mailbox.Group](b)(b.Group(b.ctx, "cy", "choir")).Members, want)
	for _, person := range []string{"ben", "cy", "abe"} {
		must[mailbox.Kept](b)(b.leave(person, "", "bye "+person))
	}
}

func nobodyIsBroughtIntoAGroupByWhomTheyBlocked(b *box) {
	b.ok(b.Block(b.ctx, "ben", "ana", true))
	g := mailbox.Group{ID: "choir", Members: []mailbox.Member{{Person: "ben"}, {Person: "cy"}}}
	kept := must[mailbox.Kept](b)(b.MakeGroup(b.ctx, g, mailbox.Message{ID: "made", From: "ana", Group: "choir", Kind: mailbox.Made, SentAt: noon}))
	b.same("for", forWhom(kept), []string{"ana", "cy"})
	kept = must[mailbox.Kept](b)(b.Join(b.ctx, mailbox.Message{ID: "j", From: "ana", Whom: "ben", Group: "choir", Kind: mailbox.Joined, SentAt: noon}))
	b.same("for", forWhom(kept), []string(nil))
	b.same("ben's", b.stream("ben", 0), "")
}
