package ledger_test

import (
	"crypto/rand"
	"strings"
	"testing"

	"assent/ledger"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func TestACheckpointComesBackFromItsText(t *testing.T) {
	t.Parallel()
	for _, head := range []ledger.Head{ledger.Empty(), {Size: 1, Root: tlog.RecordHash(nil)}, {Size: ledger.MaxSize}} {
		signed, err := ledger.SignCheckpoint(head, signer(t))
		if err != nil {
			t.Fatal(err)
		}
		got, err := ledger.ParseCheckpoint(signed.Text, verifiers(t))
		if err != nil || got.Head != head || got.Origin != origin || got.Text != signed.Text {
			t.Errorf("%v came back as %v (%v)", signed, got, err)
		}
	}
}

// sign signs any text with a key, as a careless or hostile log might.
func sign(t *testing.T, text string, signers ...note.Signer) string {
	t.Helper()
	msg, err := note.Sign(&note.Note{Text: text}, signers...)
	if err != nil {
		t.Fatal(err)
	}
	return string(msg)
}

func TestACheckpointInAnyOtherFormIsRefused(t *testing.T) {
	t.Parallel()
	root := tlog.RecordHash(nil).String()
	good := origin + "\n12\n" + root + "\n"
	signed := sign(t, good, signer(t))
	line := signed[strings.Index(signed, "— "):]
	stranger, _, err := ledger.NewKey(rand.Reader, "stranger.example")
	if err != nil {
		t.Fatal(err)
	}
	namesake, _, err := ledger.NewKey(rand.Reader, origin)
	if err != nil {
		t.Fatal(err)
	}
	as := func(key string) note.Signer {
		s, err := note.NewSigner(key)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for name, text := range map[string]string{
		"empty":                         "",
		"unsigned":                      good + "\n",
		"signed by a stranger":          sign(t, good, as(stranger)),
		"signed by a namesake":          sign(t, good, as(namesake)),
		"of another log":                sign(t, "other.example\n12\n"+root+"\n", signer(t)),
		"without origin":                sign(t, "\n12\n"+root+"\n", signer(t)),
		"an empty log with a root":      sign(t, origin+"\n0\n"+root+"\n", signer(t)),
		"a negative size":               sign(t, origin+"\n-1\n"+root+"\n", signer(t)),
		"a size with a sign":            sign(t, origin+"\n+12\n"+root+"\n", signer(t)),
		"a size with a zero":            sign(t, origin+"\n012\n"+root+"\n", signer(t)),
		"a size of 2^53":                sign(t, origin+"\n9007199254740992\n"+root+"\n", signer(t)),
		"a size of 2^63":                sign(t, origin+"\n9223372036854775808\n"+root+"\n", signer(t)),
		"a size that is no number":      sign(t, origin+"\nmany\n"+root+"\n", signer(t)),
		"a root too short":              sign(t, origin+"\n12\nAAAA\n", signer(t)),
		"a root with stray bits":        sign(t, origin+"\n12\n"+strings.Replace(root, "0=", "1=", 1)+"\n", signer(t)),
		"an extension line":             sign(t, good+"extension\n", signer(t)),
		"an empty line":                 sign(t, good+"\n", signer(t)),
		"CRLF throughout":               strings.ReplaceAll(signed, "\n", "\r\n"),
		"CRLF in the signed text":       sign(t, good, signer(t))[:len(origin)] + "\r" + signed[len(origin):],
		"its last newline missing":      strings.TrimSuffix(signed, "\n"),
		"something after it":            signed + "more\n",
		"the same signature twice":      signed + line,
		"a second, broken signature":    signed + line[:len(line)-10] + "AAAAAAAA=\n",
		"a signature with stray bits":   strings.TrimSuffix(signed, "=\n")[:len(signed)-3] + next(signed[len(signed)-3]) + "=\n",
		"101 signatures":                signed + strings.Repeat("— w.example "+strings.Repeat("A", 92)+"\n", 101),
		"longer than any checkpoint is": signed + strings.Repeat("— w.example "+strings.Repeat("A", 9000)+"\n", 2),
	} {
		if text == signed {
			t.Fatalf("%s: the case changes nothing", name)
		}
		if c, err := ledger.ParseCheckpoint(text, verifiers(t)); err == nil {
			t.Errorf("%s was accepted as %+v", name, c)
		}
	}
}

// next is the neighbouring base64 digit, which differs in its last bit only.
func next(digit byte) string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	return string(digits[strings.IndexByte(digits, digit)^1])
}

func TestOtherSignaturesAreListedAndCountForNothing(t *testing.T) {
	t.Parallel()
	witness, _, err := ledger.NewKey(rand.Reader, "witness.example")
	if err != nil {
		t.Fatal(err)
	}
	w, err := note.NewSigner(witness)
	if err != nil {
		t.Fatal(err)
	}
	text := origin + "\n12\n" + tlog.RecordHash(nil).String() + "\n"
	c, err := ledger.ParseCheckpoint(sign(t, text, w, signer(t)), verifiers(t))
	if err != nil || len(c.Others) != 1 || c.Others[0] != "witness.example" {
		t.Errorf("%+v, %v", c, err)
	}
	if c, err := ledger.ParseCheckpoint(sign(t, text, w), verifiers(t)); err == nil {
		t.Errorf("accepted with the witness alone: %+v", c)
	}
}

func TestAKeySignsForItsLogAndTellsItsPublicPart(t *testing.T) {
	t.Parallel()
	secret, public, err := ledger.NewKey(rand.Reader, "example.com/new")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ledger.VerifierKey(secret); err != nil || got != public {
		t.Errorf("public part %s (%v), want %s", got, err, public)
	}
	for _, name := range []string{"", "two words", "a+b", "line\nbreak", "bell\a", "\xff"} {
		if _, _, err := ledger.NewKey(rand.Reader, name); err == nil {
			t.Errorf("%q named a log", name)
		}
	}
	for _, key := range []string{"", public, "PRIVATE+KEY", secret[:len(secret)-4], strings.Replace(secret, "new", "old", 1)} {
		if got, err := ledger.VerifierKey(key); err == nil {
			t.Errorf("%q has the public part %s", key, got)
		}
	}
}
