package tracker_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"assent/ledger"
	"assent/terms"
	"assent/tracker"
)

// valve is a store whose transactions wait while it is shut, and whose writes of
// responses a test can spoil.
type valve struct {
	tracker.Store
	shut    sync.RWMutex
	begun   atomic.Int64
	refuses func([]tracker.Response) error // asked before they are written; nil: never
}

func (v *valve) Update(ctx context.Context, fn func(tracker.Tx) error) error {
	v.begun.Add(1)
	v.shut.RLock()
	defer v.shut.RUnlock()
	return v.Store.Update(ctx, func(tx tracker.Tx) error { return fn(spoiled{tx, v}) })
}

type spoiled struct {
	tracker.Tx
	valve *valve
}

func (s spoiled) AddResponses(ctx context.Context, list []tracker.Response) error {
	if s.valve.refuses != nil {
		if err := s.valve.refuses(list); err != nil {
			return err
		}
	}
	return s.Tx.AddResponses(ctx, list)
}

// reply is what became of a choice.
type reply struct {
	receipt tracker.Receipt
	created bool
	err     error
	thrown  any
}

// together has choices made at the same time: while one that was first is being
// written, the others gather. It returns how many transactions that took.
func (w *world) together(v *valve, first tracker.Choice, others []tracker.Choice) ([]reply, int64) {
	w.t.Helper()
	replies := make([]reply, len(others))
	var all sync.WaitGroup
	ask := func(r *reply, c tracker.Choice) {
		all.Go(func() {
			defer func() { r.thrown = recover() }()
			r.receipt, r.created, r.err = w.Respond(w.t.Context(), c)
		})
	}
	v.shut.Lock()
	before := v.begun.Load()
	var one reply
	ask(&one, first)
	w.until(func() bool { return v.begun.Load() > before })
	for i, c := range others {
		ask(&replies[i], c)
		w.until(func() bool { return w.Waiting() == i+1 }) // in this order
	}
	v.shut.Unlock()
	all.Wait()
	if one.err != nil || one.thrown != nil {
		w.t.Fatalf("the first: %v, %v", one.err, one.thrown)
	}
	return replies, v.begun.Load() - before - 1
}

func (w *world) until(so func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(time.Minute); !so(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatal("it did not come to it")
		}
	}
}

// withValve puts a valve before the store.
func withValve(v *valve) wiring {
	return func(d *tracker.Deps) { v.Store, d.Store = d.Store, v }
}

// onBothEnginesWithValve gives each engine's world a valve of its own.
func onBothEnginesWithValve(t *testing.T, test func(*testing.T, *world, *valve)) {
	t.Helper()
	t.Parallel()
	for name, url := range engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := &valve{}
			test(t, newWorld(t, url(t), &hands{now: start}, withValve(v)), v)
		})
	}
}

func (w *world) proved(receipt tracker.Receipt) {
	w.t.Helper()
	if _, err := ledger.Verify(ledger.Receipt{Record: receipt.Record, Proof: receipt.Proof}, w.verifier); err != nil {
		w.t.Errorf("receipt %s: %v", receipt.ReceiptID, err)
	}
	kept, err := w.Receipt(w.t.Context(), receipt.ReceiptID)
	if err != nil || !reflect.DeepEqual(kept, receipt) {
		w.t.Errorf("receipt %s is kept as %+v, %v; handed out was %+v", receipt.ReceiptID, kept, err, receipt)
	}
}

// second launches another campaign for the same people.
func (w *world) second() string {
	w.t.Helper()
	p := plan()
	p.Campaign = "second"
	record, err := w.AddPlan(w.t.Context(), p, []byte("source"), "test")
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.Activate(w.t.Context(), p.Campaign, record.Number, "test", nil); err != nil {
		w.t.Fatal(err)
	}
	return p.Campaign
}

func TestChoicesMadeAtTheSameTimeShareATransactionAndASignature(t *testing.T) {
	onBothEnginesWithValve(t, func(t *testing.T, w *world, v *valve) {
		w.launch("BR", "BR", "DE", "TR", "BR", "BR", "BR")
		elsewhere := w.choice("p-5", terms.Decline, "k")
		elsewhere.Campaign = w.second()
		acts := w.logged() // of staff, before
		replies, transactions := w.together(v, w.choice("p-0", terms.Accept, "first"), []tracker.Choice{
			w.choice("p-1", terms.Accept, "k"), w.choice("p-2", terms.Decline, "k"), w.choice("p-3", terms.Accept, "k"), w.choice("p-4", terms.Accept, "k"), elsewhere,
		})
		if transactions != 1 {
			t.Errorf("%d transactions for 5 choices", transactions)
		}
		for i, r := range replies {
			if r.err != nil || !r.created || r.receipt.LeafIndex != acts+int64(i+1) || r.receipt.Proof.TreeSize != acts+6 {
				t.Fatalf("choice %d: %+v", i, r)
			}
			w.proved(r.receipt)
		}
		for person, want := range map[string]terms.Status{"p-1": terms.Accepted, "p-2": terms.Declined, "p-3": terms.Accepted, "p-6": terms.Pending} {
			if got := w.position(person).Status; got != want {
				t.Errorf("%s is %s, want %s", person, got, want)
			}
		}
		standing := w.standing("p-5").Positions
		if standing[0].Status != terms.Pending || standing[1].Status != terms.Declined {
			t.Errorf("p-5 stands at %+v", standing)
		}
		if w.revision < 6 {
			t.Errorf("followers were told of revision %d", w.revision)
		}
	})
}

