package tracker

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"time"

	"assent/terms"

	"golang.org/x/mod/sumdb/note"
)

// Deps is what a Tracker works with. All are required.
type Deps struct {
	Store     Store
	Catalogue terms.Catalogue
	Now       func() time.Time
	Random    io.Reader     // cryptographic; crypto/rand.Reader outside tests
	Signer    note.Signer   // of the log; its name is the log's origin
	Besides   []note.Signer // older keys of the log that still sign with it
	// Committed is called after a transaction that changed positions, with the
	// newest revision, before the use-case returns: when it comes back, every
	// answer given by this process reflects the change. Revision 0 means all
	// there is, also what can move everybody of a campaign.
	Committed func(ctx context.Context, revision uint64) error
	// Changed is called in its place where the use-case knows all that its
	// transaction has changed, in order of revision. Nil: Committed is, always.
	Changed func(ctx context.Context, changes []Change) error
	// Wake is called when there is something for a sweep to do at once; it must
	// not wait for it. Nil: the next tick finds it.
	Wake      func()
	Launch    *LaunchGate // nil: plans are put into force unseen, as in a simulation
	Pace      Pace
	Guard     Guard
	Approvals Approvals
	Leniency  Leniency
	Post      Post
	KeepNames time.Duration // how long the journal names whoever is gone, for those who follow it
	Lease     *LeaseTerms   // nil: nobody but compare-and-set keeps two processes apart
}

// Leniency is how gently a campaign goes on after it was stopped.
type Leniency struct {
	UndoWindow time.Duration // how long a reversal can be undone
	HoldSpread time.Duration // of holds that do not say, unless their clock stops
}

// Tracker runs the use-cases. Between calls it holds the choices that wait to be
// recorded, rules, for as long as the store has the same, and published versions.
type Tracker struct {
	Deps
	queue   queue
	shelf   shelf
	library library
	atlas   atlas
}

// New returns a tracker.
func New(d Deps) *Tracker { return &Tracker{Deps: d} }

// instant is now as facts keep it: UTC, whole microseconds.
func (t *Tracker) instant() time.Time { return t.Now().UTC().Truncate(time.Microsecond) }

// newID returns a fresh identifier: a prefix that says what it names, and 128
// random bits in lower-case base32.
func (t *Tracker) newID(prefix string) (string, error) { return t.newIDFrom(prefix, nil) }

// newReceiptID is newID with the second in place of the first 32 random bits:
// receipts come by the thousand, and those of one time stand together in the
// index by which they are found.
func (t *Tracker) newReceiptID(now time.Time) (string, error) {
	return t.newIDFrom("rcp", binary.BigEndian.AppendUint32(nil, uint32(now.Unix())))
}

func (t *Tracker) newIDFrom(prefix string, first []byte) (string, error) {
	var raw [16]byte
	if _, err := io.ReadFull(t.Random, raw[copy(raw[:], first):]); err != nil {
		return "", fmt.Errorf("draw a random id: %w", err)
	}
	return idText(prefix, raw), nil
}

func idText(prefix string, raw [16]byte) string {
	return prefix + "_" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw[:]))
}

// DefaultRandom is the source of randomness outside tests.
func DefaultRandom() io.Reader { return rand.Reader }

// read answers one question on a snapshot of its own.
func read[T any](ctx context.Context, t *Tracker, ask func(Reader) (T, error)) (T, error) {
	var answer T
	err := t.Store.View(ctx, func(r Reader) error {
		var err error
		answer, err = ask(r)
		return err
	})
	return answer, err
}

// commit runs fn in a transaction of its own, and returns when the followers of
// the log of changes have followed what it changed.
func (t *Tracker) commit(ctx context.Context, fn func(Tx) error) error {
	var revision uint64
	err := t.Store.Update(ctx, func(tx Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		var err error
		revision, err = tx.Revision(ctx)
		return err
	})
	if err != nil {
		return err
	}
	return t.committed(ctx, revision)
}

// committed tells the followers of the log of changes what one use-case has
// changed; revision 0 means that it changed nothing.
func (t *Tracker) committed(ctx context.Context, revision uint64) error {
	if revision == 0 {
		return nil
	}
	return t.Committed(context.WithoutCancel(ctx), revision)
}
