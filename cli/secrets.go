package cli

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"assent/ledger"
	"assent/tokens"

	"golang.org/x/mod/sumdb/note"
)

// Names of the files in the secrets directory.
const (
	linkKeyFile     = "links.key"     // signs links, sessions and forms
	ledgerKeyFile   = "ledger.key"    // signs checkpoints of the log; a line for each key, the newest first
	verifierKeyFile = "ledger.public" // checks them, also the old ones; hand it out freely
)

// secrets are the keys a server makes for itself on its first start.
type secrets struct {
	tokens   *tokens.Signer
	ledger   note.Signer
	besides  []note.Signer // older keys of the log that go on signing
	verifier string        // public keys of the log, one a line, the newest first
}

// loadSecrets reads the keys, making the ones that are missing.
func loadSecrets(directory, origin string) (secrets, error) {
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return secrets{}, fmt.Errorf("make the directory of secrets: %w", err)
	}
	signer, err := loadLinkKeys(filepath.Join(directory, linkKeyFile))
	if err != nil {
		return secrets{}, err
	}
	log, verifier, err := loadLedgerKeys(directory, origin)
	if err != nil {
		return secrets{}, err
	}
	return secrets{tokens: signer, ledger: log[0], besides: log[1:], verifier: verifier}, nil
}

// loadLinkKeys reads the keys of links, sessions and forms, a line each: the
// first signs, and what the others have signed is taken still.
func loadLinkKeys(path string) (*tokens.Signer, error) {
	text, err := keep(path, 0o600, newLinkKey)
	if err != nil {
		return nil, err
	}
	var keys [][]byte
	for _, line := range strings.Fields(text) {
		key, err := base64.StdEncoding.DecodeString(line)
		if err != nil {
			return nil, fmt.Errorf("%s is not base64: restore it from a backup, or remove it to make a new one (links that are out will stop working)", path)
		}
		keys = append(keys, key)
	}
	return tokens.NewSigner(keys...)
}

func newLinkKey() (string, error) {
	secret := make([]byte, 32)
	_, err := rand.Read(secret)
	return base64.StdEncoding.EncodeToString(secret), err
}

// loadLedgerKeys returns the keys that sign, the newest first, and the public
// keys of the log, also of keys that sign no more.
func loadLedgerKeys(directory, origin string) ([]note.Signer, string, error) {
	path := filepath.Join(directory, ledgerKeyFile)
	public := filepath.Join(directory, verifierKeyFile)
	if !exists(path) && exists(public) {
		return nil, "", fmt.Errorf("%s is missing, but its public key %s is there: restore it from a backup; a new key could not continue the log", path, public)
	}
	private, err := keep(path, 0o600, func() (string, error) {
		private, _, err := ledger.NewKey(rand.Reader, origin)
		return private, err
	})
	if err != nil {
		return nil, "", err
	}
	var signers []note.Signer
	var known []string
	for _, line := range strings.Fields(private) {
		signer, err := note.NewSigner(line)
		if err != nil {
			return nil, "", fmt.Errorf("%s is not a signer key: restore it from a backup", path)
		}
		if signer.Name() != origin {
			return nil, "", fmt.Errorf("%s signs for the log %q, but ledger.origin is %q: set it back; receipts name their log", path, signer.Name(), origin)
		}
		verifier, err := ledger.VerifierKey(line)
		if err != nil {
			return nil, "", err
		}
		signers, known = append(signers, signer), append(known, verifier)
	}
	if len(signers) == 0 {
		return nil, "", fmt.Errorf("%s is empty: restore it from a backup", path)
	}
	stored, err := keep(public, 0o644, func() (string, error) { return strings.Join(known, "\n"), nil })
	if err != nil {
		return nil, "", err
	}
	for _, line := range strings.Fields(stored) {
		if !slices.Contains(known, line) {
			known = append(known, line)
		}
	}
	verifiers := strings.Join(known, "\n")
	if _, err := ledger.Verifiers(verifiers); err != nil {
		return nil, "", fmt.Errorf("%s: %w: restore it from a backup", public, err)
	}
	return signers, verifiers, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// keep returns what a file says, writing a fresh line when there is no file.
func keep(path string, mode fs.FileMode, fresh func() (string, error)) (string, error) {
	data, err := os.ReadFile(path)
	if err == nil {
		return strings.TrimSpace(string(data)), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	line, err := fresh()
	if err != nil {
		return "", fmt.Errorf("make %s: %w", path, err)
	}
	// O_EXCL: of two servers that start at once, one makes the key.
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return "", fmt.Errorf("write %s: %w", path, err)
	}
	_, err = file.WriteString(line + "\n")
	return line, errors.Join(err, file.Sync(), file.Close())
}
