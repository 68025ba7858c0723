package tracker

import (
	"context"
	"fmt"

	"assent/terms"
)

// KeepPage keeps a page as it is about to be shown, before anybody can answer
// it, and returns the SHA-256 it is kept under. A page that is kept already
// costs a read. It records nothing about a person.
func (t *Tracker) KeepPage(ctx context.Context, html []byte) (string, error) {
	digest := Digest(string(html))
	_, err := t.KeptPage(ctx, digest)
	if err == nil || !isKind(err, terms.NotFound) {
		return digest, err
	}
	now := t.instant()
	if err := t.Store.Update(ctx, func(tx Tx) error {
		return tx.PutSnapshot(ctx, Snapshot{SHA256: digest, HTML: html, Stored: now})
	}); err != nil {
		return "", fmt.Errorf("keep a page: %w", err)
	}
	return digest, nil
}

// KeptPage returns a page by its SHA-256; NotFound when it was never kept.
func (t *Tracker) KeptPage(ctx context.Context, sha256 string) (Snapshot, error) {
	return read(ctx, t, func(r Reader) (Snapshot, error) { return r.Snapshot(ctx, sha256) })
}
