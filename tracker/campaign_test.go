package tracker_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"assent/terms"
	"assent/tracker"
)

func TestAPublishedVersionCannotBeChanged(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.publish()
		ref := plan().Documents[0]
		before, err := w.Version(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.PutVersion(t.Context(), tracker.Version{DocumentRef: ref, Texts: []tracker.Text{{Locale: "en", Markdown: "Be cruel."}}})
		if !errors.Is(err, terms.Conflict) {
			t.Fatalf("replaced: %v", err)
		}
		if _, err := w.Publish(t.Context(), ref, "test"); !errors.Is(err, terms.Conflict) {
			t.Fatalf("published twice: %v", err)
		}
		after, err := w.Version(t.Context(), ref)
		if err != nil || after.Texts[0] != before.Texts[0] || tracker.Digest(after.Texts[0].Markdown) != after.Texts[0].SHA256 {
			t.Fatalf("the text moved: %+v, %v", after.Texts[0], err)
		}
	})
}

func TestABrokenPlanStoresNothing(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.publish()
		broken := plan()
		broken.Stages[3].Off = []string{"terms.respond"}
		if _, err := w.AddPlan(t.Context(), broken, nil, "test"); !errors.Is(err, terms.Invalid) || !strings.Contains(err.Error(), "stages[3].off[0]") {
			t.Fatalf("an exit right off: %v", err)
		}
		unknown := plan()
		unknown.Documents[1].Version = "2099"
		if _, err := w.AddPlan(t.Context(), unknown, nil, "test"); !errors.Is(err, terms.Invalid) || !strings.Contains(err.Error(), "documents[1]") {
			t.Fatalf("an unknown version: %v", err)
		}
		if _, err := w.Campaign(t.Context(), "new-terms-2021"); !errors.Is(err, terms.NotFound) {
			t.Fatalf("the campaign exists: %v", err)
		}
	})
}

func TestALaterPlanMovesPeopleButNeverTakesTheirTime(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR", "IN", "DE")
		sooner := plan()
		sooner.Deadline = deadline.Add(-day)
		second, err := w.AddPlan(t.Context(), sooner, nil, "test")
		if err != nil || second.Number != 2 {
			t.Fatalf("plan %d, %v", second.Number, err)
		}
		if c, err := w.Activate(t.Context(), "new-terms-2021", 2, "test", nil); err != nil || c.Plan != 2 || c.Confirmed != 1 {
			t.Fatalf("an earlier deadline: %+v, %v", c, err)
		}
		w.walk(deadline.Add(-day), "p-0")
		if pos := w.position("p-0"); pos.Plan != 1 || pos.Stage != "announced" {
			t.Fatalf("at the earlier deadline, not confirmed: %+v", pos)
		}
		harsher := plan()
		harsher.Stages[1].Off, harsher.Regions = []string{"messages.send"}, harsher.Regions[1:]
		harsher.Stages[3].Off, harsher.Stages[3].Set = []string{"calls.answer"}, nil
		harsher.Stages[4].Off = nil
		if _, err := w.AddPlan(t.Context(), harsher, nil, "test"); err != nil {
			t.Fatal(err)
		}
		if c, err := w.Activate(t.Context(), "new-terms-2021", 3, "test", nil); err != nil || c.Plan != 3 || c.Confirmed != 1 {
			t.Fatalf("a harsher ladder: %+v, %v", c, err)
		}
		later := plan()
		later.Deadline = deadline.Add(60 * day)
		if _, err := w.AddPlan(t.Context(), later, nil, "test"); err != nil {
			t.Fatal(err)
		}
		if c, err := w.Activate(t.Context(), "new-terms-2021", 4, "test", nil); err != nil || c.Confirmed != 4 {
			t.Fatalf("a gentler plan: %+v, %v", c, err)
		}
		w.walk(deadline.Add(59*day), "p-0")
		if pos := w.position("p-0"); pos.Plan != 4 || pos.Stage != "announced" {
			t.Fatalf("before the new deadline: %+v", pos)
		}
		w.walk(deadline.Add(60*day), "p-0")
		if pos := w.position("p-0"); pos.Stage != "reminded" {
			t.Fatalf("at the new deadline: %+v", pos)
		}
	})
}

func TestKeysOpenOnlyWhatTheyAreFor(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		key, secret, err := w.CreateKey(t.Context(), "flags of the app", []tracker.Scope{tracker.FlagsRead}, w.clock().Add(time.Hour), "test")
		if err != nil {
			t.Fatal(err)
		}
		got, err := w.Authenticate(t.Context(), secret)
		if err != nil || got.ID != key.ID || !got.Allows(tracker.FlagsRead) || got.Allows(tracker.PeopleWrite) {
			t.Fatalf("got %+v, %v", got, err)
		}
		if strings.Contains(got.Hash, secret) {
			t.Fatal("the secret is kept")
		}
		for _, wrong := range []string{"", secret + "x", strings.ToUpper(secret)} {
			if _, err := w.Authenticate(t.Context(), wrong); !errors.Is(err, terms.Unauthenticated) {
				t.Errorf("%q: %v", wrong, err)
			}
		}
		w.set(w.clock().Add(time.Hour))
		if _, err := w.Authenticate(t.Context(), secret); !errors.Is(err, terms.Unauthenticated) {
			t.Errorf("expired: %v", err)
		}
		const bootstrap = "a-key-of-the-operators-own"
		for range 2 {
			if err := w.EnsureKey(t.Context(), bootstrap); err != nil {
				t.Fatal(err)
			}
		}
		first, err := w.Authenticate(t.Context(), bootstrap)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.RevokeKey(t.Context(), first.ID, "test"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Authenticate(t.Context(), bootstrap); !errors.Is(err, terms.Unauthenticated) {
			t.Errorf("revoked: %v", err)
		}
	})
}

func TestStaffSignInWithTheirOwnPassword(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		if staffed, err := w.Staffed(t.Context()); err != nil || staffed {
			t.Fatalf("staffed %v, %v", staffed, err)
		}
		if err := w.AddStaff(t.Context(), "mei", "short", "test"); !errors.Is(err, terms.Invalid) {
			t.Fatalf("a short password: %v", err)
		}
		if err := w.AddStaff(t.Context(), "mei", "a longer password", "test"); err != nil {
			t.Fatal(err)
		}
		if err := w.AddStaff(t.Context(), "mei", "another password", "test"); !errors.Is(err, terms.Conflict) {
			t.Fatalf("the name twice: %v", err)
		}
		if _, err := w.SignIn(t.Context(), "mei", "a longer password"); err != nil {
			t.Fatal(err)
		}
		for name, password := range map[string]string{"mei": "a wrong password", "nobody": "a longer password"} {
			if _, err := w.SignIn(t.Context(), name, password); !errors.Is(err, terms.Unauthenticated) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
