package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"time"

	"assent/terms"
	"assent/tracker"

	"github.com/spf13/cobra"
)

// actor is who the audit log names for what is done on the command line: the
// user of the operating system, through sudo the one who called it, so that two
// people are two.
func (p *program) actor() string {
	name := lookup(p.environ, "SUDO_USER")
	if name == "" {
		name = strconv.Itoa(os.Getuid())
		if u, err := user.Current(); err == nil {
			name = u.Username
		}
	}
	return "command line: " + name
}

// with opens the deployment for one command and closes it after.
func (p *program) with(ctx context.Context, run func(*app) error) error {
	settings, err := p.settings()
	if err != nil {
		return err
	}
	a, err := p.open(ctx, settings, realClock)
	if err != nil {
		return err
	}
	err = run(a)
	return firstError(err, a.close(ctx)) // the command's own error matters more
}

func (p *program) sweepCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "sweep",
		Short:   "Look once at everybody who is due",
		Example: "  assent sweep --once --json",
		Long: `Runs one sweep, as the scheduler of a server would: everybody who is due is told,
warned, moved one stage or left, and the counts are printed. Safe beside a
running server.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.with(c.Context(), func(a *app) error { return p.sweepOnce(c.Context(), a, asJSON) })
		},
	}
	c.Flags().Bool("once", true, "run a single sweep (there is no other kind here)")
	c.Flags().BoolVar(&asJSON, "json", false, "print the counts as JSON")
	return c
}

func (p *program) sweepOnce(ctx context.Context, a *app, asJSON bool) error {
	bar, chunks := newProgress(p.err, "chunks swept"), 0
	deps := a.tracker.Deps
	deps.Pace.Rest = func(ctx context.Context, d time.Duration) { // it rests after each chunk
		chunks++
		bar.set(chunks)
		a.tracker.Pace.Rest(ctx, d)
	}
	run, err := tracker.New(deps).Sweep(ctx, a.now())
	bar.done()
	if asJSON {
		return firstError(err, json.NewEncoder(p.out).Encode(map[string]any{
			"run": run.ID, "examined": run.Examined, "moved": run.Moved, "told": run.Told, "held": run.Held, "waiting": run.Waiting,
			"stopped": run.Stopped, "failed": run.Failed,
		}))
	}
	fmt.Fprintf(p.out, "run %s: examined %d, moved %d, told %d, held %d, waiting %d, stopped %d, failed %d\n",
		run.ID, run.Examined, run.Moved, run.Told, run.Held, run.Waiting, run.Stopped, run.Failed)
	return err
}

func (p *program) keyCommand() *cobra.Command {
	c := &cobra.Command{Use: "key", Short: "Make, list, rotate and revoke API keys", Args: cobra.NoArgs}
	var scopes []string
	var lasts time.Duration
	create := &cobra.Command{
		Use: "create NAME", Short: "Make an API key and print it once", Args: exactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return p.with(c.Context(), func(a *app) error { return p.createKey(c.Context(), a, args[0], scopes, lasts) })
		},
	}
	create.Flags().StringSliceVar(&scopes, "scope", nil, fmt.Sprintf("what it may do, repeatable: %v", tracker.Scopes()))
	create.Flags().DurationVar(&lasts, "for", 0, "how long it is valid, such as 2160h (default: until revoked)")
	list := &cobra.Command{
		Use: "list", Short: "List the API keys", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.with(c.Context(), func(a *app) error { return p.listKeys(c.Context(), a) })
		},
	}
	revoke := &cobra.Command{
		Use: "revoke ID", Short: "Put an API key out of force", Args: exactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return p.with(c.Context(), func(a *app) error { return a.tracker.RevokeKey(c.Context(), args[0], p.actor()) })
		},
	}
	var overlap time.Duration
	rotate := &cobra.Command{
		Use: "rotate ID", Short: "Give an API key a new secret and print it once", Args: exactArgs(1),
		Long: `Gives an API key a new secret and prints it once. The one before goes on counting
for as long as --overlap says, so that whoever uses it can change over;
--overlap 0s puts it out of force at once.`,
		RunE: func(c *cobra.Command, args []string) error {
			return p.with(c.Context(), func(a *app) error {
				_, secret, err := a.tracker.RotateKey(c.Context(), args[0], a.now().Add(overlap), p.actor())
				if err != nil {
					return explain("key", err)
				}
				fmt.Fprintln(p.out, secret)
				return nil
			})
		},
	}
	rotate.Flags().DurationVar(&overlap, "overlap", 24*time.Hour, "how long the secret before goes on counting")
	c.AddCommand(create, list, rotate, revoke, p.rotateLinksCommand())
	return c
}

func (p *program) createKey(ctx context.Context, a *app, name string, scopes []string, lasts time.Duration) error {
	if len(scopes) == 0 {
		return usageError{fmt.Errorf("name at least one --scope of %v", tracker.Scopes())}
	}
	var expires time.Time
	if lasts > 0 {
		expires = a.now().Add(lasts)
	}
	var wanted []tracker.Scope
	for _, s := range scopes {
		wanted = append(wanted, tracker.Scope(s))
	}
	key, secret, err := a.tracker.CreateKey(ctx, name, wanted, expires, p.actor())
	if err != nil {
		return explain("key", err)
	}
	fmt.Fprintf(p.err, "key %s, shown only now:\n", key.ID)
	fmt.Fprintln(p.out, secret)
	return nil
}

func (p *program) listKeys(ctx context.Context, a *app) error {
	keys, err := a.tracker.Keys(ctx)
	for _, k := range keys {
		state := "in force"
		switch {
		case !k.Revoked.IsZero():
			state = "revoked " + k.Revoked.Format(time.RFC3339)
		case !k.Expires.IsZero():
			state = "until " + k.Expires.Format(time.RFC3339)
		}
		fmt.Fprintf(p.out, "%s\t%s\t%s\t%s\n", k.ID, k.Name, strings.Join(k.Scopes, ","), state)
	}
	return err
}

func (p *program) migrateCommand() *cobra.Command {
	return &cobra.Command{
		Use: "migrate", Short: "Bring the database to this version's schema", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.with(c.Context(), func(*app) error {
				fmt.Fprintln(p.out, "the database is up to date")
				return nil
			})
		},
	}
}

// readInput reads a file, or standard input for "-".
func readInput(file string) ([]byte, error) {
	const most = 8 << 20
	in := io.Reader(os.Stdin)
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }() // only read from
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, most+1))
	if err == nil && len(data) > most {
		err = terms.Errorf(terms.Invalid, "%s is longer than %d bytes", file, most)
	}
	return data, err
}

func exactArgs(n int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := cobra.ExactArgs(n)(c, args); err != nil {
			return usageError{fmt.Errorf("%s: %w", c.UseLine(), err)}
		}
		return nil
	}
}

func firstError(errs ...error) error {
	i := slices.IndexFunc(errs, func(err error) bool { return err != nil })
	if i < 0 {
		return nil
	}
	return errs[i]
}
