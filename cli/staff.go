package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"assent/tracker"

	"github.com/spf13/cobra"
)

func (p *program) staffCommand() *cobra.Command {
	c := &cobra.Command{Use: "staff", Short: "Say who can sign in to the console", Args: cobra.NoArgs}
	c.AddCommand(&cobra.Command{
		Use: "add NAME", Short: "Add a member of staff; the password is read from standard input", Args: exactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return p.with(c.Context(), func(a *app) error {
				line, err := io.ReadAll(io.LimitReader(c.InOrStdin(), 1<<10))
				if err != nil {
					return fmt.Errorf("read the password: %w", err)
				}
				err = a.tracker.AddStaff(c.Context(), args[0], strings.TrimRight(string(line), "\r\n"), p.actor())
				if err != nil {
					return explain("staff", err)
				}
				fmt.Fprintf(p.out, "%s can sign in\n", args[0])
				return nil
			})
		},
	}, p.inviteCommand(), p.removeStaffCommand(), &cobra.Command{
		Use: "list", Short: "List those who can sign in, and those who were removed", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.with(c.Context(), func(a *app) error { return p.listStaff(c.Context(), a) })
		},
	})
	return c
}

func (p *program) inviteCommand() *cobra.Command {
	var role string
	c := &cobra.Command{
		Use: "invite NAME ADDRESS", Short: "Let somebody sign in at the provider of staff.oidc, by an address it has verified", Args: exactArgs(2),
		Example: "  assent staff invite mei mei@example.com --role viewer",
		RunE: func(c *cobra.Command, args []string) error {
			return p.with(c.Context(), func(a *app) error {
				if err := a.tracker.InviteStaff(c.Context(), args[0], args[1], tracker.Role(role), p.actor()); err != nil {
					return explain("staff", err)
				}
				fmt.Fprintf(p.out, "%s can sign in at the provider as %s\n", args[0], args[1])
				return nil
			})
		},
	}
	c.Flags().StringVar(&role, "role", string(tracker.Editor), "editor: everything; viewer: look")
	return c
}

func (p *program) removeStaffCommand() *cobra.Command {
	return &cobra.Command{
		Use: "remove NAME", Short: "Let a member of staff in no more, and end their sessions at once", Args: exactArgs(1),
		Long: `Ends every session of a member of staff at once and lets nobody in by the name, the
address or the account at the provider any more. What they did stays in the log
under their name. To let them in again, add or invite the same name. The last
editor who can sign in is not removed: add another first.`,
		RunE: func(c *cobra.Command, args []string) error {
			return p.with(c.Context(), func(a *app) error {
				if err := a.tracker.RemoveStaff(c.Context(), args[0], p.actor()); err != nil {
					return explain("staff", err)
				}
				fmt.Fprintf(p.out, "%s is signed out and cannot sign in; API keys are separate: see assent key list\n", args[0])
				return nil
			})
		},
	}
}

func (p *program) listStaff(ctx context.Context, a *app) error {
	all, err := a.tracker.StaffMembers(ctx)
	for _, m := range all {
		since := m.Created.Format(time.RFC3339)
		if m.Role == "" {
			fmt.Fprintf(p.out, "%s\tremoved %s\n", m.Name, since)
			continue
		}
		var by []string
		if m.Password != "" {
			by = append(by, "by password")
		}
		switch {
		case m.Subject != "":
			by = append(by, "as "+m.Subject+" at "+m.Issuer)
		case m.Email != "":
			by = append(by, "invited as "+m.Email)
		}
		fmt.Fprintf(p.out, "%s\t%s\t%s\tsince %s\n", m.Name, m.Role, strings.Join(by, ", "), since)
	}
	return err
}
