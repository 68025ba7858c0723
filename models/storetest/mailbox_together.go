package storetest

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"assent/messaging/mailbox"
	"assent/terms"
)

func aConversationBeginsOnlyWhereItMay(b *box) {
	careful := text("ana", "ben", "one")
	careful.Begins = false
	_, err := b.Post(b.ctx, careful)
	b.same("the refusal", errors.Is(err, mailbox.ErrNotBegun), true)
	b.send(text("ben", "ana", "two"))
	b.send(careful)
	b.same("ana's", b.stream("ana", 0), "two one")
	b.ok(b.Forget(b.ctx, "ben"))
	careful.ID = "three"
	_, err = b.Post(b.ctx, careful)
	b.same("the refusal", errors.Is(err, mailbox.ErrNotBegun), true)
}

// Whoever has been handed everything up to what came before a copy can be handed
// the copy without another look.
func eachCopySaysWhatCameBeforeIt(b *box) {
	choir(b)
	last := map[string]int64{}
	for _, m := range must[[]mailbox.Message](b)(b.After(b.ctx, "ana", 0, 9)) {
		last["ana"], last["ben"], last["cy"] = m.Place, m.Place, m.Place
	}
	for i, d := range []mailbox.Draft{text("ana", "ben", "0"), text("cy", "ana", "1"), toGroup("ben", "choir", "2"), text("ben", "cy", "3")} {
		kept := b.send(d)
		for _, c := range kept.Copies {
			b.same(fmt.Sprint("before message ", i, " of ", c.Person), c.Before, last[c.Person])
			last[c.Person] = kept.Place
		}
	}
}

// Everybody writes to everybody at once: conversations begin from both sides,
// some is sent twice, something between is refused.
func manyAtTheSameTimeAreToldApart(b *box) {
	people := []string{"ana", "ben", "cy", "di"}
	b.ok(b.Block(b.ctx, "di", "ana", true))
	var all sync.WaitGroup
	for _, from := range people {
		for _, to := range people {
			for i := range 12 {
				if from == to {
					continue
				}
				d := text(from, to, fmt.Sprintf("%s-%s-%d", from, to, i))
				d.ClientID, d.Body = fmt.Sprintf("%s-%d", to, i/2), fmt.Sprint("\"\\ \n", i/2) // each twice
				all.Go(func() {
					if _, err := b.Post(b.ctx, d); from == "di" && to == "ana" {
						b.wantKind(terms.Conflict, err)
					} else if err != nil {
						b.Errorf("%s: %v", d.ID, err)
					}
				})
			}
		}
	}
	all.Wait()
	for _, person := range people {
		before := map[int64]bool{}
		bodies := map[string]int{}
		for _, m := range must[[]mailbox.Message](b)(b.After(b.ctx, person, 0, 1000)) {
			if before[m.Place] {
				b.Errorf("%s has two copies at %d", person, m.Place)
			}
			before[m.Place] = true
			bodies[m.From+m.To+m.Body]++
		}
		want := map[string]int{"ana": 30, "ben": 36, "cy": 36, "di": 24}[person]
		if len(bodies) != want || len(before) != want {
			b.Errorf("%s has %d messages, %d of them different; want each of %d once", person, len(before), len(bodies), want)
		}
		chats := must[[]mailbox.Chat](b)(b.Chats(b.ctx, person, mailbox.Page{Limit: 9, WithWaiting: true}))
		b.same(person+"'s conversations", len(chats), map[string]int{"ana": 3, "ben": 3, "cy": 3, "di": 2}[person])
	}
}

func aCallIsOverdueUntilItHasRungOrIsMissed(b *box) {
	until := noon.Add(time.Minute)
	call := func(id string) mailbox.Message {
		return mailbox.Message{ID: id, From: "ana", To: "ben", Kind: mailbox.MissedCall, Call: mailbox.Video, SentAt: noon}
	}
	for _, id := range []string{"missed", "rung", "lost"} {
		b.ok(b.Ring(b.ctx, call(id), until))
	}
	overdue := func(before time.Time) []mailbox.Message {
		return must[[]mailbox.Message](b)(b.Overdue(b.ctx, before))
	}
	b.same("in time", len(overdue(until)), 0)
	b.same("later", len(overdue(until.Add(time.Microsecond))), 3)
	b.ok(b.Rung(b.ctx, "rung"))
	b.ok(b.Rung(b.ctx, "rung"))
	b.send(mailbox.Draft{Message: call("missed"), Begins: true})
	b.same("the one that nobody ended", overdue(until.Add(time.Hour)), []mailbox.Message{call("lost")})
	b.ok(b.Forget(b.ctx, "ben"))
	b.same("when one of the two is forgotten", len(overdue(until.Add(time.Hour))), 0)
}
