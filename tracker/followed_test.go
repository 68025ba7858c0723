package tracker_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"reflect"
	"testing"

	"assent/terms"
	"assent/tracker"
)

func TestFollowersAreHandedWhatTheyWouldReadOfAChoice(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.household()
		var handed []tracker.Change
		w.Changed = func(_ context.Context, changes []tracker.Change) error {
			handed = changes
			return nil
		}
		for i, action := range []terms.Action{terms.Decline, terms.Accept, terms.Withdraw} {
			before, err := w.Revision(t.Context())
			w.must(err)
			w.respond("p-1", action, fmt.Sprintf("k%d", i))
			var read []tracker.Change
			w.view(func(r tracker.Reader) error {
				var err error
				read, err = r.Changes(t.Context(), before, 10)
				return err
			})
			if len(read) != 1 || !reflect.DeepEqual(handed, read) {
				t.Errorf("%s: handed %+v, and read %+v", action, handed, read)
			}
		}
		handed = nil
		w.respond("p-0", terms.Accept, "k") // the bots move as well
		if newest, err := w.Revision(t.Context()); err != nil || handed != nil || w.revision != newest {
			t.Errorf("handed %d changes, and told of revision %d of %d: %v", len(handed), w.revision, newest, err)
		}
	})
}

func TestARepeatedKeyIsComparedAsItAlwaysWas(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR")
		c := w.choice("p-0", terms.Accept, "k")
		receipt := w.respond("p-0", terms.Accept, "k")
		sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q", c.Campaign, c.Action, c.Documents))
		if want := hex.EncodeToString(sum[:]); receipt.Fingerprint != want {
			t.Errorf("the fingerprint is %s, want %s", receipt.Fingerprint, want)
		}
	})
}

func TestReceiptsOfTheSameTimeHaveNamesThatBeginAlike(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR", "BR", "BR")
		first, second := w.respond("p-0", terms.Accept, "k").ReceiptID, w.respond("p-1", terms.Accept, "k").ReceiptID
		w.pass(day)
		later := w.respond("p-2", terms.Accept, "k").ReceiptID
		const alike, length = len("rcp_") + 6, len("rcp_") + 26
		if len(first) != length || first == second || first[:alike] != second[:alike] || first[:alike] == later[:alike] {
			t.Errorf("%s and %s, and a day later %s", first, second, later)
		}
	})
}
