package clients_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"assent/notify"
)

func local() []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} }

// got is one call that a receiver had.
type got struct {
	id, kind, person string
	revision         uint64
	signatures       []string
	signed           string // id, time and body
}

// receiver takes calls, and answers what the test says.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	calls  []got
	answer func(got) int
}

func (w *world) receiver() *receiver {
	w.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		body, _ := io.ReadAll(in.Body)
		var m struct {
			Type string
			Data struct {
				Revision uint64
				Person   string
			}
		}
		if err := json.Unmarshal(body, &m); err != nil {
			w.Error(err)
		}
		id, stamp := in.Header.Get("Webhook-Id"), in.Header.Get("Webhook-Timestamp")
		call := got{id, m.Type, m.Data.Person, m.Data.Revision, strings.Fields(in.Header.Get("Webhook-Signature")), id + "." + stamp + "." + string(body)}
		r.mu.Lock()
		defer r.mu.Unlock()
		status := http.StatusNoContent
		if r.answer != nil {
			status = r.answer(call)
		}
		r.calls = append(r.calls, call)
		out.WriteHeader(status)
	}))
	w.Cleanup(r.Close)
	return r
}

// say sets what calls are answered; nil: that they are taken.
func (r *receiver) say(answer func(got) int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

func (r *receiver) had() []got {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.calls)
}

// courier delivers until the test or its own end.
func (w *world) courier(schedule ...time.Duration) context.CancelFunc {
	w.Helper()
	courier := notify.New(notify.Options{
		Tracker: w.tracker, Guard: notify.Guard{Allow: local()}, Now: time.Now, Log: slog.New(slog.DiscardHandler), Holder: "test", Moved: w.gate.Moved, Schedule: schedule,
	})
	ctx, cancel := context.WithCancel(w.Context())
	done := make(chan struct{})
	go func() { defer close(done); courier.Run(ctx) }()
	end := func() { cancel(); <-done }
	w.Cleanup(end)
	return end
}

// hook adds a webhook and returns its id and secret.
func (w *world) hook(url string, kinds ...string) (string, string) {
	w.Helper()
	answer := w.send("POST", "/api/v1/webhooks", object("url", url, "kinds", append([]string{}, kinds...))).is(201)
	return answer.at("id").(string), answer.at("secret").(string)
}

// sealed reports whether a call is signed with a secret, as its receiver finds
// out (Standard Webhooks, signature scheme v1).
func sealed(c got, secret string) bool {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(c.signed))
	return err == nil && slices.Contains(c.signatures, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

func TestAWebhookHearsOfEveryChangeOnceAndCanTellWhoCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.person("before", "BR")
	r := w.receiver()
	id, secret := w.hook(r.URL)
	first := w.gate.Revision()
	w.courier()
	w.person("u1", "BR")
	w.limit("u1")
	w.choose("u1", "accepted", "k").is(201)
	w.send("DELETE", "/api/v1/people/u1", "").is(204)
	last := w.gate.Revision()
	until(t, "the last change", func() bool { calls := r.had(); return len(calls) > 0 && calls[len(calls)-1].revision == last })
	seen := first
	for _, c := range r.had() {
		if c.revision <= seen || !sealed(c, secret) || sealed(c, "whsec_AAAA") || c.id != fmt.Sprintf("msg_%s_%d", id, c.revision) {
			t.Fatalf("%+v after %d", c, seen)
		}
		seen = c.revision
	}
	if c := r.had()[len(r.had())-1]; c.kind != "person.removed" || c.person != "u1" {
		t.Fatalf("%+v", c)
	}
	fresh := w.send("POST", "/api/v1/webhooks/"+id+"/rotate", "").is(200).at("secret").(string)
	w.person("u2", "BR")
	until(t, "u2", func() bool { calls := r.had(); return calls[len(calls)-1].person == "u2" })
	if c := r.had()[len(r.had())-1]; !sealed(c, secret) || !sealed(c, fresh) || len(c.signatures) != 2 {
		t.Fatalf("%+v", c)
	}
	list := w.send("GET", "/api/v1/webhooks", "").is(200)
	if body := list.Body.String(); strings.Contains(body, secret) || strings.Contains(body, fresh) {
		t.Fatal(body)
	}
	w.send("DELETE", "/api/v1/webhooks/"+id, "").is(204)
	w.send("DELETE", "/api/v1/webhooks/"+id, "").is(404)
}

