package messaging_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"assent/internal/testenv"
	"assent/templates"
)

// site serves the messenger page as the demonstration does, in front of a
// world whose clock brings ana to the next stage whenever it is moved.
func site(t *testing.T, w *world) string {
	t.Helper()
	pages, err := templates.New()
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/assets/", pages.Assets())
	mux.Handle("/messaging/websocket", w.WebSocket())
	mux.HandleFunc("GET /messenger", func(out http.ResponseWriter, _ *http.Request) {
		ana, ben := templates.MessengerName{ID: "ana", Name: "Ana"}, templates.MessengerName{ID: "ben", Name: "Ben"}
		view := templates.Messenger{Brand: "Harbor", Socket: "/messaging/websocket", Now: w.clock.Now(), Back: "/messenger",
			Phones: []templates.MessengerPhone{
				{MessengerName: ana, Token: w.token("ana"), ReviewURL: "/l/ana", Contacts: []templates.MessengerName{ben}},
				{MessengerName: ben, Token: w.token("ben"), ReviewURL: "/l/ben", Contacts: []templates.MessengerName{ana}},
			},
			Stages: []templates.MessengerStage{{Key: "announced", Name: "Announced"}, {Key: "limited", Name: "Limited"}, {Key: "suspended_delivery", Name: "Suspended"}},
		}
		out.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'")
		if err := pages.Render(out, "messenger/index", view); err != nil {
			t.Error(err)
		}
	})
	stage := announced
	mux.HandleFunc("POST /demo/clock", func(out http.ResponseWriter, _ *http.Request) {
		stage++
		w.clock.Forward(24 * time.Hour)
		w.move(t, "ana", stage)
		_ = json.NewEncoder(out).Encode(map[string]time.Time{"now": w.clock.Now()}) // the browser notices if it is cut
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL + "/messenger"
}

// browse opens a page in a browser and collects what it complains of.
func browse(t *testing.T, url string) (context.Context, func() []string) {
	t.Helper()
	ctx := testenv.Browser(t, chromedp.WindowSize(1440, 900))
	var mu sync.Mutex
	var complaints []string
	chromedp.ListenTarget(ctx, func(event any) {
		mu.Lock()
		defer mu.Unlock()
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			complaints = append(complaints, e.ExceptionDetails.Error())
		case *log.EventEntryAdded:
			complaints = append(complaints, e.Entry.Text)
		}
	})
	if err := chromedp.Run(ctx, chromedp.Navigate(url)); err != nil {
		t.Fatal(err)
	}
	return ctx, func() []string { mu.Lock(); defer mu.Unlock(); return complaints }
}

// A person at the two phones: a message, a lost chat list, an answer from the
// notification, silence, and everything back without reloading.
func TestThePageShowsEachStageBiteAndTheRestorationLive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.move(t, "ana", announced)
	ctx, complaints := browse(t, site(t, w))
	until := func(what, selector, text string) {
		t.Helper()
		limited, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		shows := fmt.Sprintf(`[...document.querySelectorAll(%q)].some(e => e.checkVisibility() && e.textContent.includes(%q))`, selector, text)
		if err := chromedp.Run(limited, chromedp.Poll(shows, nil)); err != nil {
			var page string
			_ = chromedp.Run(ctx, chromedp.Text("main", &page, chromedp.ByQuery)) // only to say what was there instead
			t.Fatalf("%s: %v\n%s\n%v", what, err, page, complaints())
		}
	}
	do := func(actions ...chromedp.Action) {
		t.Helper()
		limited, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		if err := chromedp.Run(limited, actions...); err != nil {
			t.Fatal(err)
		}
	}

	click := func(selector string) chromedp.Action { return chromedp.Click(selector, chromedp.ByQuery) }
	write := func(selector, text string) chromedp.Action {
		return chromedp.SendKeys(selector, text, chromedp.ByQuery)
	}

	until("the reminder", "#phone-ana .banner", "Our terms are changing")
	do(click(`#phone-ana [data-peer="ben"] button`), write("#say-ana", "Hello Ben\r"))
	until("the message in the list", "#phone-ben [data-peer=ana]", "Hello Ben")
	until("the notification", "#phone-ben .toast", "Hello Ben")

	do(click(`[name="advance"][value="1d"]`))
	until("the lost chat list", "#phone-ana .locked", "Your chat list is off")
	until("her place on the ladder", `[data-stage="limited"] .here`, "Ana")
	do(click(`#phone-ana details summary`), click(`#phone-ana [data-try="messages.send"]`))
	until("the refusal", "#phone-ana pre", `"capability": "messages.send"`)
	do(click(`#phone-ben [data-peer="ana"] button`), write("#say-ben", "Are you there?\r"))
	until("the notification that still comes", "#phone-ana .toast", "Are you there?")
	do(write("#phone-ana .toast input", "From here\r"))
	until("the reply", "#phone-ben .theirs", "From here")
	do(click("#phone-ben [data-do=voice]"))
	until("the call that still rings", "#phone-ana .call", "Ben is calling")
	do(click("#phone-ana [data-do=decline]"))
	until("the end of the call", "#phone-ben .call", "declined")

	do(click(`[name="advance"][value="1d"]`))
	until("silence", "#phone-ana .locked", "on hold")
	do(write("#say-ben", "I keep writing\r"))
	until("the message on its way", "#phone-ben .mine", "I keep writing")

	w.accept(t, "ana")
	until("the chat list with what was held", "#phone-ana [data-peer=ben]", "I keep writing")
	until("her place at the end", `[data-stage="free"] .here`, "Ana")
	if got := complaints(); len(got) > 0 {
		t.Errorf("the browser complained: %s", strings.Join(got, "\n"))
	}
}

func TestThePagesClientLibraryIsTheOneOfTheTests(t *testing.T) {
	t.Parallel()
	if err := installed(); err != nil {
		t.Fatal(err)
	}
	theirs, err := os.ReadFile(filepath.Join("testdata", "client", "node_modules", "centrifuge", "dist", "centrifuge.js"))
	if err != nil {
		t.Fatal(err)
	}
	ours, err := os.ReadFile(filepath.Join("..", "templates", "static", "vendor", "centrifuge.js"))
	if err != nil {
		t.Fatal(err)
	}
	_, ours, _ = bytes.Cut(ours, []byte("\n")) // the line with its name and licence
	theirs, _, _ = bytes.Cut(theirs, []byte("//# sourceMappingURL"))
	if !bytes.Equal(ours, theirs) {
		t.Error("templates/static/vendor/centrifuge.js is not the pinned version: copy dist/centrifuge.js over it, without its source map line")
	}
}
