package cli

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"

	"assent/config"
	"assent/handlers/clients"
	"assent/notify"
	"assent/tracker"

	"github.com/spf13/cobra"
)

// guard says which addresses of webhooks may be called.
func guard(w config.Webhooks) notify.Guard { return notify.Guard{Allow: w.Allowed()} }

// deliver calls webhooks until the context ends.
func (a *app) deliver(ctx context.Context) <-chan struct{} {
	courier := notify.New(notify.Options{
		Tracker: a.tracker, Guard: guard(a.settings.Webhooks), Now: realClock, Log: a.log, Holder: rand.Text(), Moved: a.gate.Moved,
	})
	done := make(chan struct{})
	go func() {
		defer close(done)
		courier.Run(ctx)
	}()
	return done
}

func (p *program) webhookCommand() *cobra.Command {
	c := &cobra.Command{Use: "webhook", Short: "Have others told of changes, and see what did not arrive", Args: cobra.NoArgs}
	c.Example = "  assent webhook add https://example.org/hook --kind entered --kind responded\n  assent webhook letters wh_…"
	c.AddCommand(p.webhookAdd(), p.webhookList(), p.webhookLetters(),
		p.webhookAct("remove WEBHOOK", "Forget a webhook and its letters", func(ctx context.Context, a *app, id string) (any, string, error) {
			return map[string]string{"id": id}, "it is called no more", a.tracker.RemoveWebhook(ctx, id, p.actor())
		}),
		p.webhookAct("rotate WEBHOOK", "Give a webhook a new secret; the old one signs for another day", func(ctx context.Context, a *app, id string) (any, string, error) {
			w, err := a.tracker.RotateWebhook(ctx, id, p.actor())
			if err != nil {
				return nil, "", err
			}
			return clients.WebhookJSON(w, true), w.Secrets[0].Secret, nil
		}),
		p.webhookAct("enable WEBHOOK", "Call a webhook again that was stopped, from where it was on", func(ctx context.Context, a *app, id string) (any, string, error) {
			w, err := a.tracker.EnableWebhook(ctx, id, p.actor())
			return clients.WebhookJSON(w, false), "it is called again", err
		}),
		p.webhookAct("retry WEBHOOK", "Try the letters again that were given up", func(ctx context.Context, a *app, id string) (any, string, error) {
			n, err := a.tracker.RetryWebhook(ctx, id, p.actor())
			return map[string]int{"letters": n}, fmt.Sprintf("%d letters are tried again", n), err
		}))
	return c
}

func (p *program) webhookAct(use, short string, do func(context.Context, *app, string) (any, string, error)) *cobra.Command {
	return p.asking(use, short, 1, 1, func(ctx context.Context, a *app, args []string, asJSON bool) error {
		data, sentence, err := do(ctx, a, args[0])
		if err != nil {
			return explain("webhook", err)
		}
		return p.said(asJSON, sentence, data)
	})
}

func (p *program) webhookAdd() *cobra.Command {
	var description string
	var kinds []string
	c := p.asking("add URL", "Have an address told of changes, and print its secret once", 1, 1,
		func(ctx context.Context, a *app, args []string, asJSON bool) error {
			w := tracker.Webhook{URL: args[0], Description: description}
			for _, kind := range kinds {
				w.Kinds = append(w.Kinds, tracker.ChangeKind(kind))
			}
			if err := guard(a.settings.Webhooks).Check(w.URL); err != nil {
				return explain("webhook", err)
			}
			w, err := a.tracker.AddWebhook(ctx, w, p.actor())
			if err != nil {
				return explain("webhook", err)
			}
			if !asJSON {
				fmt.Fprintf(p.err, "webhook %s; the secret that signs its calls, shown only now:\n", w.ID)
			}
			return p.said(asJSON, w.Secrets[0].Secret, clients.WebhookJSON(w, true))
		})
	c.Flags().StringVar(&description, "description", "", "whose it is")
	c.Flags().StringSliceVar(&kinds, "kind", nil, fmt.Sprintf("a kind of change it hears of, repeatable (default: all): %v", tracker.ChangeKinds()))
	return c
}

func (p *program) webhookList() *cobra.Command {
	return p.asking("list", "List webhooks and how they do", 0, 0, func(ctx context.Context, a *app, _ []string, asJSON bool) error {
		list, err := a.tracker.Webhooks(ctx)
		if err != nil {
			return err
		}
		out := make([]any, len(list))
		for i, w := range list {
			out[i] = clients.WebhookJSON(w, false)
			if !asJSON {
				state := "told up to revision " + fmt.Sprint(w.Place)
				if w.Failing > 0 {
					state += fmt.Sprintf("; the last %d calls failed: %s", w.Failing, w.Said)
				}
				if !w.Disabled.IsZero() {
					state = "stopped " + w.Disabled.Format(time.RFC3339) + ": " + w.Why
				}
				fmt.Fprintf(p.out, "%s\t%s\t%s\n", w.ID, w.URL, state)
			}
		}
		if asJSON {
			return json.NewEncoder(p.out).Encode(out)
		}
		return nil
	})
}

func (p *program) webhookLetters() *cobra.Command {
	return p.asking("letters WEBHOOK", "List what could not be delivered", 1, 1, func(ctx context.Context, a *app, args []string, asJSON bool) error {
		waiting, err := a.tracker.WebhookLetters(ctx, args[0], false)
		if err != nil {
			return explain("webhook", err)
		}
		dead, err := a.tracker.WebhookLetters(ctx, args[0], true)
		if err != nil {
			return err
		}
		if asJSON {
			return json.NewEncoder(p.out).Encode(map[string]any{"waiting": clients.LettersJSON(waiting), "given_up": clients.LettersJSON(dead)})
		}
		for _, l := range append(dead, waiting...) {
			state := "next try " + l.NextAt.Format(time.RFC3339)
			if !l.Dead.IsZero() {
				state = "given up " + l.Dead.Format(time.RFC3339)
			}
			fmt.Fprintf(p.out, "change %d\t%d tries\t%s\t%s\n", l.Revision, l.Tries, state, l.Said)
		}
		return nil
	})
}
