package testenv

import (
	"context"
	_ "embed" // axe-core
	"encoding/json"
	"fmt"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

//go:embed axe/axe.min.js
var axe string

// Finding is what axe-core has to say against a page.
type Finding struct {
	ID, Help string
	Nodes    []struct{ HTML, FailureSummary string }
}

func (f Finding) String() string {
	return fmt.Sprintf("%s: %s\n%s\n%s", f.ID, f.Help, f.Nodes[0].HTML, f.Nodes[0].FailureSummary)
}

// Axe puts axe-core into the page that a browser shows, for Judge.
func Axe() chromedp.Action { return chromedp.Evaluate(axe, nil) }

// Judge holds the page that a browser shows to WCAG 2.2 A and AA and to good
// practice, by the Axe in it.
func Judge(found *[]Finding) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		var list string
		err := chromedp.Evaluate(`axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations']})
			.then(r => JSON.stringify(r.violations.map(v => ({ID: v.id, Help: v.help, Nodes: v.nodes.map(n => ({HTML: n.html, FailureSummary: n.failureSummary}))}))))`,
			&list, chromedp.EvalAsValue, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }).Do(ctx)
		if err != nil {
			return err
		}
		return json.Unmarshal([]byte(list), found)
	})
}
