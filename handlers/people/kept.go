package people

import (
	"bytes"
	"context"
	"crypto/sha256"
	"sync"

	"golang.org/x/sync/singleflight"

	"assent/templates"
	"assent/tracker"
)

// albumSize is how many bytes of pages are remembered. There is one page for each version, language and position on
// each day, however many people look at it, so that there is room for all that are met in one day.
const albumSize = 64 << 20

// album sees to it that each page is kept in the database before it is shown, so that a choice can be proved with the
// very bytes the person saw, whatever happens in between. Each page is made once, and the database asked once; from
// then on the page is remembered here, and sent to everybody who has the same view.
type album struct {
	tracker *tracker.Tracker
	pages   *templates.Pages

	mu    sync.Mutex
	known map[[sha256.Size]byte]kept // by the digest of the view
	size  int                        // of all pages, in bytes
	once  singleflight.Group         // people who meet a new page together wait for one write

	room *sync.Pool // of *[]byte, for one person's page while it is sent
}

// kept is a page that is in the database.
type kept struct {
	templates.Blank
	digest string // SHA-256 of the page as it is kept, with its styles in it
}

func newAlbum(o Options) *album {
	return &album{tracker: o.Tracker, pages: o.Pages, known: map[[sha256.Size]byte]kept{},
		room: &sync.Pool{New: func() any { return new([]byte) }}}
}

// page answers the page that a view is shown as.
func (a *album) page(ctx context.Context, view templates.Choice) (kept, error) {
	view = view.Snapshot()
	key := view.Digest()
	if page, found := a.find(key); found {
		return page, nil
	}
	ctx = context.WithoutCancel(ctx) // others wait for the same write
	made, err, _ := a.once.Do(string(key[:]), func() (any, error) {
		page, err := a.keep(ctx, view)
		if err == nil {
			a.remember(key, page)
		}
		return page, err
	})
	page, _ := made.(kept)
	return page, err
}

func (a *album) keep(ctx context.Context, view templates.Choice) (kept, error) {
	var page bytes.Buffer
	if err := a.pages.Render(&page, "people/choice", view); err != nil {
		return kept{}, err
	}
	whole, err := a.pages.SelfContained(page.Bytes())
	if err != nil {
		return kept{}, err
	}
	digest, err := a.tracker.KeepPage(ctx, whole)
	return kept{templates.NewBlank(bytes.Clone(page.Bytes())), digest}, err
}

func (a *album) find(key [sha256.Size]byte) (kept, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	page, found := a.known[key]
	return page, found
}

func (a *album) remember(key [sha256.Size]byte, page kept) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.size += page.Size(); a.size > albumSize {
		clear(a.known) // days have passed: nobody meets most of them again
		a.size = page.Size()
	}
	a.known[key] = page
}
