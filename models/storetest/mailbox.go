package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"assent/messaging/mailbox"
	"assent/terms"
)

// RunMailbox checks a mailbox against the contract of mailbox.Store. open
// returns a new, empty one each time it is called.
func RunMailbox(t *testing.T, open func(t *testing.T) mailbox.Store) {
	for _, check := range []func(*box){
		aMessageHasACopyForEachSide,
		aMessageSentTwiceIsKeptOnce,
		aClientsIDIsTheSendersOwn,
		whatWaitsIsShownOnlyWhereAsked,
		eachDeviceBeginsWhereItWas,
		whatWaitsTooLongExpiresForItsRecipientOnly,
		chatsAreListedNewestFirstAndByPage,
		historyIsReadByPage,
		readMarksNeverGoBack,
		aBlockStopsOneDirectionInSilence,
		aNotificationIsAnsweredOnceTogetherWithItsReply,
		aGroupReachesAllWhoAreInIt,
		whoeverLeavesAGroupHearsNoMore,
		aGroupIsNeverWithoutAnAdmin,
		nobodyIsBroughtIntoAGroupByWhomTheyBlocked,
		whoIsForgottenLeavesNothingBehind,
		messagesAtTheSameTimeAreAllKeptInOneOrder,
		aRefusalBesideOthersTouchesNoneOfThem,
		aConversationBeginsOnlyWhereItMay,
		eachCopySaysWhatCameBeforeIt,
		manyAtTheSameTimeAreToldApart,
		aCallIsOverdueUntilItHasRungOrIsMissed,
		everybodyGetsEverythingOnceAndInOrder,
	} {
		name := runtime.FuncForPC(reflect.ValueOf(check).Pointer()).Name()
		t.Run(name[strings.LastIndex(name, ".")+1:], func(t *testing.T) {
			t.Parallel()
			check(&box{t, open(t), context.Background()})
		})
	}
}

// box fails the test where the mailbox itself fails.
type box struct {
	rapid.TB
	mailbox.Store
	ctx context.Context
}

func must[T any](b *box) func(T, error) T {
	return func(out T, err error) T {
		b.Helper()
		if err != nil {
			b.Fatalf("%v", err)
		}
		return out
	}
}

func (b *box) ok(err error) {
	b.Helper()
	if err != nil {
		b.Fatalf("%v", err)
	}
}

// not has to be an error of a kind.
func (b *box) not(kind terms.Kind, err error) {
	b.Helper()
	if !errors.Is(err, kind) {
		b.Fatalf("%v; want %s", err, kind)
	}
}