func TestOnePersonsTroubleKeepsTheOrderOfThatPersonAndNobodyElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	r := w.receiver()
	r.say(func(c got) int {
		if c.person == "u1" {
			return http.StatusInternalServerError
		}
		return http.StatusNoContent
	})
	id, _ := w.hook(r.URL)
	w.courier(time.Millisecond, 20*time.Millisecond, 20*time.Millisecond, time.Hour)
	w.person("u1", "BR")
	w.notice("u1")
	w.choose("u1", "declined", "k").is(201)
	w.person("u2", "BR")
	until(t, "u2", func() bool { return slices.ContainsFunc(r.had(), func(c got) bool { return c.person == "u2" }) })
	until(t, "another try", func() bool {
		n := 0
		for _, c := range r.had() {
			if c.person == "u1" {
				n++
			}
		}
		return n > 1
	})
	until(t, "all of u1's in order behind the first", func() bool {
		letters := w.send("GET", "/api/v1/webhooks/"+id+"/letters", "").is(200)
		return len(letters.at("waiting").([]any)) == 3 && len(letters.at("given_up").([]any)) == 0
	})
	r.say(nil)
	until(t, "what waited", func() bool {
		letters := w.send("GET", "/api/v1/webhooks/"+id+"/letters", "").is(200)
		return len(letters.at("waiting").([]any)) == 0
	})
	revisions, ids := []uint64{}, map[uint64]string{}
	for _, c := range r.had() {
		if before, again := ids[c.revision]; again && before != c.id {
			t.Fatalf("change %d came as %s and as %s", c.revision, before, c.id)
		}
		ids[c.revision] = c.id
		if c.person == "u1" {
			revisions = append(revisions, c.revision)
		}
	}
	if !slices.IsSorted(revisions) || len(slices.Compact(revisions)) != 3 {
		t.Fatalf("u1's changes came as %v", revisions)
	}
}

func TestWhatIsGivenUpIsSeenAndCanBeTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	r := w.receiver()
	r.say(func(got) int { return http.StatusFound }) // a redirect is not followed, and is no success
	id, _ := w.hook(r.URL, "enrolled")
	w.courier(time.Millisecond)
	w.person("u1", "BR")
	letters := "/api/v1/webhooks/" + id + "/letters"
	until(t, "giving up", func() bool { return len(w.send("GET", letters, "").is(200).at("given_up").([]any)) == 1 })
	w.send("GET", letters, "").is(200).says("given_up.0.tries", 2, "given_up.0.error", "the receiver answered 302")
	r.say(nil)
	w.send("POST", letters+"/retry", "").is(200).says("letters", 1)
	until(t, "the letter", func() bool { return len(w.send("GET", letters, "").is(200).at("waiting").([]any)) == 0 })
	if calls := r.had(); len(calls) != 3 || calls[2].person != "u1" || calls[2].id != calls[0].id {
		t.Fatalf("%+v", calls)
	}
	r.say(func(got) int { return http.StatusGone })
	w.person("u2", "BR")
	until(t, "the end", func() bool { return w.send("GET", "/api/v1/webhooks", "").is(200).at("webhooks.0.disabled_at") != nil })
	r.say(nil)
	w.send("POST", "/api/v1/webhooks/"+id+"/enable", "").is(200).says("disabled_at", nil)
	w.send("GET", "/api/v1/webhooks/nobody/letters", "").is(404)
	w.send("POST", "/api/v1/webhooks", `{"url":"https://169.254.169.254/latest"}`).is(422)
	w.send("POST", "/api/v1/webhooks", `{"url":"https://example.org/","kinds":["nothing"]}`).is(422)
}

// TestWhatWasInterruptedComesAgainUnderTheSameID ends a courier while a call is
// under way: the next one cannot know whether it arrived.
func TestWhatWasInterruptedComesAgainUnderTheSameID(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	r := w.receiver()
	calling, release := make(chan struct{}, 10), make(chan struct{})
	r.say(func(got) int { calling <- struct{}{}; <-release; return http.StatusNoContent })
	id, _ := w.hook(r.URL, "enrolled")
	end := w.courier()
	w.person("u1", "BR")
	<-calling
	end()
	close(release)
	w.courier()
	until(t, "the change", func() bool { return len(r.had()) >= 2 })
	calls := r.had()
	if calls[0].id != calls[1].id || calls[0].revision != calls[1].revision {
		t.Fatalf("%+v", calls)
	}
	until(t, "its place", func() bool {
		return fmt.Sprint(w.send("GET", "/api/v1/webhooks", "").is(200).at("webhooks.0.revision")) == fmt.Sprint(w.gate.Revision())
	})
	if letters := w.send("GET", "/api/v1/webhooks/"+id+"/letters", "").is(200); len(letters.at("waiting").([]any)) != 0 {
		t.Fatal(letters.Body)
	}
}
