package templates

import (
	"html"
	"html/template"
	"strings"
)

// strong and link make the pieces of markup that stand inside translated sentences; everything is escaped.
func strong(words string) template.HTML {
	return template.HTML("<strong>" + html.EscapeString(words) + "</strong>")
}

// link refuses any address that is not a path of this site or an https one, and answers the bare words then.
func link(href, words string) template.HTML {
	local := strings.HasPrefix(href, "/") && !strings.HasPrefix(href, "//")
	if !local && !strings.HasPrefix(href, "https://") {
		return template.HTML(html.EscapeString(words))
	}
	return template.HTML(`<a href="` + html.EscapeString(href) + `">` + html.EscapeString(words) + `</a>`)
}
