package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"assent/handlers/clients"
	"assent/templates"
	"assent/tracker"

	"github.com/spf13/cobra"
)

func (p *program) noticesCommand() *cobra.Command {
	var person string
	c := p.asking("notices", "List mails that are in trouble, or all to one person", 0, 0, func(ctx context.Context, a *app, _ []string, asJSON bool) error {
		list, err := a.tracker.Deliveries(ctx, person)
		if err != nil {
			return err
		}
		lines := json.NewEncoder(p.out)
		for _, d := range list {
			if !asJSON {
				fmt.Fprintf(p.out, "%s\t%s\t%s\t%s\t%s\t%d tries\t%s\n", d.Created.Format(time.RFC3339), d.State, d.Notice, d.Kind, d.Person, d.Tries, d.Reason)
			} else if err := lines.Encode(clients.DeliveryJSON(d)); err != nil {
				return err
			}
		}
		return nil
	})
	c.Long = `Lists mails that are dead, uncertain or bounced, newest first, or with --person all
that one person was or will be sent; with --json one object a line. An uncertain
mail may have been sent: look for its Message-ID, which begins with the id shown
here, in the log of the mail server before you have it sent again.`
	c.Example = "  assent notices\n  assent notices --person u000001\n  assent notices retry ntc_1042 --reason 'the mail log has no trace of it'\n" +
		"  assent notices preview new-terms --kind warned --locale ar\n  assent notices test new-terms me@example.org"
	c.Flags().StringVar(&person, "person", "", "all mails to this person")
	c.AddCommand(p.noticesRetryCommand(), p.noticesPreviewCommand(), p.noticesTestCommand())
	return c
}

func (p *program) noticesRetryCommand() *cobra.Command {
	var reason string
	c := p.asking("retry NOTICE", "Have a mail in trouble sent again, under the same Message-ID", 1, 1, func(ctx context.Context, a *app, args []string, asJSON bool) error {
		d, err := a.tracker.Resend(ctx, args[0], reason, p.actor())
		if err != nil {
			return explain("retry", err)
		}
		return p.said(asJSON, "it is queued again", clients.DeliveryJSON(d))
	})
	c.Flags().StringVar(&reason, "reason", "", "why, for the record")
	return c
}

// sampled is which mail to make up.
type sampled struct {
	kind, locale, country, stage string
}

func (s *sampled) flags(c *cobra.Command) {
	c.Flags().StringVar(&s.kind, "kind", string(tracker.LetterTold), "told, reminder, warned, entered, restored, moved or reversed")
	c.Flags().StringVar(&s.locale, "locale", "en", "language of the person")
	c.Flags().StringVar(&s.country, "region", "US", "country of the person")
	c.Flags().StringVar(&s.stage, "stage", "", "key of the stage the person is in (default: the first)")
}

// render makes up the mail that somebody like that would get.
func (s *sampled) render(ctx context.Context, a *app, campaign string) (templates.RenderedMail, error) {
	if !slices.Contains(tracker.LetterKinds(), tracker.LetterKind(s.kind)) {
		return templates.RenderedMail{}, usageError{fmt.Errorf("--kind %q is not one of %v", s.kind, tracker.LetterKinds())}
	}
	sample := tracker.Sample{Campaign: campaign, Country: s.country, Locale: s.locale}
	offer, _, err := a.tracker.SampleOffer(ctx, sample)
	if err != nil {
		return templates.RenderedMail{}, err
	}
	if s.stage != "" {
		if sample.Stage = offer.Ladder.StageIndex(s.stage); sample.Stage < 0 {
			return templates.RenderedMail{}, usageError{fmt.Errorf("--stage %q is not a stage of the campaign", s.stage)}
		}
		if offer, _, err = a.tracker.SampleOffer(ctx, sample); err != nil {
			return templates.RenderedMail{}, err
		}
	}
	pages, err := templates.New()
	if err != nil {
		return templates.RenderedMail{}, err
	}
	return a.writer(pages).Sample(tracker.LetterKind(s.kind), offer, a.now())
}

func (p *program) noticesPreviewCommand() *cobra.Command {
	var s sampled
	var html bool
	c := p.asking("preview CAMPAIGN", "Show what people are sent", 1, 1, func(ctx context.Context, a *app, args []string, asJSON bool) error {
		m, err := s.render(ctx, a, args[0])
		switch {
		case err != nil:
			return err
		case asJSON:
			return json.NewEncoder(p.out).Encode(map[string]string{"subject": m.Subject, "text": m.Text, "html": m.HTML})
		case html:
			fmt.Fprint(p.out, m.HTML)
		default:
			fmt.Fprintf(p.out, "Subject: %s\n\n%s", m.Subject, m.Text)
		}
		return nil
	})
	s.flags(c)
	c.Flags().BoolVar(&html, "html", false, "the HTML form")
	return c
}

func (p *program) noticesTestCommand() *cobra.Command {
	var s sampled
	c := p.asking("test CAMPAIGN ADDRESS", "Send what people are sent to an address of yours", 2, 2, func(ctx context.Context, a *app, args []string, asJSON bool) error {
		if a.settings.Mail.Host == "" {
			return errors.New("there is no mail server: set mail.host and mail.from")
		}
		if err := (tracker.Contact{Email: args[1]}).Check(); err != nil {
			return usageError{fmt.Errorf("%q is not a plain address", args[1])}
		}
		m, err := s.render(ctx, a, args[0])
		if err != nil {
			return err
		}
		if err := a.sendTest(ctx, m, s.locale, args[1]); err != nil {
			return fmt.Errorf("send a test: %w", err)
		}
		return p.said(asJSON, "the mail server has taken it", map[string]string{"to": args[1], "subject": m.Subject})
	})
	s.flags(c)
	return c
}