func TestAChoiceThatCannotBeRecordedFailsAloneAndAsItWouldByItself(t *testing.T) {
	onBothEnginesWithValve(t, func(t *testing.T, w *world, v *valve) {
		w.launch("BR", "BR", "BR", "BR", "BR", "BR")
		w.respond("p-2", terms.Decline, "used")
		second := w.logged()
		w.respond("p-4", terms.Accept, "mine")
		stale := w.choice("p-3", terms.Accept, "k")
		stale.Documents[0].SHA256 = strings.Repeat("0", 64)
		nowhere := w.choice("p-5", terms.Accept, "k")
		nowhere.Campaign = "no-such"
		stranger := nowhere
		stranger.Person = "nobody"
		withdrawal := tracker.Choice{Person: "p-3", Campaign: "new-terms-2021", Action: terms.Withdraw, IdempotencyKey: "w", Method: ledger.MethodAPI, Actor: "key_test"}
		bad := []tracker.Choice{
			w.choice("nobody", terms.Accept, "k"), stale, w.choice("p-2", terms.Accept, "used"), nowhere, stranger, withdrawal,
		}
		var alone []error
		for _, c := range bad {
			_, _, err := w.Respond(t.Context(), c)
			if err == nil {
				t.Fatalf("%+v was recorded", c)
			}
			alone = append(alone, err)
		}
		good := []tracker.Choice{w.choice("p-1", terms.Accept, "k"), w.choice("p-4", terms.Accept, "mine")}
		replies, _ := w.together(v, w.choice("p-0", terms.Accept, "first"), append(bad, good...))
		for i, want := range alone {
			if got := replies[i]; !reflect.DeepEqual(got.err, want) || got.created || got.receipt.ReceiptID != "" {
				t.Errorf("choice %d: %+v; alone it was refused with %v", i, got, want)
			}
		}
		if r := replies[len(bad)]; r.err != nil || !r.created {
			t.Fatalf("the good one: %+v", r)
		}
		w.proved(replies[len(bad)].receipt)
		if r := replies[len(bad)+1]; r.err != nil || r.created || r.receipt.LeafIndex != second {
			t.Fatalf("the one that was there already: %+v", r)
		}
	})
}

func TestChoicesOfOnePersonAtTheSameTimeAreMadeOneAfterTheOther(t *testing.T) {
	onBothEnginesWithValve(t, func(t *testing.T, w *world, v *valve) {
		w.launch("BR", "BR", "BR")
		withdrawal := tracker.Choice{Person: "p-1", Campaign: "new-terms-2021", Action: terms.Withdraw, IdempotencyKey: "c", Method: ledger.MethodAPI, Actor: "key_test"}
		replies, transactions := w.together(v, w.choice("p-0", terms.Accept, "first"), []tracker.Choice{
			w.choice("p-1", terms.Decline, "a"), w.choice("p-1", terms.Accept, "b"), withdrawal, w.choice("p-1", terms.Accept, "b"), w.choice("p-2", terms.Accept, "k"),
		})
		for i, r := range replies {
			if r.err != nil || r.created != (i != 3) {
				t.Fatalf("choice %d: %+v", i, r)
			}
		}
		if replies[3].receipt.ReceiptID != replies[1].receipt.ReceiptID {
			t.Errorf("the same choice again got another receipt")
		}
		if transactions != 4 {
			t.Errorf("%d transactions, want one for each choice of p-1", transactions)
		}
		history, err := w.History(t.Context(), "p-1")
		if err != nil || len(history) != 3 || history[0].Action != terms.Withdraw || history[2].Action != terms.Decline {
			t.Errorf("p-1 chose %+v, %v", history, err)
		}
	})
}

