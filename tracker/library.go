package tracker

import (
	"context"
	"sync"

	"assent/terms"
)

// library keeps published versions, of which none changes any more. What it hands
// out is shared, and only to be read. The zero value is an empty library.
type library struct {
	mu       sync.Mutex
	versions map[terms.DocumentRef]Version
	size     int // bytes of their texts

	published int // when this was worked out
	earlier   map[terms.DocumentRef]string
}

// librarySize bounds the texts that are kept, in bytes.
const librarySize = 32 << 20

// version reads a version, once if it is published. The reader must not be a
// transaction that publishes: what it publishes may be taken back.
func (l *library) version(ctx context.Context, r Reader, ref terms.DocumentRef) (Version, error) {
	if v, known := l.find(ref); known {
		return v, nil
	}
	v, err := r.Version(ctx, ref)
	if err == nil && !v.Published.IsZero() {
		l.put(v)
	}
	return v, err
}

func (l *library) find(ref terms.DocumentRef) (Version, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	v, known := l.versions[ref]
	return v, known
}

func (l *library) put(v Version) {
	size := 0
	for _, text := range v.Texts {
		size += len(text.Markdown) + len(text.Summary)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.versions == nil || l.size+size > librarySize {
		l.versions, l.size = map[terms.DocumentRef]Version{}, 0
	}
	if _, known := l.versions[v.DocumentRef]; !known {
		l.versions[v.DocumentRef] = v
		l.size += size
	}
}

// Earlier returns the version of the same document that was published before
// another; NotFound for the first.
func (t *Tracker) Earlier(ctx context.Context, ref terms.DocumentRef) (string, error) {
	list, err := t.Versions(ctx, ref.Document)
	if err != nil {
		return "", err
	}
	before, found := earlier(list)[ref]
	if !found {
		return "", terms.Errorf(terms.NotFound, "version %s is the first one of document %q; there is nothing to compare it with", ref.Version, ref.Document)
	}
	return before, nil
}

// earlier is the version before each, worked out anew where more are published.
func (t *Tracker) earlier(ctx context.Context, r Reader, published int) (map[terms.DocumentRef]string, error) {
	l := &t.library
	l.mu.Lock()
	known, when := l.earlier, l.published
	l.mu.Unlock()
	if known != nil && when == published {
		return known, nil
	}
	list, err := r.Versions(ctx, "")
	if err != nil {
		return nil, err
	}
	known = earlier(list)
	if _, writes := r.(Tx); !writes {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.earlier, l.published = known, published
	}
	return known, nil
}

// earlier finds the published version before each in a list, newest first.
func earlier(list []Version) map[terms.DocumentRef]string {
	out := map[terms.DocumentRef]string{}
	later := map[string][]terms.DocumentRef{} // of each document, those whose earlier one comes next
	for _, v := range list {
		if !v.Published.IsZero() {
			for _, ref := range later[v.Document] {
				out[ref] = v.Version
			}
			later[v.Document] = nil
		}
		later[v.Document] = append(later[v.Document], v.DocumentRef)
	}
	return out
}
