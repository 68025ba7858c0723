package ledger

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// maxCheckpoint bounds the text of a checkpoint in bytes; it leaves room for
// the signatures of many witnesses.
const maxCheckpoint = 16 << 10

// Checkpoint is a signed head: a C2SP tlog-checkpoint in a signed note.
type Checkpoint struct {
	Origin string // the name of the log, which is also that of its key
	Head   Head
	Text   string   // the whole note, as signed
	Keys   []string // ids of the log's keys that signed, 8 hex digits each; after a change of keys more than one
	Others []string // key names on signatures that were not checked, such as those of witnesses
}

// NewKey makes the Ed25519 key pair of a log. The origin names the log; a URL
// without scheme, such as example.com/assent, keeps it unique. The first result
// is the signer key, which is secret; the second the verifier key, which is
// public, and all that anybody needs for Verify.
func NewKey(rand io.Reader, origin string) (string, string, error) {
	signer, verifier, err := note.GenerateKey(rand, origin)
	if err != nil {
		return "", "", fmt.Errorf("make a key: %w", err)
	}
	if err := try(signer, verifier); err != nil {
		return "", "", fmt.Errorf("%q cannot name a log: %w", origin, err)
	}
	return signer, verifier, nil
}

// try signs and checks the empty log with a key pair.
func try(signer, verifier string) error {
	s, err := note.NewSigner(signer)
	if err != nil {
		return err
	}
	v, err := note.NewVerifier(verifier)
	if err != nil {
		return err
	}
	c, err := SignCheckpoint(Empty(), s)
	if err != nil {
		return err
	}
	_, err = ParseCheckpoint(c.Text, note.VerifierList(v))
	return err
}

// VerifierKey returns the public key that belongs to a signer key.
func VerifierKey(signer string) (string, error) {
	s, err := note.NewSigner(signer)
	if err != nil {
		return "", err
	}
	encoded := strings.SplitN(signer, "+", 5)[4] // PRIVATE+KEY+name+hash+key, as NewSigner found it
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return "", err
	}
	public := ed25519.NewKeyFromSeed(key[1:]).Public().(ed25519.PublicKey)
	return note.NewEd25519VerifierKey(s.Name(), public)
}

// SignCheckpoint signs a head in the name of the signer, which is the origin.
// While a log changes its key, the old one signs besides, so that those who
// know only that one can go on; it has the same name.
func SignCheckpoint(head Head, signer note.Signer, besides ...note.Signer) (Checkpoint, error) {
	if err := head.check(); err != nil {
		return Checkpoint{}, err
	}
	c := Checkpoint{Origin: signer.Name(), Head: head}
	signers := slices.Concat([]note.Signer{signer}, besides)
	for _, s := range signers {
		if s.Name() != c.Origin {
			return Checkpoint{}, fmt.Errorf("a key of %q cannot sign for the log %q", s.Name(), c.Origin)
		}
		c.Keys = append(c.Keys, keyID(s.KeyHash()))
	}
	text, err := note.Sign(&note.Note{Text: format(c.Origin, head)}, signers...)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("sign checkpoint: %w", err)
	}
	c.Text = string(text)
	return c, nil
}

// keyID is how a key is named in a verifier key.
func keyID(hash uint32) string { return fmt.Sprintf("%08x", hash) }

// Verifiers reads the public keys of a log, one a line, newest first: the form
// in which they are published. Blank lines count for nothing.
func Verifiers(keys string) (note.Verifiers, error) {
	var known []note.Verifier
	for line := range strings.Lines(keys) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		v, err := note.NewVerifier(line)
		if err != nil {
			return nil, fmt.Errorf("%q is not a public key: %w", line, err)
		}
		if !slices.ContainsFunc(known, func(k note.Verifier) bool { return k.Name() == v.Name() && k.KeyHash() == v.KeyHash() }) {
			known = append(known, v)
		}
	}
	if len(known) == 0 {
		return nil, errors.New("there is no public key")
	}
	return note.VerifierList(known...), nil
}

// ParseCheckpoint reads a checkpoint that one of the verifiers has signed
// under its own origin. Signatures by keys it does not know are listed and
// count for nothing; everything else must be exactly as SignCheckpoint writes it.
func ParseCheckpoint(text string, verifiers note.Verifiers) (Checkpoint, error) {
	if len(text) > maxCheckpoint {
		return Checkpoint{}, fmt.Errorf("is longer than %d bytes", maxCheckpoint)
	}
	n, err := note.Open([]byte(text), verifiers)
	if err != nil {
		return Checkpoint{}, err
	}
	c := Checkpoint{Text: text}
	if c.Origin, c.Head, err = parse(n.Text); err != nil {
		return Checkpoint{}, err
	}
	for _, s := range n.Sigs {
		if s.Name == c.Origin {
			c.Keys = append(c.Keys, keyID(s.Hash))
		}
	}
	for _, s := range n.UnverifiedSigs {
		c.Others = append(c.Others, s.Name)
	}
	return c, signed(n, c)
}

// HeadOf reads the head out of a checkpoint without asking who signed it. It is
// for checkpoints from one's own store; anything else goes through ParseCheckpoint.
func HeadOf(checkpoint string) (Head, error) {
	text, _, _ := strings.Cut(checkpoint, "\n\n")
	_, head, err := parse(text + "\n")
	return head, err
}

// signed checks what note.Open leaves open: that the log itself has signed,
// that no signature is there twice, and that none has stray bits.
func signed(n *note.Note, c Checkpoint) error {
	for _, s := range n.Sigs {
		if _, err := base64.StdEncoding.Strict().DecodeString(s.Base64); err != nil {
			return fmt.Errorf("has a malformed signature by %s", s.Name)
		}
	}
	if len(c.Keys) == 0 {
		return fmt.Errorf("is of the log %q, which none of the known keys belongs to", c.Origin)
	}
	if lines := strings.Count(c.Text[len(n.Text)+1:], "\n"); lines != len(n.Sigs)+len(n.UnverifiedSigs) {
		return errors.New("has the same signature twice")
	}
	return nil
}

// format writes the signed text: origin, size, root, one a line.
func format(origin string, head Head) string {
	return fmt.Sprintf("%s\n%d\n%s\n", origin, head.Size, head.Root)
}

// parse reads what format wrote, origin and head, and no other spelling of it.
func parse(text string) (string, Head, error) {
	var head Head
	var err error
	lines := strings.Split(text, "\n")
	if len(lines) != 4 {
		return "", Head{}, errors.New("must have three lines: origin, size, root")
	}
	if head.Size, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return "", Head{}, errors.New("has a malformed size")
	}
	if head.Root, err = tlog.ParseHash(lines[2]); err != nil {
		return "", Head{}, errors.New("has a malformed root")
	}
	if format(lines[0], head) != text {
		return "", Head{}, errors.New("writes its size or root in an unusual way")
	}
	return lines[0], head, head.check()
}
