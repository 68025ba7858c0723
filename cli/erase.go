package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"assent/evidence"
	"assent/handlers/clients"
	"assent/ledger"
	"assent/tracker"

	"github.com/spf13/cobra"
)

func (p *program) eraseCommand() *cobra.Command {
	var person, reason, again string
	c := p.asking("erase --person ID --reason TEXT | --again LOG", "Destroy everything that leads to a person, for good", 0, 0,
		func(ctx context.Context, a *app, _ []string, asJSON bool) error {
			if (person == "") == (again == "") {
				return usageError{errors.New("name either a person with --person, or an exported log with --again")}
			}
			if again != "" {
				return p.eraseAgain(ctx, a, again, reason, asJSON)
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

Copies made before are not ours to change. After restoring one, --again erases
once more whoever was erased since: it reads the tombstones of an exported log
that is newer than the backup, which it verifies first. docs/privacy.md says more.
Write the reason without naming the person: it is kept.`
	c.Example = "  assent erase --person u000001 --reason 'asked by letter of 12 March'\n  assent erase --again /backup/log"
	c.Flags().StringVar(&person, "person", "", "whom to erase")
	c.Flags().StringVar(&reason, "reason", "", "why, for the record, without a name")
	c.Flags().StringVar(&again, "again", "", "directory of an exported log: erase whom its tombstones name")
	return c
}

// eraseAgain erases whoever an exported log says was erased.
func (p *program) eraseAgain(ctx context.Context, a *app, dir, reason string, asJSON bool) error {
	if reason == "" {
		reason = "was erased before, as a tombstone in an exported log says"
	}
	known, err := ledger.Verifiers(a.secrets.verifier)
	if err != nil {
		return err
	}
	stones, err := evidence.Tombstones(ctx, os.DirFS(dir), known, evidence.LogOptions{})
	if err != nil {
		return fmt.Errorf("the log in %s cannot be relied on: %w", dir, err)
	}
	n, err := a.tracker.EraseAgain(ctx, stones, reason, p.actor())
	if err != nil {
		return err
	}
	return p.said(asJSON, fmt.Sprintf("%d people were erased again, of those whom %d tombstones name", n, len(stones)), map[string]any{"erased": n, "tombstones": len(stones)})
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
