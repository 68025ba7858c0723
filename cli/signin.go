package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"assent/config"
	"assent/handlers/people"
	"assent/handlers/staff"
	"assent/signin"
	"assent/templates"
)

// people builds the pages for people, with the ways to sign in that are set.
func (a *app) people(pages *templates.Pages) people.Options {
	s := a.settings.People
	o := people.Options{
		Tracker: a.tracker, Pages: pages, Tokens: a.secrets.tokens, Wall: realClock, Brand: brand(a.settings.Brand), ReturnTo: a.settings.Brand.ReturnTo, LogKey: a.secrets.verifier,
		SessionTTL: s.SessionTTL, JWTCookie: s.JWT.Cookie, Log: a.log,
	}
	if s.OIDC.Issuer != "" {
		o.SignIn = provider(s.OIDC, a.settings.Server.PublicURL, realClock)
	}
	if j := s.JWT; j.Issuer != "" {
		o.JWT = signin.NewJWT(signin.JWTOptions{
			Issuer: j.Issuer, KeysURL: j.KeysURL, Audience: j.Audience, Parties: j.AuthorizedParties,
			Algorithms: j.Algorithms, Type: j.Type, Claim: j.PersonClaim, Now: realClock,
		})
	}
	return o
}

// staffProvider is where staff sign in besides; nil: nowhere.
func staffProvider(o config.StaffOIDC, publicURL string, log *slog.Logger) *staff.Provider {
	if o.Issuer == "" {
		return nil
	}
	return &staff.Provider{Provider: staffOIDC(o, publicURL), Mapped: o.RoleClaim != "", Editors: o.Editors, Viewers: o.Viewers, Log: log}
}

func staffOIDC(o config.StaffOIDC, publicURL string) *signin.OIDC {
	return signin.NewOIDC(signin.OIDCOptions{
		Issuer: o.Issuer, ClientID: o.ClientID, Secret: string(o.ClientSecret), RedirectURL: publicURL + "/staff/signin/callback",
		Scopes: o.Scopes, Algorithms: o.Algorithms, Claim: "sub", Values: o.RoleClaim, Now: realClock,
	})
}

// checkProviders asks each provider that is set about itself.
func checkProviders(ctx context.Context, s config.Config) ([]string, error) {
	var answered []string
	var wrong []error
	check := func(key, issuer string, o *signin.OIDC) {
		if issuer == "" {
			return
		}
		if err := o.Check(ctx); err != nil {
			wrong = append(wrong, fmt.Errorf("%s.issuer: %w", key, err))
			return
		}
		answered = append(answered, issuer)
	}
	check("people.oidc", s.People.OIDC.Issuer, provider(s.People.OIDC, s.Server.PublicURL, realClock))
	check("staff.oidc", s.Staff.OIDC.Issuer, staffOIDC(s.Staff.OIDC, s.Server.PublicURL))
	return answered, errors.Join(wrong...)
}

func provider(o config.OIDC, publicURL string, now func() time.Time) *signin.OIDC {
	return signin.NewOIDC(signin.OIDCOptions{
		Issuer: o.Issuer, ClientID: o.ClientID, Secret: string(o.ClientSecret), RedirectURL: publicURL + "/signin/callback",
		Scopes: o.Scopes, Algorithms: o.Algorithms, Claim: o.PersonClaim, Now: now,
	})
}

// linkKeys is how many keys of links are kept: the one that signs, and the one
// before it.
const linkKeys = 2

func (p *program) rotateLinksCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "rotate-links",
		Short: "Make a new key for links, sessions and forms",
		Long: `Makes the key that signs links, sessions and forms from the next start of the
server on. What the key before it has signed is taken still, so that nobody loses
a link or a form that is open; what an older one has signed is not. Rotate twice,
and restart each time, to put everything out of force that was signed so far.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return p.rotateLinks() },
	}
}

func (p *program) rotateLinks() error {
	settings, err := p.settings()
	if err != nil {
		return err
	}
	path := filepath.Join(settings.Secrets.Directory, linkKeyFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("%w: the first start of the server makes one", err)
	}
	fresh, err := newLinkKey()
	if err != nil {
		return err
	}
	keys := slices.Concat([]string{fresh}, strings.Fields(string(text)))
	if err := replaceFile(path, 0o600, lines(keys[:min(linkKeys, len(keys))])); err != nil {
		return err
	}
	fmt.Fprintln(p.out, "restart every server, so that all of them sign with the new key and take what the one before it has signed")
	return nil
}
