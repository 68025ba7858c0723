// Package verify_test holds the second verifier against our own.
package verify_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"assent/ledger"
	"assent/terms"

	"golang.org/x/mod/sumdb/note"
)

const origin = "example.com/assent"

// size is how many valid and how many mutated receipts are compared.
func size(t *testing.T) int {
	t.Helper()
	if n, err := strconv.Atoi(os.Getenv("ASSENT_VERIFIER_RECEIPTS")); err == nil {
		return n
	}
	return 600
}

// shop makes receipts.
type shop struct {
	*rand.Rand
	t       *testing.T
	tiles   map[[2]int64][]byte
	head    ledger.Head
	records [][]byte
	signers []note.Signer // of the log, of which the first is the one in force
	keys    string        // public ones of the log
	witness note.Signer
}

func newShop(t *testing.T, seed uint64) *shop {
	t.Helper()
	s := &shop{Rand: rand.New(rand.NewPCG(seed, 7)), t: t, tiles: map[[2]int64][]byte{}, head: ledger.Empty()}
	for i, name := range []string{origin, origin, "witness.example"} {
		secret, public, err := ledger.NewKey(bytes.NewReader(bytes.Repeat([]byte{byte(i + 1)}, 64)), name)
		if err != nil {
			t.Fatal(err)
		}
		signer, err := note.NewSigner(secret)
		if err != nil {
			t.Fatal(err)
		}
		if name != origin {
			s.witness = signer
			continue
		}
		s.signers, s.keys = append(s.signers, signer), s.keys+public+"\n"
	}
	return s
}

// ReadTile returns a stored tile.
func (s *shop) ReadTile(_ context.Context, level int, index int64) ([]byte, error) {
	if data, ok := s.tiles[[2]int64{int64(level), index}]; ok {
		return data, nil
	}
	return nil, fs.ErrNotExist
}

// words are what texts are made of: awkward ones.
func (s *shop) words() string {
	pool := []string{"a", "J’accepte", `"quoted"`, `back\slash`, "<b>&", "👍🏽", "é", "e\u0301", "\u2028", "\t", "\n", "\u0000", "\u007f", "ا", "हि", "\ufffd", "/", "x+y", " "}
	var b strings.Builder
	for range 1 + s.IntN(6) {
		b.WriteString(pool[s.IntN(len(pool))])
	}
	return b.String()
}

func (s *shop) maybe(text string) string {
	if s.IntN(3) == 0 {
		return ""
	}
	return text
}

func (s *shop) digest() string {
	return fmt.Sprintf("%016x%016x%016x%016x", s.Uint64(), s.Uint64(), s.Uint64(), s.Uint64())
}

func (s *shop) instant() time.Time {
	return time.UnixMicro(s.Int64N(4_000_000_000_000_000)).UTC()
}

// record is a response with anything in it that may be.
func (s *shop) record() []byte {
	r := ledger.Record{
		ReceiptID: s.words(), Campaign: s.words(), Plan: 1 + s.IntN(1<<20), Action: terms.Accept, Effect: terms.Full,
		Snapshot: s.maybe(s.digest()), Sentence: s.maybe(s.words()), ButtonLabel: s.maybe(s.words()),
		Method: []ledger.Method{ledger.MethodPage, ledger.MethodLink, ledger.MethodAPI, ledger.MethodImport, ledger.MethodOnBehalf}[s.IntN(5)],
		Actor:  s.words(), ReceivedAt: s.instant(), Stage: s.words(), Region: s.maybe("FR"), Person: s.digest(), Details: s.digest(),
	}
	switch s.IntN(4) {
	case 0:
		r.Action, r.Effect = terms.Decline, ""
	case 1:
		r.Action, r.Effect = terms.Withdraw, terms.Void
	}
	if s.IntN(2) == 0 {
		r.PresentedAt, r.RespondedAt = s.instant(), s.instant()
	}
	for range 1 + s.IntN(3) {
		r.Documents = append(r.Documents, terms.DocumentText{Document: s.words(), Version: s.words(), Locale: s.words(), SHA256: s.digest()})
	}
	raw, err := r.Canonical()
	if err != nil {
		s.t.Fatal(err)
	}
	return raw
}

