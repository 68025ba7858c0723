// Package templates holds the pages of Assent and everything they need: layouts, partials, styles, scripts,
// catalogues of interface texts, and the rendering of terms texts. It is all embedded in the binary.
//
// A page is rendered from one typed view declared here; views hold plain strings, times and booleans made by the
// handlers. The package knows no other room, reads no clock and keeps no state between calls.
//
// The files of an area sit together: people/layout.html, people/partials/*.html, and one file per page. A page file
// defines the blocks its layout asks for ("title", "content").
package templates

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"
)

//go:embed demo gateway messenger people staff static locales mail
var files embed.FS

// page declares one page: its name ("people/choice") and the type of view it is rendered from.
type page struct {
	name string
	view any
}

// declared lists every page of every area. A page file that is not declared here, or the other way round, stops New.
func declared() []page {
	return slices.Concat(demoPages(), gatewayPages(), messengerPages(), peoplePages(), staffPages())
}

// Pages renders the pages and serves their assets. It is immutable after New and safe for concurrent use.
type Pages struct {
	sets    map[string]*template.Template
	views   map[string]reflect.Type
	assets  map[string]asset // by hashed name
	hashed  map[string]string
	locales catalogues
	mail    mailForms
}

// New parses every page, catalogue and asset. It fails, naming the file, when one does not parse, is missing, or is
// present without being declared; nothing is left to fail later but the values of a view.
func New() (*Pages, error) {
	catalogues, err := fs.Sub(files, "locales")
	if err != nil {
		return nil, err
	}
	return NewSpeaking(catalogues)
}

// NewSpeaking is New with other languages: those whose catalogues, such as "pt-BR.yaml", lie in a file system. English
// has to be among them.
func NewSpeaking(catalogues fs.FS) (*Pages, error) {
	p := &Pages{sets: map[string]*template.Template{}, views: map[string]reflect.Type{}}
	var err error
	if p.assets, p.hashed, err = loadAssets(files, "static"); err != nil {
		return nil, err
	}
	if p.locales, err = loadCatalogues(catalogues); err != nil {
		return nil, err
	}
	if p.mail, err = loadMail(); err != nil {
		return nil, err
	}
	for _, page := range declared() {
		if err := p.add(page); err != nil {
			return nil, err
		}
	}
	return p, p.checkDeclared()
}

// add parses the set of one page: the layout and partials of its area, then the page itself, so that pages of an
// area can define the same block names without colliding.
func (p *Pages) add(page page) error {
	area := path.Dir(page.name)
	set := template.New("layout.html").Funcs(p.funcs())
	partials, err := fs.Glob(files, area+"/partials/*.html")
	if err != nil {
		return fmt.Errorf("list partials of %s: %w", area, err)
	}
	names := slices.Concat([]string{area + "/layout.html"}, partials, []string{page.name + ".html"})
	if set, err = set.ParseFS(files, names...); err != nil {
		return fmt.Errorf("parse page %s: %w", page.name, err)
	}
	p.sets[page.name] = set
	p.views[page.name] = reflect.TypeOf(page.view)
	return nil
}

// checkDeclared looks for page files that no page declares.
func (p *Pages) checkDeclared() error {
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(p.areas())) {
		found, err := fs.Glob(files, name+"/*.html")
		if err != nil {
			return fmt.Errorf("list pages of %s: %w", name, err)
		}
		for _, file := range found {
			page := strings.TrimSuffix(file, ".html")
			if path.Base(page) != "layout" && p.sets[page] == nil {
				faults = append(faults, fmt.Errorf("page file %s is not declared", file))
			}
		}
	}
	return errors.Join(faults...)
}

func (p *Pages) areas() map[string]bool {
	areas := map[string]bool{}
	for name := range p.sets {
		areas[path.Dir(name)] = true
	}
	return areas
}

// Names lists the declared pages in order.
func (p *Pages) Names() []string { return slices.Sorted(maps.Keys(p.sets)) }

// Render writes the whole page to w, or writes nothing and answers why: the page is not declared, the view is not of
// the page's type, or a value of the view cannot be shown.
func (p *Pages) Render(w io.Writer, page string, view any) error {
	return p.Fragment(w, page, "layout.html", view)
}

// Fragment is Render for one named block of a page, as a partial update asks for it.
func (p *Pages) Fragment(w io.Writer, page, block string, view any) error {
	set, ok := p.sets[page]
	if !ok {
		return fmt.Errorf("render %s: no such page", page)
	}
	if got, want := reflect.TypeOf(view), p.views[page]; got != want {
		return fmt.Errorf("render %s: the view is %v, the page is made from %v", page, got, want)
	}
	var buffer bytes.Buffer
	if err := set.ExecuteTemplate(&buffer, block, view); err != nil {
		return fmt.Errorf("render %s: %w", page, err)
	}
	if _, err := buffer.WriteTo(w); err != nil {
		return fmt.Errorf("write %s: %w", page, err)
	}
	return nil
}

// funcs are the functions every page may call; everything else a page needs is a method of its view.
func (p *Pages) funcs() template.FuncMap {
	return template.FuncMap{"asset": p.assetURL, "strong": strong, "code": code, "bdi": bdi, "link": link}
}