func (b *box) same(what string, got, want any) {
	b.Helper()
	if !reflect.DeepEqual(got, want) {
		b.Fatalf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

// text is a message whose id and body are the same.
func text(from, to, id string) mailbox.Draft {
	return mailbox.Draft{Begins: true, Message: mailbox.Message{ID: id, From: from, To: to, Kind: mailbox.Text, Body: id, SentAt: noon}}
}

// forWhom lists who has a copy.
func forWhom(kept mailbox.Kept) []string {
	var people []string
	for _, c := range kept.Copies {
		people = append(people, c.Person)
	}
	return people
}

func toGroup(from, group, id string) mailbox.Draft {
	d := text(from, "", id)
	d.Group = group
	return d
}

func (b *box) send(d mailbox.Draft) mailbox.Kept {
	b.Helper()
	return must[mailbox.Kept](b)(b.Post(b.ctx, d))
}

// stream is the ids of what a person is handed after a place.
func (b *box) stream(person string, place int64) string {
	b.Helper()
	return ids(must[[]mailbox.Message](b)(b.After(b.ctx, person, place, 1000)))
}

func ids(list []mailbox.Message) string {
	var out []string
	for _, m := range list {
		out = append(out, m.ID)
	}
	return strings.Join(out, " ")
}

func (b *box) history(person string, with mailbox.Talk, p mailbox.Page) string {
	b.Helper()
	if p.Limit == 0 {
		p.Limit = 100
	}
	return ids(must[[]mailbox.Message](b)(b.History(b.ctx, person, with, p)))
}

// chats says of each: with whom, the last message, how many are unread.
func (b *box) chats(person string, p mailbox.Page) string {
	b.Helper()
	if p.Limit == 0 {
		p.Limit = 100
	}
	var out []string
	for _, c := range must[[]mailbox.Chat](b)(b.Chats(b.ctx, person, p)) {
		out = append(out, fmt.Sprintf("%s%s:%s:%d", c.Peer, c.Group, c.Last.ID, c.Unread))
	}
	return strings.Join(out, " ")
}

func everything() mailbox.Page { return mailbox.Page{WithWaiting: true} }

func aMessageHasACopyForEachSide(b *box) {
	d := text("ana", "ben", "hello")
	d.ClientID, d.SentAt = "c1", noon.Add(3*time.Microsecond)
	kept := b.send(d)
	b.same("for", forWhom(kept), []string{"ana", "ben"})
	want := d.Message
	want.Place = kept.Place
	b.same("kept", kept.Message, want)
	b.same("ana's", must[mailbox.Message](b)(b.Message(b.ctx, "ana", "hello")), want)
	want.ClientID = "" // hers, and nobody else's business
	b.same("ben's", must[mailbox.Message](b)(b.Message(b.ctx, "ben", "hello")), want)
	_, err := b.Message(b.ctx, "cy", "hello")
	b.not(terms.NotFound, err)
	b.send(text("ben", "ana", "hi"))
	for person, peer := range map[string]string{"ana": "ben", "ben": "ana"} {
		b.same(person, b.history(person, mailbox.Talk{Peer: peer}, everything()), "hello hi")
	}
}

func aMessageSentTwiceIsKeptOnce(b *box) {
	d := text("ana", "ben", "one")
	d.ClientID = "c1"
	first := b.send(d)
	d.ID = "two"
	again := b.send(d)
	b.same("again", again.Again, true)
	b.same("the message", again.Message, first.Message)
	b.same("ben's", b.stream("ben", 0), "one")
	d.Body = "something else"
	_, err := b.Post(b.ctx, d)
	b.not(terms.Conflict, err)
	b.ok(b.Block(b.ctx, "ben", "ana", true))
	d.Body = "one"
	b.same("after a block", b.send(d).ID, "one")
}

func aClientsIDIsTheSendersOwn(b *box) {
	for _, from := range []string{"ana", "ben"} {
		d := text(from, "cy", "from "+from)
		d.ClientID = "1"
		b.same(from, b.send(d).Again, false)
	}
	b.same("cy's", b.stream("cy", 0), "from ana from ben")
}

func whatWaitsIsShownOnlyWhereAsked(b *box) {
	one := b.send(text("ana", "ben", "one"))
	b.ok(b.Hand(b.ctx, mailbox.Handed{Person: "ben", Place: one.Place}))
	b.send(text("ana", "ben", "two"))
	b.send(text("ben", "ana", "mine"))
	b.send(text("ana", "ben", "three"))
	with := mailbox.Talk{Peer: "ana"}
	b.same("history", b.history("ben", with, mailbox.Page{}), "one mine")
	b.same("history with what waits", b.history("ben", with, everything()), "one two mine three")
	b.same("chats", b.chats("ben", mailbox.Page{}), "ana:mine:1")
	b.same("chats with what waits", b.chats("ben", everything()), "ana:three:3")
	b.same("waiting", must[int](b)(b.Waiting(b.ctx, "ben")), 2)
	b.same("the sender's", b.history("ana", mailbox.Talk{Peer: "ben"}, everything()), "one two mine three")
}

func eachDeviceBeginsWhereItWas(b *box) {
	first, second := b.send(text("ana", "ben", "one")), b.send(text("ana", "ben", "two"))
	begin := func(device string) int64 { return must[int64](b)(b.Begin(b.ctx, "ben", device)) }
	b.same("before anything", begin("phone"), int64(0))
	b.ok(b.Hand(b.ctx, mailbox.Handed{Person: "ben", Device: "phone", Place: first.Place}))
	b.ok(b.Hand(b.ctx, mailbox.Handed{Person: "ben", Device: "laptop", Place: second.Place}, mailbox.Handed{Person: "ben", Device: "laptop", Place: first.Place}))
	b.same("the phone", begin("phone"), first.Place)
	b.same("the laptop", begin("laptop"), second.Place)
	b.same("a new one", begin("tablet"), second.Place)
	b.same("what the phone has missed", b.stream("ben", begin("phone")), "two")
	b.same("a stranger", must[int64](b)(b.Begin(b.ctx, "cy", "")), int64(0))
}

func whatWaitsTooLongExpiresForItsRecipientOnly(b *box) {
	seen := b.send(text("ana", "ben", "seen"))
	b.ok(b.Hand(b.ctx, mailbox.Handed{Person: "ben", Place: seen.Place}))
	b.send(text("ana", "ben", "old"))
	newer := text("ana", "ben", "newer")
	newer.SentAt = noon.Add(time.Hour)
	b.send(newer)
	own := text("ben", "ana", "own")
	b.send(own)
	expire := func(at time.Time) int { return must[int](b)(b.Expire(b.ctx, at)) }
	b.same("too early", expire(noon), 0)
	b.ok(b.Hand(b.ctx, mailbox.Handed{Person: "ana", Place: seen.Place + 100}))
	b.same("at its time", expire(noon.Add(time.Microsecond)), 1)
	b.same("ben's", b.stream("ben", 0), "seen newer own")
	b.same("ana's", b.stream("ana", 0), "seen old newer own")
	b.same("twice", expire(noon.Add(time.Microsecond)), 0)
	b.same("the next", expire(noon.Add(2*time.Hour)), 1)
	b.same("waiting", must[int](b)(b.Waiting(b.ctx, "ben")), 0)
}

func chatsAreListedNewestFirstAndByPage(b *box) {
	b.same("none", b.chats("ana", everything()), "")
	for _, peer := range []string{"ben", "cy", "di"} {
		b.send(text(peer, "ana", "from "+peer))
	}
	b.send(text("ana", "ben", "to ben"))
	b.same("all", b.chats("ana", everything()), "ben:to ben:1 di:from di:1 cy:from cy:1")
	b.same("the first", b.chats("ana", mailbox.Page{WithWaiting: true, Limit: 2}), "ben:to ben:1 di:from di:1")
	b.same("the rest", b.chats("ana", mailbox.Page{WithWaiting: true, Limit: 2, Before: "from di"}), "cy:from cy:1")
	b.ok(b.Block(b.ctx, "ana", "cy", true))
	for _, c := range must[[]mailbox.Chat](b)(b.Chats(b.ctx, "ana", mailbox.Page{Limit: 9, WithWaiting: true})) {
		b.same("blocked "+c.Peer, c.Blocked, c.Peer == "cy")
	}
}

func historyIsReadByPage(b *box) {
	for i := range 5 {
		b.send(text("ana", "ben", fmt.Sprint(i)))
		b.send(text("cy", "ben", fmt.Sprint("other ", i)))
	}
	with := mailbox.Talk{Peer: "ana"}
	b.same("newest", b.history("ben", with, mailbox.Page{WithWaiting: true, Limit: 2}), "3 4")
	b.same("before", b.history("ben", with, mailbox.Page{WithWaiting: true, Limit: 2, Before: "3"}), "1 2")
	b.same("the rest", b.history("ben", with, mailbox.Page{WithWaiting: true, Limit: 2, Before: "1"}), "0")
	b.same("nobody", b.history("ben", mailbox.Talk{Peer: "di"}, everything()), "")
	_, err := b.History(b.ctx, "ben", with, mailbox.Page{Limit: 1, Before: "gone"})
	b.not(terms.NotFound, err)
}

func readMarksNeverGoBack(b *box) {
	for _, id := range []string{"one", "two", "three"} {
		b.send(text("ana", "ben", id))
	}
	with := mailbox.Talk{Peer: "ana"}
	b.same("others", must[[]string](b)(b.Read(b.ctx, "ben", with, "two")), []string{"ana"})
	b.same("unread", b.chats("ben", everything()), "ana:three:1")
	b.same("others", must[[]string](b)(b.Read(b.ctx, "ben", with, "one")), []string{"ana"})
	b.same("still", b.chats("ben", everything()), "ana:three:1")
	_, err := b.Read(b.ctx, "ben", with, "four")
	b.not(terms.NotFound, err)
	_, err = b.Read(b.ctx, "ben", mailbox.Talk{Peer: "cy"}, "one")
	b.not(terms.NotFound, err)
}

func aBlockStopsOneDirectionInSilence(b *box) {
	b.send(text("ana", "ben", "one"))
	b.ok(b.Block(b.ctx, "ben", "ana", true))
	b.ok(b.Block(b.ctx, "ben", "ana", true))
	b.same("blocked", must[bool](b)(b.Blocked(b.ctx, "ben", "ana")), true)
	b.same("the other way", must[bool](b)(b.Blocked(b.ctx, "ana", "ben")), false)
	b.same("for", forWhom(b.send(text("ana", "ben", "unheard"))), []string{"ana"})
	b.same("for, between strangers", forWhom(b.send(text("ana", "cy", "hi"))), []string{"ana", "cy"})
	_, err := b.Post(b.ctx, text("ben", "ana", "no"))
	b.not(terms.Conflict, err)
	b.ok(b.Block(b.ctx, "ben", "ana", false))
	b.send(text("ben", "ana", "again"))
	b.same("ben's", b.history("ben", mailbox.Talk{Peer: "ana"}, everything()), "one again")
	b.same("ana's", b.history("ana", mailbox.Talk{Peer: "ben"}, everything()), "one unheard again")
}

func aNotificationIsAnsweredOnceTogetherWithItsReply(b *box) {
	b.send(text("ana", "ben", "question"))
	answer := text("ben", "ana", "answer")
	answer.Answers, answer.ClientID = "question", "c1"
	b.ok(b.Block(b.ctx, "ben", "ana", true))
	_, err := b.Post(b.ctx, answer)
	b.not(terms.Conflict, err)
	b.ok(b.Block(b.ctx, "ben", "ana", false))
	b.send(answer) // what was refused has not used it up
	b.same("the same once more", b.send(answer).Again, true)
	other := text("ben", "ana", "other")
	other.Answers = "question"
	_, err = b.Post(b.ctx, other)
	b.not(terms.Conflict, err)
	b.same("ana's", b.stream("ana", 0), "question answer")
}

func whoIsForgottenLeavesNothingBehind(b *box) {
	choir(b)
	b.send(text("ana", "ben", "private"))
	b.send(text("ben", "ana", "too"))
	b.send(text("ana", "cy", "other"))
	b.send(toGroup("ben", "choir", "from ben"))
	b.send(toGroup("ana", "choir", "from ana"))
	b.ok(b.Block(b.ctx, "di", "ben", true))
	b.ok(b.Hand(b.ctx, mailbox.Handed{Person: "ben", Device: "phone", Place: 1000}))
	b.ok(b.Forget(b.ctx, "ben"))
	b.same("ben's", b.stream("ben", 0), "")
	b.same("ana's", b.stream("ana", 0), "made other from ana")
	b.same("cy's", b.stream("cy", 0), "made other from ana")
	b.same("begins", must[int64](b)(b.Begin(b.ctx, "ben", "phone")), int64(0))
	b.same("blocked", must[bool](b)(b.Blocked(b.ctx, "di", "ben")), false)
	b.same("members", must[mailbox.Group](b)(b.Group(b.ctx, "cy", "choir")).Members, []mailbox.Member{{Person: "ana", Admin: true}, {Person: "cy"}})
	b.send(text("ana", "ben", "anew")) // whoever has the id next
	b.same("ben's", b.history("ben", mailbox.Talk{Peer: "ana"}, everything()), "anew")
}

func messagesAtTheSameTimeAreAllKeptInOneOrder(b *box) {
	var all sync.WaitGroup
	for w := range 8 {
		all.Go(func() {
			for i := range 20 {
				if _, err := b.Post(b.ctx, text(fmt.Sprint("writer-", w), "ana", fmt.Sprintf("%d-%02d", w, i))); err != nil {
					b.Errorf("%v", err)
				}
			}
		})
	}
	all.Wait()
	list := must[[]mailbox.Message](b)(b.After(b.ctx, "ana", 0, 1000))
	b.same("kept", len(list), 160)
	last := map[string]string{}
	for _, m := range list {
		if m.ID <= last[m.From] {
			b.Fatalf("%s comes after %s", m.ID, last[m.From])
		}
		last[m.From] = m.ID
	}
}

func aRefusalBesideOthersTouchesNoneOfThem(b *box) {
	b.ok(b.Block(b.ctx, "ana", "ben", true))
	b.send(text("cy", "ana", "taken"))
	var all sync.WaitGroup
	for i := range 30 {
		all.Go(func() {
			switch i % 3 {
			case 0:
				b.want(b.Post(b.ctx, text("cy", "ben", fmt.Sprint("good ", i))))
			case 1: // refused by the rules
				_, err := b.Post(b.ctx, text("ana", "ben", "x"))
				b.wantKind(terms.Conflict, err)
			default: // refused by the database
				_, err := b.Post(b.ctx, text("cy", "ben", "taken"))
				b.wantKind(terms.Conflict, err)
			}
		})
	}
	all.Wait()
	b.same("kept", len(must[[]mailbox.Message](b)(b.After(b.ctx, "ben", 0, 100))), 10)
}

// want and wantKind are for goroutines, which must not end the test.
func (b *box) want(_ mailbox.Kept, err error) {
	if err != nil {
		b.Errorf("%v", err)
	}
}

// wantKind wants an error of a kind.
func (b *box) wantKind(kind terms.Kind, err error) {
	if !errors.Is(err, kind) {
		b.Errorf("%v; want %s", err, kind)
	}
}

// Random people write to each other while some are handed what waits, a page at
// a time; in the end everybody has everything, once, in the order it was kept.
func everybodyGetsEverythingOnceAndInOrder(b *box) {
	n := 0
	rapid.Check(b.TB.(*testing.T), func(t *rapid.T) {
		n++
		names := []string{fmt.Sprint("ana", n), fmt.Sprint("ben", n), fmt.Sprint("cy", n)}
		sent, got := map[string][]string{}, map[string][]string{}
		hand := func(person string, limit int) bool {
			place := must[int64](b)(b.Begin(b.ctx, person, "phone"))
			list := must[[]mailbox.Message](b)(b.After(b.ctx, person, place, limit))
			for _, m := range list {
				got[person] = append(got[person], m.ID)
				b.ok(b.Hand(b.ctx, mailbox.Handed{Person: person, Device: "phone", Place: m.Place}))
			}
			return len(list) > 0
		}
		for i := range rapid.IntRange(0, 12).Draw(t, "messages") {
			from := rapid.IntRange(0, 2).Draw(t, "from")
			to := (from + rapid.IntRange(1, 2).Draw(t, "to")) % 3
			kept := b.send(text(names[from], names[to], fmt.Sprintf("%d-%d", n, i)))
			for _, person := range forWhom(kept) {
				sent[person] = append(sent[person], kept.ID)
			}
			if rapid.Bool().Draw(t, "hand over") {
				hand(rapid.SampledFrom(names).Draw(t, "whom"), rapid.IntRange(1, 3).Draw(t, "page"))
			}
		}
		for _, person := range names {
			for hand(person, 2) {
			}
			if !slices.Equal(got[person], sent[person]) {
				t.Fatalf("%s was handed %v, sent %v", person, got[person], sent[person])
			}
		}
	})
}