func TestWhatSpoilsTheSharedTransactionIsTheFaultOfOneAlone(t *testing.T) {
	errSpoiled := errors.New("this row cannot be written")
	for name, spoil := range map[string]func() error{
		"an error": func() error { return errSpoiled },
		"a panic":  func() error { panic(errSpoiled) },
	} {
		t.Run(name, func(t *testing.T) {
			onBothEnginesWithValve(t, func(t *testing.T, w *world, v *valve) {
				w.launch("BR", "BR", "BR", "BR")
				v.refuses = func(list []tracker.Response) error {
					for _, r := range list {
						if r.Person == "p-2" {
							return spoil()
						}
					}
					return nil
				}
				replies, transactions := w.together(v, w.choice("p-0", terms.Accept, "first"), []tracker.Choice{
					w.choice("p-1", terms.Accept, "k"), w.choice("p-2", terms.Accept, "k"), w.choice("p-3", terms.Accept, "k"),
				})
				for _, i := range []int{0, 2} {
					if r := replies[i]; r.err != nil || !r.created {
						t.Fatalf("choice %d: %+v", i, r)
					}
					w.proved(replies[i].receipt)
				}
				told := errors.Is(replies[1].err, errSpoiled)
				if thrown, ok := replies[1].thrown.(error); ok {
					told = strings.Contains(thrown.Error(), errSpoiled.Error()) && strings.Contains(thrown.Error(), "AddResponses")
				}
				if !told || transactions != 4 {
					t.Errorf("the spoiled one: %+v; %d transactions", replies[1], transactions)
				}
				v.refuses = nil
				w.respond("p-2", terms.Accept, "k") // nothing of it remained
			})
		})
	}
}

func TestAPanicOverOneChoiceIsThatOfItsCallerOnly(t *testing.T) {
	for name, url := range engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, luck := &valve{}, &luck{}
			luck.read.Store(100)
			w := newWorld(t, url(t), &hands{now: start}, withValve(v), func(d *tracker.Deps) { luck.Reader, d.Random = d.Random, luck })
			w.launch("BR", "BR", "BR", "BR")
			c := w.choice("p-0", terms.Accept, "first")
			luck.read.Store(0) // from here on an id, a key and a salt each; p-2's id is the 7th, and the 11th when each goes alone
			replies, transactions := w.together(v, c, []tracker.Choice{
				w.choice("p-1", terms.Accept, "k"), w.choice("p-2", terms.Accept, "k"), w.choice("p-3", terms.Accept, "k"),
			})
			if replies[1].thrown == nil || !strings.Contains(fmt.Sprint(replies[1].thrown), "out of luck") {
				t.Errorf("p-2: %+v", replies[1])
			}
			for _, i := range []int{0, 2} {
				if r := replies[i]; r.err != nil || !r.created {
					t.Errorf("choice %d: %+v", i, r)
				}
			}
			if transactions != 4 {
				t.Errorf("%d transactions", transactions)
			}
		})
	}
}

// luck runs out twice.
type luck struct {
	io.Reader
	read atomic.Int64
}

func (l *luck) Read(p []byte) (int, error) {
	if n := l.read.Add(1); n == 7 || n == 11 {
		panic("out of luck")
	}
	return l.Reader.Read(p)
}

func TestWhileNothingCanBeWrittenEverybodyIsToldAtOnce(t *testing.T) {
	onBothEnginesWithValve(t, func(t *testing.T, w *world, v *valve) {
		w.launch("BR", "BR", "BR")
		first := w.choice("p-0", terms.Accept, "first")
		v.refuses = func(list []tracker.Response) error {
			if list[0].Person == first.Person {
				return nil
			}
			return terms.Errorf(terms.Unavailable, "the disk is full")
		}
		others := []tracker.Choice{w.choice("p-1", terms.Accept, "k"), w.choice("p-2", terms.Accept, "k")}
		replies, transactions := w.together(v, first, others)
		for i, r := range replies {
			if !errors.Is(r.err, terms.Unavailable) || r.created {
				t.Errorf("choice %d: %+v", i, r)
			}
		}
		if transactions != 1 {
			t.Errorf("it was tried %d times", transactions)
		}
		v.refuses = nil
		for _, c := range others {
			if _, created, err := w.Respond(t.Context(), c); err != nil || !created {
				t.Errorf("afterwards: %v, %v", created, err)
			}
		}
	})
}

func TestMoreThanCanWaitAreTurnedAway(t *testing.T) {
	t.Parallel()
	v := &valve{}
	w := newWorld(t, engines()["sqlite"](t), &hands{now: start}, withValve(v))
	w.launch("BR")
	const room = 4096
	others := make([]tracker.Choice, room)
	for i := range others {
		others[i] = tracker.Choice{Person: fmt.Sprintf("stranger-%d", i), Campaign: "new-terms-2021", Action: terms.Accept, IdempotencyKey: "k"}
	}
	v.shut.Lock()
	before := v.begun.Load()
	var all sync.WaitGroup
	ask := func(c tracker.Choice, want error) {
		all.Go(func() {
			if _, _, err := w.Respond(t.Context(), c); !errors.Is(err, want) {
				t.Errorf("%s: %v", c.Person, err)
			}
		})
	}
	ask(w.choice("p-0", terms.Accept, "first"), nil)
	w.until(func() bool { return v.begun.Load() > before })
	for _, c := range others {
		ask(c, terms.NotFound)
	}
	w.until(func() bool { return w.Waiting() == room })
	if _, _, err := w.Respond(t.Context(), others[0]); !errors.Is(err, terms.Unavailable) {
		t.Errorf("one too many: %v", err)
	}
	v.shut.Unlock()
	all.Wait()
	if n := v.begun.Load() - before - 1; n != room/256 {
		t.Errorf("%d transactions", n)
	}
}
