package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"assent/evidence"
	"assent/handlers/clients"
	"assent/tracker"

	"github.com/spf13/cobra"
)

func (p *program) eraseCommand() *cobra.Command {
	var person, reason string
	c := p.asking("erase --person ID --reason TEXT", "Destroy everything that leads to a person, for good", 0, 0,
		func(ctx context.Context, a *app, _ []string, asJSON bool) error {
			if person == "" {
				return usageError{errors.New("name the person with --person")}
			}
			done, err := a.tracker.ErasePerson(ctx, person, reason, p.actor())
			if err != nil {
				return explain("erase", err)
			}
			return p.said(asJSON, fmt.Sprintf("erased, with the details of %d records of the log; record %d says so.\n"+
				"What deleting leaves in the database's own files goes with the next scrub: see assent scrub", done.Records, done.Erasures[0].LeafIndex), clients.ErasedJSON(done))
		})
	c.Long = `Destroys everything that leads to a person, whose account may be there or gone:
the account, the contact, the details and salts of choices, what staff wrote, and
the key of the pseudonym in the log. The records of the log stay with their
proofs and lead to nobody; a tombstone among them says what was destroyed.

Copies made before are not ours to change: docs/privacy.md says what to do about
backups. Write the reason without naming the person: it is kept.`
	c.Example = "  assent erase --person u000001 --reason 'asked by letter of 12 March'"
	c.Flags().StringVar(&person, "person", "", "whom to erase")
	c.Flags().StringVar(&reason, "reason", "", "why, for the record, without a name")
	return c
}

func (p *program) scrubCommand() *cobra.Command {
	var now bool
	c := p.asking("scrub", "Clear away what erasing left in the database's own files", 0, 0,
		func(ctx context.Context, a *app, _ []string, asJSON bool) error {
			n, err := a.tracker.Scrub(ctx, a.store.Scrub, now)
			if err != nil {
				return err
			}
			return p.said(asJSON, fmt.Sprintf("%d erasures are finished", n), map[string]any{"finished": n})
		})
	c.Long = `Finishes erasures, as a running server does each night (erasure.scrub): takes the
names of those who are gone off the journal, once followers have had
erasure.keep_names to hear of them, and clears away what deleting left behind in
the files of the database. It does nothing where nobody was erased since.

On SQLite the file is written anew, and whoever wants to write waits meanwhile;
beside a running server, choices can be refused with 503 if that takes more than
some seconds. On PostgreSQL it is a VACUUM of the tables and stops nobody.`
	c.Example = "  assent scrub\n  assent scrub --now"
	c.Flags().BoolVar(&now, "now", false, "do not wait until followers of the journal have heard of removals")
	return c
}

func (p *program) exportPersonCommand() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use: "person ID [--out FILE]", Short: "Write everything that is held on a person into one JSON file", Args: exactArgs(1),
		Long: `Writes everything that is held on a person, whose account may be there or gone,
into one JSON file, for whoever asks what we know of them. That it was read is
noted in the audit log. What proves the person's choices is another file: see
assent export evidence.`,
		Example: "  assent export person u000001 --out person.json",
		RunE: func(c *cobra.Command, args []string) error {
			return p.with(c.Context(), func(a *app) error { return p.exportPerson(c.Context(), a, args[0], out) })
		},
	}
	c.Flags().StringVar(&out, "out", "person.json", "the file to write; one that is there is not overwritten")
	return c
}

func (p *program) exportPerson(ctx context.Context, a *app, person, out string) error {
	held, err := a.tracker.Held(ctx, person)
	if err != nil {
		return err
	}
	return newFile(out, func(file *os.File) error {
		if err := a.tracker.Disclosed(ctx, tracker.ActReadHeld, person, "", p.actor()); err != nil {
			return err
		}
		return evidence.WriteHeld(person, held, a.now(), file)
	})
}

// newFile writes a file for its owner alone; one that is there is not
// overwritten, and one that fails is not left.
func newFile(path string, write func(*os.File) error) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(write(file), file.Sync(), file.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}
