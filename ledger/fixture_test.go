package ledger_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"testing"
	"time"

	"assent/ledger"
	"assent/terms"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// The key pair of every log in these tests, and of the golden receipt. The
// private key is 32 zero bytes: it protects nothing.
const (
	origin = "example.com/assent"
	skey   = "PRIVATE+KEY+example.com/assent+" + keyID + "+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	vkey   = "example.com/assent+" + keyID + "+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
	keyID  = "990c532f"
)

// shelf is a store of tiles: what a table keeps in the real log.
type shelf struct {
	tiles map[[2]int64][]byte
	reads int
}

func (s *shelf) ReadTile(_ context.Context, level int, index int64) ([]byte, error) {
	s.reads++
	data, ok := s.tiles[[2]int64{int64(level), index}]
	if !ok {
		return nil, fmt.Errorf("no tile %d/%d", level, index)
	}
	return data, nil
}

func (s *shelf) keep(tiles []ledger.TileData) {
	for _, t := range tiles {
		s.tiles[[2]int64{int64(t.Level), t.Index}] = t.Data
	}
}

// book is a log as a caller keeps one: tiles, head, and x/mod's own hashes of
// the same records beside them, as the second opinion.
type book struct {
	shelf
	head   ledger.Head
	leaves []ledger.Hash
	oracle []tlog.Hash
}

func newBook() *book {
	return &book{shelf: shelf{tiles: map[[2]int64][]byte{}}, head: ledger.Empty()}
}

func (b *book) append(t testing.TB, records ...[]byte) ledger.Update {
	t.Helper()
	update, err := ledger.Append(t.Context(), b, b.head, records)
	if err != nil {
		t.Fatalf("append %d records to %d: %v", len(records), b.head.Size, err)
	}
	b.keep(update.Tiles)
	b.head = update.Head
	for _, r := range records {
		hashes, err := tlog.StoredHashes(int64(len(b.leaves)), r, b.hashes())
		if err != nil {
			t.Fatal(err)
		}
		b.leaves = append(b.leaves, ledger.Leaf(r))
		b.oracle = append(b.oracle, hashes...)
	}
	return update
}

func (b *book) hashes() tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			out[i] = b.oracle[x]
		}
		return out, nil
	})
}

// numbered makes records that differ.
func numbered(from, n int) [][]byte {
	records := make([][]byte, n)
	for i := range records {
		records[i] = fmt.Appendf(nil, "record %d", from+i)
	}
	return records
}

func signer(t testing.TB) note.Signer {
	t.Helper()
	s, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func verifiers(t testing.TB) note.Verifiers {
	t.Helper()
	v, err := note.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	return note.VerifierList(v)
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return t
}

// golden is the record of testdata/record.json. It is made to be awkward: a
// sentence with quotes, a less-than sign, accents and an emoji, a time in
// another zone with nanoseconds.
func golden() ledger.Record {
	var key, salt [32]byte
	for i := range key {
		key[i], salt[i] = byte(i), byte(255-i)
	}
	return ledger.Record{
		ReceiptID: "01hzy3v7q8d0000000000000r1",
		Campaign:  "new-terms-2021",
		Plan:      2,
		Action:    terms.Accept,
		Documents: []terms.DocumentText{
			{Document: "terms-of-service", Version: "2021-01-04", Locale: "fr", SHA256: digest("Conditions d’utilisation\n")},
			{Document: "privacy-policy", Version: "2021-01-04", Locale: "fr", SHA256: digest("Confidentialité\n")},
		},
		Snapshot:    digest("<!doctype html>"),
		Sentence:    "En touchant « J’accepte », vous acceptez les \"nouvelles\" conditions (<2 minutes) 👍",
		ButtonLabel: "J’accepte",
		Method:      ledger.MethodPage,
		Actor:       "person",
		PresentedAt: at("2021-05-20T11:59:00+02:00"),
		RespondedAt: at("2021-05-20T10:00:01.5Z"),
		ReceivedAt:  at("2021-05-20T10:00:00.123456789Z"),
		Stage:       "persistent",
		Region:      "FR",
		Effect:      terms.Full,
		Person:      ledger.Pseudonym(key, "person-17"),
		Details:     ledger.Commit(salt, goldenDetails()),
	}
}

func goldenDetails() []byte {
	data, err := ledger.Details{
		PeerIP: "10.0.0.7", ClientIP: "203.0.113.9", ClientIPRule: "x-forwarded-for, 1 trusted proxy",
		UserAgent: "Mozilla/5.0 (Android 11; Mobile)", AppVersion: "2.21.9", Device: "phone",
	}.Canonical()
	if err != nil {
		panic(err)
	}
	return data
}
