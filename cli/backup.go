package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"assent/evidence"
	"assent/ledger"
	"assent/models"
	"assent/terms"
	"assent/tracker"

	"github.com/spf13/cobra"
)

// backup is what was copied, and what was found in the copy.
type backup struct {
	File       string    `json:"file"`
	Bytes      int64     `json:"bytes"`
	SHA256     string    `json:"sha256"`
	Begun      time.Time `json:"begun_at"` // what was acknowledged before is in it
	Verified   bool      `json:"verified"` // database and log, and not only that the file can be read
	Records    int64     `json:"records"`  // in the log, as far as it was verified
	Checkpoint string    `json:"checkpoint,omitempty"`
}

func (p *program) backupCommand() *cobra.Command {
	var asJSON bool
	var try string
	c := &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy the database into a new file, beside a running server, and verify the copy",
		Long: `Copies the database as it is at one instant into a new file. The server goes on
meanwhile. Then the copy is read as a whole: its structure, the references
between its tables, every record of the log with its hashes and its signature,
and that it continues the checkpoint kept in ledger.checkpoint_file. A file
appears only when all of that holds, and one that is there is not overwritten.

On PostgreSQL it has pg_dump write an archive, which "pg_restore" takes, and
reads the archive to its end. With --try it is restored into an empty database
and verified there as well.

The keys are not in it: back up secrets.directory, elsewhere.`,
		Example: "  assent backup /backup/monday.db\n  assent backup /backup/monday.dump --try postgres://…/empty",
		Args:    exactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			a, err := p.apart()
			if err != nil {
				return err
			}
			made, err := p.backup(c.Context(), a, args[0], try)
			if err != nil {
				return err
			}
			sentence := fmt.Sprintf("%s: %d bytes, %s, SHA-256 %s", made.File, made.Bytes, proved(made), made.SHA256)
			return p.said(asJSON, sentence, made)
		},
	}
	c.Flags().StringVar(&try, "try", "", "an empty PostgreSQL database to restore the archive into, and to verify it there")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func proved(b backup) string {
	if b.Verified {
		return fmt.Sprintf("verified with %d records of the log", b.Records)
	}
	return "read to its end, but not restored: try it with --try"
}

// apart is the deployment without its database, which nothing is opened of.
func (p *program) apart() (*app, error) {
	settings, err := p.settings()
	if err != nil {
		return nil, err
	}
	a := &app{settings: settings, now: realClock, log: newLog(p.err, settings.Log)}
	a.secrets, err = loadSecrets(settings.Secrets.Directory, settings.Ledger.Origin)
	return a, err
}

// backup copies the database into a file beside the one that is asked for, and
// gives it that name when the copy is good.
func (p *program) backup(ctx context.Context, a *app, file, try string) (backup, error) {
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		return backup{}, errors.Join(terms.Errorf(terms.Conflict, "%s is there already: a backup goes into a new file", file), err)
	}
	kept, err := a.keptCheckpoints() // before the copy is made, which then has to continue it
	if err != nil {
		return backup{}, err
	}
	half, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+"-*")
	if err != nil {
		return backup{}, err
	}
	b := backup{File: file, Begun: a.now()}
	if err := errors.Join(half.Close(), p.copy(ctx, a, half.Name(), try, kept, &b)); err != nil {
		return backup{}, errors.Join(err, os.Remove(half.Name()))
	}
	return b, rename(half.Name(), file)
}

// copy copies the database as its engine does it, and verifies the copy.
func (p *program) copy(ctx context.Context, a *app, to, try string, kept []ledger.Checkpoint, b *backup) error {
	var err error
	if path, isFile := models.File(string(a.settings.Database.URL)); isFile {
		err = p.copyFile(ctx, a, path, to, kept, b)
	} else {
		err = p.dump(ctx, a, to, try, kept, b)
	}
	if err != nil {
		return err
	}
	return seal(to, b)
}

// copyFile copies a SQLite database and verifies the copy.
func (p *program) copyFile(ctx context.Context, a *app, from, to string, kept []ledger.Checkpoint, b *backup) error {
	bar := newProgress(p.err, "kilobytes copied")
	err := models.Backup(ctx, from, to, func(done, _ int64) { bar.set(int(done >> 10)) })
	bar.done()
	if err != nil {
		return err
	}
	return p.examineCopy(ctx, a, to, kept, b)
}

// examineCopy verifies a copy of a SQLite database: all of it, and that its log
// continues what was kept.
func (p *program) examineCopy(ctx context.Context, a *app, file string, kept []ledger.Checkpoint, b *backup) error {
	store, err := models.OpenCopy(file)
	if err != nil {
		return err
	}
	return errors.Join(p.examineStore(ctx, a, store, kept, b), store.Close())
}

// examineStore is examineCopy for one that is open.
func (p *program) examineStore(ctx context.Context, a *app, store *models.Store, kept []ledger.Checkpoint, b *backup) error {
	a.store, a.tracker = store, tracker.New(tracker.Deps{Store: store})
	report, err := p.examineAll(ctx, a)
	if err != nil {
		return err
	}
	if _, err = a.comparedLog(ctx, kept); err != nil {
		return err
	}
	b.Verified, b.Records, b.Checkpoint = true, report.Checkpoint.Head.Size, report.Checkpoint.Text
	return nil
}

// examineAll reads everything in a database, and verifies its whole log.
func (p *program) examineAll(ctx context.Context, a *app) (evidence.LogReport, error) {
	if err := a.store.Check(ctx); err != nil {
		return evidence.LogReport{}, err
	}
	known, err := ledger.Verifiers(a.secrets.verifier)
	if err != nil {
		return evidence.LogReport{}, err
	}
	bar := newProgress(p.err, "records verified")
	report, err := evidence.VerifyStored(ctx, a.tracker, known, evidence.LogOptions{Progress: func(n int64) { bar.set(int(n)) }})
	bar.done()
	var kind terms.Kind
	if errors.As(err, &kind) && kind == terms.NotFound { // the log is empty
		return evidence.LogReport{}, nil
	}
	if err != nil {
		return report, notProved("the log", err)
	}
	return report, nil
}

// seal makes sure that a file is on the disk, and takes its size and digest.
func seal(path string, b *backup) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	digest := sha256.New()
	b.Bytes, err = io.Copy(digest, file)
	b.SHA256 = hex.EncodeToString(digest.Sum(nil))
	return errors.Join(err, file.Sync(), file.Close())
}