// receipt is one of a log that grows.
func (s *shop) receipt() ledger.Receipt {
	s.t.Helper()
	batch := make([][]byte, 1+s.IntN(5))
	for i := range batch {
		batch[i] = s.record()
	}
	update, err := ledger.Append(s.t.Context(), s, s.head, batch)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, one := range update.Tiles {
		s.tiles[[2]int64{int64(one.Level), one.Index}] = one.Data
	}
	s.head, s.records = update.Head, append(s.records, batch...)
	signers := slices.Clone(s.signers[:1+s.IntN(2)])
	text, err := ledger.SignCheckpoint(s.head, signers[0], signers[1:]...)
	if err != nil {
		s.t.Fatal(err)
	}
	if s.IntN(3) == 0 { // a witness has cosigned
		signed, err := note.Sign(&note.Note{Text: text.Text[:strings.Index(text.Text, "\n\n")+1]}, append(signers, s.witness)...)
		if err != nil {
			s.t.Fatal(err)
		}
		text.Text = string(signed)
	}
	index := s.Int64N(s.head.Size)
	hashes, err := ledger.Prove(s.t.Context(), s, s.head, index)
	if err != nil {
		s.t.Fatal(err)
	}
	return ledger.NewReceipt(s.records[index], index, hashes, text)
}

