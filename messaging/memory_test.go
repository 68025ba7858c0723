package messaging_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"assent/messaging"
	"assent/terms"
)

func TestAMailboxHandsOverEverythingOnceAndInOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ctx, box := t.Context(), messaging.NewMemory()
		var sent, got []string
		for i := range rapid.IntRange(0, 60).Draw(t, "messages") {
			from := rapid.SampledFrom([]string{"ben", "cy", "di"}).Draw(t, "from")
			m := messaging.Message{ID: fmt.Sprint(i), From: from, To: "ana", Kind: messaging.Text}
			m.Withheld = rapid.IntRange(0, 9).Draw(t, "withheld") == 0
			if err := box.Append(ctx, m); err != nil {
				t.Fatal(err)
			}
			if !m.Withheld {
				sent = append(sent, m.ID)
			}
			if rapid.Bool().Draw(t, "hand over") {
				got = append(got, handOver(t, box, rapid.IntRange(1, 5).Draw(t, "page"))...)
			}
		}
		for {
			page := handOver(t, box, 7)
			if len(page) == 0 {
				break
			}
			got = append(got, page...)
		}
		if !slices.Equal(got, sent) {
			t.Fatalf("handed over %v, sent %v", got, sent)
		}
	})
}

func handOver(t *rapid.T, box messaging.Mailbox, limit int) []string {
	waiting, err := box.Waiting(t.Context(), "ana", limit)
	if err != nil {
		t.Fatal(err)
	}
	ids := make([]string, len(waiting))
	for i, m := range waiting {
		ids[i] = m.ID
	}
	if err := box.Deliver(t.Context(), "ana", ids); err != nil {
		t.Fatal(err)
	}
	return ids
}

func TestAMemoryForgetsTheOldestFirst(t *testing.T) {
	t.Parallel()
	box := messaging.NewMemory()
	for i := range messaging.MemoryMessages + 1 {
		if err := box.Append(t.Context(), messaging.Message{ID: fmt.Sprint(i), From: "ben", To: "ana"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := box.Message(t.Context(), "ana", "0"); !errors.Is(err, terms.NotFound) {
		t.Errorf("the oldest message: %v", err)
	}
	for i := range messaging.MemoryConversations {
		if err := box.Append(t.Context(), messaging.Message{ID: "x", From: fmt.Sprint("stranger-", i), To: "cy"}); err != nil {
			t.Fatal(err)
		}
	}
	if chats, err := box.Chats(t.Context(), "ana", true); err != nil || len(chats) != 0 {
		t.Errorf("the quietest conversation: %v %v", chats, err)
	}
}
