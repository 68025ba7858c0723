package people

import (
	"context"
	"crypto/sha256"
	"sync"

	"golang.org/x/sync/singleflight"

	"assent/templates"
	"assent/tracker"
)

// keptPages is how many pages are remembered as kept. There is one for each version, language and position on each day,
// however many people look at it, so that more are hardly ever met in one day.
const keptPages = 8192

// album sees to it that each page is kept in the database before it is shown, so that a choice can be proved with the
// very bytes the person saw, whatever happens in between. The database is asked once for each page; from then on the
// page's digest is remembered here.
type album struct {
	tracker *tracker.Tracker
	pages   *templates.Pages

	mu    sync.Mutex
	known map[[sha256.Size]byte]string // by the digest of the page as it is sent, that of the page as it is kept
	once  singleflight.Group           // people who meet a new page together wait for one write
}

func newAlbum(o Options) *album {
	return &album{tracker: o.Tracker, pages: o.Pages, known: map[[sha256.Size]byte]string{}}
}

// keep makes sure that a page is kept, with its styles in it, and answers the SHA-256 it is kept under.
func (a *album) keep(ctx context.Context, page []byte) (string, error) {
	sent := sha256.Sum256(page)
	if digest := a.find(sent); digest != "" {
		return digest, nil
	}
	ctx = context.WithoutCancel(ctx) // others wait for the same write
	digest, err, _ := a.once.Do(string(sent[:]), func() (any, error) {
		whole, err := a.pages.SelfContained(page)
		if err != nil {
			return "", err
		}
		digest, err := a.tracker.KeepPage(ctx, whole)
		if err == nil {
			a.remember(sent, digest)
		}
		return digest, err
	})
	text, _ := digest.(string)
	return text, err
}

func (a *album) find(sent [sha256.Size]byte) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.known[sent]
}

func (a *album) remember(sent [sha256.Size]byte, digest string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.known) >= keptPages {
		clear(a.known) // days have passed: nobody meets most of them again
	}
	a.known[sent] = digest
}
