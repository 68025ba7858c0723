package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"

	"assent/ledger"
	"assent/models"
)

// dump has PostgreSQL's own programs write an archive and read it again, and
// verifies what comes of restoring it where there is a database to try it in.
func (p *program) dump(ctx context.Context, a *app, to, try string, kept []ledger.Checkpoint, b *backup) error {
	from := string(a.settings.Database.URL)
	if err := p.client(ctx, from, "pg_dump", "--format=custom", "--no-owner", "--file="+to); err != nil {
		return err
	}
	if try == "" {
		return p.client(ctx, "", "pg_restore", "--file="+os.DevNull, to)
	}
	if err := p.client(ctx, try, "pg_restore", "--exit-on-error", "--no-owner", to); err != nil {
		return fmt.Errorf("restore into the database of --try, which has to be empty: %w", err)
	}
	store, err := models.Open(ctx, try, models.Options{NoMigrate: true, Log: a.log})
	if err != nil {
		return err
	}
	return errors.Join(p.examineStore(ctx, a, store, kept, b), store.Close())
}

// client runs a program of PostgreSQL on a database, none for "". The password
// goes by the environment: arguments can be seen by everybody on the machine.
func (p *program) client(ctx context.Context, database, name string, args ...string) error {
	path, err := exec.LookPath(name)
	if err != nil {
		return fmt.Errorf("%s is missing: install the client programs of PostgreSQL, of the server's version or newer", name)
	}
	environ := p.environ
	if database != "" {
		u, err := url.Parse(database)
		if err != nil {
			return usageError{errors.New("the database is not written as postgres://USER:PASSWORD@HOST:PORT/DATABASE")}
		}
		if password, given := u.User.Password(); given {
			environ = append(environ[:len(environ):len(environ)], "PGPASSWORD="+password)
			u.User = url.User(u.User.Username())
		}
		args = append([]string{"--dbname=" + u.String()}, args...)
	}
	cmd := exec.CommandContext(ctx, path, args...) //nolint:gosec // one of two programs, on what the operator names
	var said bytes.Buffer
	cmd.Env, cmd.Stderr = environ, &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, strings.TrimSpace(said.String()))
	}
	return nil
}
