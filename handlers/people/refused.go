package people

import (
	"bytes"
	"net/http"

	"assent/gate"
	"assent/templates"
	"assent/terms"
)

// RefusedPage is what a gateway shows a person instead of what is off, whose name
// is given.
func RefusedPage(o Options, r *http.Request, d gate.Decision, name terms.Texts) ([]byte, error) {
	l := o.Pages.Match(r.Header.Get("Accept-Language"))
	view := templates.Refused{Locale: l, Brand: o.Brand.Name, Name: name.In(l.Tag())}
	if d.AcceptURL != "" {
		view.AcceptURL = withLanguage(d.AcceptURL, l.Tag())
	}
	var out bytes.Buffer
	err := o.Pages.Render(&out, "gateway/refused", view)
	return out.Bytes(), err
}
