package templates

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

// AssetPrefix is the path under which Assets must be mounted: the pages link to it.
const AssetPrefix = "/assets/"

// stylesheet is a link to one of our styles, as layouts write it.
var stylesheet = regexp.MustCompile(`<link rel="stylesheet" href="` + AssetPrefix + `([^"]+)">`)

// asset is one embedded style, script or picture, with its gzip form made at start-up.
type asset struct {
	name        string // of the file
	contentType string
	etag        string
	plain       []byte
	gzipped     []byte // empty when compressing does not pay
}

// loadAssets reads a folder with its subfolders and names each file by its content, so that it can be cached for ever.
func loadAssets(files fs.FS, dir string) (map[string]asset, map[string]string, error) {
	assets, hashed := map[string]asset{}, map[string]string{}
	err := fs.WalkDir(files, dir, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(files, file)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(data)
		hash := hex.EncodeToString(sum[:6])
		gzipped, err := compress(data)
		if err != nil {
			return fmt.Errorf("compress asset %s: %w", file, err)
		}
		name := strings.TrimPrefix(file, dir+"/")
		hashed[name] = hash + "-" + entry.Name()
		assets[hashed[name]] = asset{entry.Name(), contentType(name), `"` + hash + `"`, data, gzipped}
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read assets: %w", err)
	}
	return assets, hashed, nil
}

func contentType(name string) string {
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

// compress answers nothing when the compressed form saves less than a tenth.
func compress(data []byte) ([]byte, error) {
	var buffer bytes.Buffer
	w, err := gzip.NewWriterLevel(&buffer, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if buffer.Len() > len(data)*9/10 {
		return nil, nil
	}
	return buffer.Bytes(), nil
}

// assetURL answers the address of a file of static/, which changes with its content.
func (p *Pages) assetURL(name string) (string, error) {
	hashed, ok := p.hashed[name]
	if !ok {
		return "", fmt.Errorf("no asset %q", name)
	}
	return AssetPrefix + hashed, nil
}

// SelfContained is a rendered page with its styles in it, so that it can be kept and looked at without this server.
func (p *Pages) SelfContained(page []byte) ([]byte, error) {
	var missing error
	whole := stylesheet.ReplaceAllFunc(page, func(link []byte) []byte {
		name := string(stylesheet.FindSubmatch(link)[1])
		a, ok := p.assets[name]
		if !ok {
			missing = fmt.Errorf("no asset %q", name)
		}
		return slices.Concat([]byte("<style>\n"), a.plain, []byte("</style>"))
	})
	return whole, missing
}

// Assets serves the embedded styles and scripts. Mount it at AssetPrefix for GET and HEAD. Answers may be cached for
// ever, because a changed file has another name; an unknown name is a plain 404.
func (p *Pages) Assets() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := p.assets[strings.TrimPrefix(r.URL.Path, AssetPrefix)]
		if !ok {
			http.NotFound(w, r)
			return
		}
		a.serve(w, r)
	})
}

func (a asset) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", a.contentType)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Add("Vary", "Accept-Encoding")
	body, etag := a.plain, a.etag
	if len(a.gzipped) > 0 && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body, etag = a.gzipped, strings.TrimSuffix(a.etag, `"`)+`-gz"`
	}
	h.Set("ETag", etag)
	http.ServeContent(w, r, a.name, time.Time{}, bytes.NewReader(body))
}
