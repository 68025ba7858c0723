package models

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"gorm.io/gorm"
)

//go:embed migrations
var migrations embed.FS

// migration is one numbered step from an older schema to a newer one. It is
// never edited once it was released.
type migration struct {
	Version  int
	Name     string
	Checksum string // hex SHA-256 of the file
	sql      string
}

func (migration) TableName() string { return "schema_migrations" }

// migrate brings the schema up to date, or when it must not apply anything
// refuses one that is not. Processes that start together take turns; one that
// finds the schema as it should be waits for nobody.
func (s *Store) migrate(ctx context.Context, apply bool) error {
	known, err := s.known()
	if err != nil {
		return err
	}
	have, err := applied(s.read.WithContext(ctx))
	if err == nil {
		err = compare(known, have)
	}
	switch {
	case err != nil || len(have) == len(known):
		return err
	case !apply:
		return fmt.Errorf("the database is at migration %d and this program needs %d: run `assent migrate`, after a backup", len(have), len(known))
	}
	return s.engine.roomy(ctx, s.pools, func() error {
		err := s.inTurn(ctx, s.makeTable)
		for i := 0; i < len(known) && err == nil; i++ {
			err = s.inTurn(ctx, func(db *gorm.DB) error { return advance(db, known, i) })
		}
		return err
	})
}

// applied lists the migrations that a database has, in order.
func applied(db *gorm.DB) ([]migration, error) {
	var have []migration
	if !db.Migrator().HasTable(migration{}.TableName()) {
		return nil, nil
	}
	if err := db.Select("version", "name", "checksum").Order("version").Find(&have).Error; err != nil {
		return nil, fmt.Errorf("read schema_migrations: %w", err)
	}
	return have, nil
}

// known reads the migrations of the engine, in order: file NNNN is number NNNN,
// and numbers ascend.
func (s *Store) known() ([]migration, error) {
	dir := "migrations/" + s.engine.name()
	files, err := fs.ReadDir(migrations, dir)
	if err != nil {
		return nil, fmt.Errorf("list migrations: %w", err)
	}
	list := make([]migration, len(files))
	for i, file := range files {
		data, err := migrations.ReadFile(dir + "/" + file.Name())
		if err != nil {
			return nil, fmt.Errorf("read a migration: %w", err)
		}
		number, name, _ := strings.Cut(strings.TrimSuffix(file.Name(), ".sql"), "_")
		n, err := strconv.Atoi(number)
		if err != nil || i > 0 && n <= list[i-1].Version {
			return nil, fmt.Errorf("migration %s has no number of its own", file.Name())
		}
		sum := sha256.Sum256(data)
		list[i] = migration{n, name, hex.EncodeToString(sum[:]), string(data)}
	}
	return list, nil
}

// inTurn runs fn in a transaction that no other process migrates beside.
func (s *Store) inTurn(ctx context.Context, fn func(*gorm.DB) error) error {
	return transaction(ctx, s.write, nil, func(db *gorm.DB) error {
		if err := s.engine.queue(ctx, db.Statement.ConnPool); err != nil {
			return fmt.Errorf("wait for the turn to migrate: %w", err)
		}
		return fn(db)
	})
}

// makeTable makes the table that records migrations, in an empty database.
func (s *Store) makeTable(db *gorm.DB) error {
	tables, err := db.Migrator().GetTables()
	if err != nil {
		return fmt.Errorf("list tables: %w", err)
	}
	for _, table := range tables {
		if table == (migration{}).TableName() {
			return nil
		}
	}
	if len(tables) > 0 {
		return fmt.Errorf("the database holds tables of something else (%s): give Assent one of its own", tables[0])
	}
	err = db.Exec("CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL)").Error
	if err != nil {
		return fmt.Errorf("make schema_migrations: %w", err)
	}
	return nil
}

// advance applies the migration at i unless the database has it by now, after a
// look at whether what it has is what this program knows.
func advance(db *gorm.DB, known []migration, i int) error {
	next := known[i]
	have, err := applied(db)
	if err == nil {
		err = compare(known, have)
	}
	if err != nil || i < len(have) {
		return err
	}
	// Not through gorm, which would look for placeholders in it.
	if _, err := db.Statement.ConnPool.ExecContext(db.Statement.Context, next.sql); err != nil {
		return fmt.Errorf("migration %d (%s): %w", next.Version, next.Name, err)
	}
	if err := db.Select("version", "name", "checksum").Create(&next).Error; err != nil {
		return fmt.Errorf("record migration %d: %w", next.Version, err)
	}
	return nil
}

// compare refuses a database from a newer program, or from one that was not
// this program's past.
func compare(known, have []migration) error {
	if len(have) > len(known) {
		return fmt.Errorf("the database is at migration %d and this program knows %d: it was written by a newer Assent; "+
			"start that one, or restore the backup from before the upgrade", len(have), len(known))
	}
	for i, m := range have {
		if m.Version != known[i].Version || m.Checksum != known[i].Checksum {
			return errors.New("migration " + strconv.Itoa(m.Version) + " of the database is not the one this program has: " +
				"the two are of different builds; start the program that made the database, or restore a backup made by this one")
		}
	}
	return nil
}
