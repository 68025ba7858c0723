package cli

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"assent/ledger"
	"assent/tokens"
	"assent/tracker"

	"golang.org/x/mod/sumdb/note"
)

// Names of the files in the secrets directory. Each holds one line.
const (
	linkKeyFile     = "links.key"     // signs links, sessions and forms
	ledgerKeyFile   = "ledger.key"    // signs checkpoints of the log
	verifierKeyFile = "ledger.public" // checks them; hand it out freely
)

// secrets are the keys a server makes for itself on its first start.
type secrets struct {
	tokens   *tokens.Signer
	ledger   note.Signer
	verifier string
}

// loadSecrets reads the keys, making the ones that are missing.
func loadSecrets(directory, origin string) (secrets, error) {
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return secrets{}, fmt.Errorf("make the directory of secrets: %w", err)
	}
	link, err := keep(filepath.Join(directory, linkKeyFile), 0o600, func() (string, error) {
		secret := make([]byte, 32)
		_, err := rand.Read(secret)
		return base64.StdEncoding.EncodeToString(secret), err
	})
	if err != nil {
		return secrets{}, err
	}
	raw, err := base64.StdEncoding.DecodeString(link)
	if err != nil {
		return secrets{}, fmt.Errorf("%s is not base64: restore it from a backup, or remove it to make a new one (links that are out will stop working)", filepath.Join(directory, linkKeyFile))
	}
	signer, err := tokens.NewSigner(raw)
	if err != nil {
		return secrets{}, err
	}
	log, verifier, err := loadLedgerKey(directory, origin)
	return secrets{tokens: signer, ledger: log, verifier: verifier}, err
}

func loadLedgerKey(directory, origin string) (note.Signer, string, error) {
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
	signer, err := note.NewSigner(private)
	if err != nil {
		return nil, "", fmt.Errorf("%s is not a signer key: restore it from a backup", path)
	}
	if signer.Name() != origin {
		return nil, "", fmt.Errorf("%s signs for the log %q, but ledger.origin is %q: set it back; receipts name their log", path, signer.Name(), origin)
	}
	verifier, err := ledger.VerifierKey(private)
	if err != nil {
		return nil, "", err
	}
	_, err = keep(public, 0o644, func() (string, error) { return verifier, nil })
	return signer, verifier, err
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// checkLog refuses a log that another key has signed, or none at all: what this
// server would add to it could not be proved.
func (s secrets) checkLog(ctx context.Context, store tracker.Store) error {
	return store.View(ctx, func(r tracker.Reader) error {
		head, err := r.Head(ctx)
		if err != nil || head.Size == 0 {
			return err
		}
		verifier, err := note.NewVerifier(s.verifier)
		if err != nil {
			return err
		}
		if _, err := ledger.ParseCheckpoint(string(head.Checkpoint), note.VerifierList(verifier)); err != nil {
			return fmt.Errorf("the log in the database was signed by another key than %s: restore that key from a backup, or open the database it belongs to (%w)", ledgerKeyFile, err)
		}
		return nil
	})
}

// keep returns the line in a file, writing a fresh one when there is no file.
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
