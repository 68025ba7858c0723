package templates

import (
	"html"
	"html/template"
	"strings"
)

// The pieces of markup that stand inside translated sentences. Each escapes what it is given.

func strong(words string) template.HTML { return element("strong", words) }

func code(words string) template.HTML { return element("code", words) }

// bdi keeps the direction of a foreign word, such as a version, from turning the sentence around it.
func bdi(words string) template.HTML { return element("bdi", words) }

func element(name, words string) template.HTML {
	return safe("<" + name + ">" + html.EscapeString(words) + "</" + name + ">")
}

func link(href, words string) template.HTML {
	return linked(href, safe(html.EscapeString(words)))
}

// linked answers the bare words when the address is neither a path of this site nor an https one.
func linked(href string, words template.HTML) template.HTML {
	local := strings.HasPrefix(href, "/") && !strings.HasPrefix(href, "//")
	if !local && !strings.HasPrefix(href, "https://") {
		return words
	}
	return safe(`<a href="` + html.EscapeString(href) + `">` + string(words) + `</a>`)
}

// safe marks as HTML what its caller has escaped or sanitised: the one place to look at.
func safe(markup string) template.HTML {
	return template.HTML(markup) //nolint:gosec // every caller escapes or sanitises
}