// written is a receipt as JSON, in one of its many looks.
func (s *shop) written(r ledger.Receipt) []byte {
	data, err := json.Marshal(r)
	if err != nil {
		s.t.Fatal(err)
	}
	var loose any
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(&loose); err != nil {
		s.t.Fatal(err)
	}
	switch s.IntN(3) {
	case 0:
		return data
	case 1:
		data, err = json.MarshalIndent(loose, "", "\t")
	default:
		data, err = json.Marshal(loose)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return data
}

// mutated is a receipt with something changed; a few of the changes mean
// nothing, and both verifiers have to see that as well.
func (s *shop) mutated(data []byte) []byte {
	out := slices.Clone(data)
	swap := func(from, to string) []byte { return bytes.Replace(out, []byte(from), []byte(to), 1) }
	pick := func(of ...string) string { return of[s.IntN(len(of))] }
	field := pick("action", "actor", "campaign", "details", "documents", "effect", "format", "kind", "method", "person", "plan",
		"receipt_id", "received_at", "stage", "sha256", "locale", "version", "proof", "record", "leaf_index", "tree_size", "hashes", "checkpoint")
	switch s.IntN(16) {
	case 0, 1, 2: // a bit, anywhere
		out[s.IntN(len(out))] ^= 1 << s.IntN(8)
	case 3: // a byte more
		return slices.Insert(out, s.IntN(len(out)), pick(" ", "\n", "0", "\"", "\\", "{", ",", "\xff", "\x00", "\ufeff")[0])
	case 4: // a byte less
		i := s.IntN(len(out))
		return slices.Delete(out, i, i+1)
	case 5: // cut off, or more after it
		if s.IntN(2) == 0 {
			return out[:s.IntN(len(out))]
		}
		return append(out, pick(" ", "\n", "{}", "x", "\x00")...)
	case 6: // a name that is repeated, unknown, in another case
		return swap(`"`+field+`"`, pick(`"`+field+`":1,"`+field+`"`, `"more":1,"`+field+`"`, `"`+strings.ToUpper(field)+`"`, `"`+field+` "`, `"\u00`+fmt.Sprintf("%02x", field[0])+field[1:]+`"`))
	case 7: // numbers
		return swap(pick(`"leaf_index":`, `"tree_size":`, `"plan":`, `"format":`, `"plan": `), pick(`"leaf_index":1`, `"tree_size":-`, `"plan":0`, `"format":1`, `"plan":-0.0e1,"x":`, `"plan":1.0,"y":`))
	case 8:
		return swap(`"leaf_index":0`, pick(`"leaf_index":-0`, `"leaf_index":0.0`, `"leaf_index":0e0`, `"leaf_index":00`, `"leaf_index":"0"`, `"leaf_index":null`))
	case 9: // times
		return swap("Z\"", pick("z\"", "+00:00\"", "0Z\"", " \"", ",Z\""))
	case 10: // texts
		return swap(pick("J’accepte", "👍", "é", "a"), pick(`\ud83d`, `\udc4d\ud83d`, "e\u0301", `\u00e9`, "", "\x80", `\uD83D\uDC4D`))
	case 11: // the checkpoint
		return swap(`\n`, pick(`\r\n`, `\n\n`, ` \n`, `\n0`, ``, `\u000a`, `\n— x AAAAAAAA\n`))
	case 12: // its signatures
		return swap(`\n\n— `, pick(`\n\n— witness.example AAAAAAAAAAA=\n— `, `\n\n— x+y AAAAAAAA\n— `, `\n\n— x AAAAAAAB\n— x AAAAAAAB\n— `, `\n\n—`, `\n\n- `, `\n\n— x AA=\n— `, `\n\n— x\u0085 AAAAAAAA\n— `, `\n\n— x\ufeff AAAAAAAA\n— `, `\n\n— `+origin+` AAAAAAAA\n— `))
	case 13: // a signature that is there twice
		if i := bytes.Index(out, []byte(`\n\n— `)); i > 0 {
			if line := out[i+4:]; bytes.Contains(line, []byte(`\n`)) {
				line = line[:bytes.Index(line, []byte(`\n`))+2]
				return slices.Concat(out[:i+4], line, out[i+4:])
			}
		}
	case 14: // base64
		return swap(`=`, pick("", "==", "A=", "-", "=\\n"))
	case 15: // the proof
		return swap(pick(`"hashes":[`, `"hashes": [`), pick(`"hashes":["`+base64.StdEncoding.EncodeToString(make([]byte, 32))+`",`, `"hashes":null,"x":[`, `"hashes":[[`, `"hashes":["",`, `"hashes":[1,`))
	}
	return out
}

// ours is what our verifier says of a receipt.
func ours(data []byte, known note.Verifiers) error {
	r, err := ledger.ParseReceipt(data)
	if err != nil {
		return err
	}
	_, err = ledger.VerifyBy(r, known)
	return err
}

func TestTheVerifierFromTheDocumentAgreesWithOurs(t *testing.T) {
	t.Parallel()
	s := newShop(t, 1)
	var files [][]byte
	for range size(t) {
		whole := s.written(s.receipt())
		files = append(files, whole, s.mutated(whole))
	}
	known, err := ledger.Verifiers(s.keys)
	if err != nil {
		t.Fatal(err)
	}
	theirs := s.judge(files)
	proved, refused := 0, 0
	for i, file := range files {
		err := ours(file, known)
		if mutated := i%2 == 1; err != nil && !mutated {
			t.Fatalf("a whole receipt is refused: %v\n%s", err, file)
		}
		if (err == nil) != (theirs[i] == "proved") {
			t.Errorf("ours: %v; theirs: %s\n%s", err, theirs[i], file)
		}
		if err == nil {
			proved++
		} else {
			refused++
		}
	}
	t.Logf("%d receipts: both take %d and refuse %d", len(files), proved, refused)
	if refused < len(files)/4 || proved < len(files)/2 {
		t.Errorf("%d taken and %d refused prove little", proved, refused)
	}
}

// judge has the second verifier look at files.
func (s *shop) judge(files [][]byte) []string {
	s.t.Helper()
	keys := filepath.Join(s.t.TempDir(), "keys")
	if err := os.WriteFile(keys, []byte(s.keys), 0o600); err != nil {
		s.t.Fatal(err)
	}
	var in bytes.Buffer
	for _, file := range files {
		fmt.Fprintln(&in, base64.StdEncoding.EncodeToString(file))
	}
	node := exec.CommandContext(s.t.Context(), "node", "testdata/batch.mjs", keys)
	node.Stdin, node.Stderr = &in, os.Stderr
	out, err := node.Output()
	if err != nil {
		s.t.Fatalf("node: %v; it needs Node 18 or newer", err)
	}
	verdicts := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(verdicts) != len(files) {
		s.t.Fatalf("%d verdicts on %d receipts", len(verdicts), len(files))
	}
	return verdicts
}

func TestTheGoldenReceiptIsProvedOnTheCommandLine(t *testing.T) {
	t.Parallel()
	golden := "../../ledger/testdata/"
	out, err := exec.CommandContext(t.Context(), "node", "verify.mjs", "--key", golden+"key", golden+"receipt.json").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "proved. Record 6 of 11 in the log example.com/assent: accepted") {
		t.Errorf("%v: %s", err, out)
	}
	out, err = exec.CommandContext(t.Context(), "node", "verify.mjs", "--key", golden+"key", golden+"record.json").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "NOT proved") {
		t.Errorf("%v: %s", err, out)
	}
}
