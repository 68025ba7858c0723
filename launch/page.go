package launch

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// looked is a page that has been read.
type looked struct {
	Page
	root *html.Node
}

// where names a page.
func (p looked) where() string { return p.State + " in " + p.Locale }

// pages reads the pages. What cannot be read is a fault of its own.
func (j *judge) pages(visit func(looked)) {
	for _, p := range j.Pages {
		root, err := html.Parse(bytes.NewReader(p.HTML))
		if err != nil {
			j.find(Blocks, Mend{}, p.State+" in "+p.Locale, "A page cannot be read.")
			continue
		}
		visit(looked{p, root})
	}
}

// each calls visit with every element below a node.
func each(n *html.Node, visit func(*html.Node)) {
	for child := range n.Descendants() {
		if child.Type == html.ElementNode {
			visit(child)
		}
	}
}

func attr(n *html.Node, name string) string {
	i := slices.IndexFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
	if i < 0 {
		return ""
	}
	return n.Attr[i].Val
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

// text is what a node says, without what is not shown.
func text(n *html.Node) string {
	var out strings.Builder
	for child := range n.Descendants() {
		if child.Type == html.TextNode && child.Parent.Data != "style" && child.Parent.Data != "script" {
			out.WriteString(child.Data)
		}
	}
	return strings.Join(strings.Fields(out.String()), " ")
}

// choices are the buttons by what they send.
func (p looked) choices() map[string]*html.Node {
	out := map[string]*html.Node{}
	each(p.root, func(n *html.Node) {
		if n.Data == "button" && attr(n, "name") == "action" {
			out[attr(n, "value")] = n
		}
	})
	return out
}

// look is all that can make two buttons look or behave differently.
func look(n *html.Node) string {
	parts := []string{n.Data}
	for _, a := range n.Attr {
		if a.Key != "value" && a.Key != "aria-describedby" {
			parts = append(parts, a.Key+"="+a.Val)
		}
	}
	slices.Sort(parts)
	for child := range n.ChildNodes() {
		if child.Type == html.ElementNode {
			parts = append(parts, "<"+child.Data+">")
		}
	}
	return strings.Join(parts, " ")
}

func (j *judge) equalChoices() {
	j.pages(func(p looked) {
		if !p.Choice {
			return
		}
		buttons := p.choices()
		accept := buttons["accepted"]
		if accept == nil {
			j.find(Blocks, Mend{}, p.where(), "There is no button to accept with.")
			return
		}
		for _, action := range []string{"declined", "later"} {
			if other := buttons[action]; other != nil && (look(other) != look(accept) || other.Parent != accept.Parent) {
				j.find(Blocks, Mend{}, p.where(), fmt.Sprintf("The button that sends %q is another one than the button to accept with.", action))
			}
		}
	})
}

func (j *judge) equalSteps() {
	j.pages(func(p looked) {
		if !p.Choice {
			return
		}
		buttons := p.choices()
		if buttons["declined"] == nil || form(buttons["declined"]) != form(buttons["accepted"]) {
			j.find(Blocks, Mend{}, p.where(), "Declining takes another step than accepting: there is no button for it in the same form.")
		}
	})
}

// form is the form a button belongs to.
func form(n *html.Node) *html.Node {
	for ; n != nil; n = n.Parent {
		if n.Type == html.ElementNode && n.Data == "form" {
			return n
		}
	}
	return nil
}

func (j *judge) nothingChosen() {
	j.pages(func(p looked) {
		if !p.Choice {
			return
		}
		each(p.root, func(n *html.Node) {
			switch {
			case n.Data == "input" && has(n, "checked"):
				j.find(Blocks, Mend{}, p.where(), "Something is ticked before the person has ticked it.")
			case n.Data == "button" && has(n, "autofocus"):
				j.find(Blocks, Mend{}, p.where(), "A button is chosen before the person has chosen it.")
			}
		})
	})
}

func (j *judge) noPressure() {
	j.pages(func(p looked) {
		each(p.root, func(n *html.Node) {
			if n.Data == "script" || n.Data == "meta" && strings.EqualFold(attr(n, "http-equiv"), "refresh") || n.Data == "progress" || n.Data == "meter" {
				j.find(Blocks, Mend{}, p.where(), "A page holds something that runs, or counts down.")
			}
		})
		for _, phrase := range pressing(text(p.root)) {
			j.find(Blocks, Mend{"See the plan's and the holds' messages, the summaries, or the catalogue of texts", j.mendPlan().URL}, p.where(), fmt.Sprintf("A page says “%s”, which presses people.", phrase))
		}
	})
	for _, t := range j.Texts {
		for _, phrase := range pressing(t.Summary) {
			j.find(Blocks, mendText(t), t.Locale, fmt.Sprintf("The summary of %s says “%s”, which presses people.", t.Document, phrase))
		}
	}
}

func (j *judge) assentSentence() {
	j.pages(func(p looked) {
		if !p.Choice {
			return
		}
		accept := p.choices()["accepted"]
		if accept == nil {
			return // another rule says so
		}
		var sentence *html.Node
		each(p.root, func(n *html.Node) {
			if id := attr(n, "id"); id != "" && id == attr(accept, "aria-describedby") {
				sentence = n
			}
		})
		if sentence == nil || form(sentence) != form(accept) {
			j.find(Blocks, Mend{}, p.where(), "There is no sentence above the buttons that says what accepting means.")
			return
		}
		if !strings.Contains(text(sentence), text(accept)) {
			j.find(Blocks, Mend{}, p.where(), "The sentence above the buttons does not have the words of the button to accept with.")
		}
		j.linked(p, sentence)
	})
}

// linked asks for a link to each text, in the exact version that is asked for.
func (j *judge) linked(p looked, sentence *html.Node) {
	var links []string
	each(sentence, func(n *html.Node) {
		path, _, _ := strings.Cut(attr(n, "href"), "?")
		links = append(links, path)
	})
	complete := func(country string) bool {
		for _, d := range j.Plan.In(country).Documents {
			if !slices.Contains(links, "/legal/"+d.Document+"/"+d.Version) {
				return false
			}
		}
		return true
	}
	if !slices.ContainsFunc(j.countries(), complete) { // a page is of one region
		j.find(Blocks, Mend{}, p.where(), "The sentence above the buttons does not link each text in the version that is asked for.")
	}
}

func (j *judge) waysOut() {
	for _, one := range []struct{ address, key, words string }{
		{j.Links.Support, "brand.contact", "Nobody is named whom people can ask."},
		{j.Links.Export, "brand.export_url", "The pages do not lead to where people export their data."},
		{j.Links.Close, "brand.close_url", "The pages do not lead to where people close their account."},
	} {
		if one.address == "" {
			j.find(Blocks, setting(one.key), "", one.words)
		}
	}
	j.pages(func(p looked) {
		if p.Letter { // it leads to the page, and says whom to ask
			if ask := strings.TrimPrefix(j.Links.Support, "mailto:"); !strings.Contains(text(p.root), ask) {
				j.find(Blocks, Mend{}, p.where(), "A mail does not say whom to ask.")
			}
			return
		}
		found := map[string]bool{}
		each(p.root, func(n *html.Node) { found[attr(n, "href")] = true })
		for _, one := range []struct{ address, words string }{
			{j.Links.Support, "A page does not lead to support."}, {"/me/terms", "A page does not lead to “My terms”, from where people export their data and close their account."},
		} {
			if one.address != "" && !found[one.address] {
				j.find(Blocks, Mend{}, p.where(), one.words)
			}
		}
	})
}

func (j *judge) snapshots() {
	if len(j.Pages) == 0 {
		j.find(Blocks, j.mendCheck(), "", "No page could be looked at.")
	}
	for _, p := range j.Pages {
		if p.Kept == "" {
			j.find(Blocks, j.mendCheck(), p.State+" in "+p.Locale, "A page is not kept as people would be sent it.")
		}
	}
}
