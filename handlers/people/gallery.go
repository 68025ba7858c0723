package people

import (
	"crypto/sha256"
	"encoding/hex"
	"sync"
)

// galleryBytes bounds the pages kept; several thousand of them fit.
const galleryBytes = 32 << 20

// gallery keeps the pages shown lately by their SHA-256, so that a choice can be recorded together with the very bytes
// the person saw, even when the person's position has changed since. It is a help, not the record: what has fallen
// out is rendered again, and only stored if it comes out the same.
type gallery struct {
	mu    sync.Mutex
	pages map[string][]byte
	order []string // oldest first
	bytes int
}

func newGallery() *gallery { return &gallery{pages: map[string][]byte{}} }

// hang keeps a page and answers its digest.
func (g *gallery) hang(page []byte) string {
	digest := digestOf(page)
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, there := g.pages[digest]; there {
		return digest
	}
	g.pages[digest], g.order, g.bytes = page, append(g.order, digest), g.bytes+len(page)
	for g.bytes > galleryBytes {
		oldest := g.order[0]
		g.bytes -= len(g.pages[oldest])
		delete(g.pages, oldest)
		g.order = g.order[1:]
	}
	return digest
}

// find answers a page by its digest, nil when it is not here any more.
func (g *gallery) find(digest string) []byte {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.pages[digest]
}

func digestOf(page []byte) string {
	sum := sha256.Sum256(page)
	return hex.EncodeToString(sum[:])
}
