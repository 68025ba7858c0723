package models_test

import (
	"context"
	"database/sql"
	"flag"
	"os"
	"strings"
	"testing"

	"assent/models"
)

var update = flag.Bool("update", false, "write the golden files anew")

// raw connects to a database beside the store, as an operator or an intruder
// would.
func raw(t testing.TB, url string) *sql.DB {
	t.Helper()
	driver, name := "pgx", url
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		driver, name = "sqlite3", "file:"+path+"?_busy_timeout=5000"
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func run(t testing.TB, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.Exec(statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// schema queries list everything there is in a database, one line each.
var schema = map[string]string{
	"sqlite": "SELECT sql || ';' FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type <> 'table', name",
	"postgres": `
		SELECT line FROM (
			SELECT 1 AS part, format('column %s.%s %s%s%s', c.table_name, c.column_name, c.data_type,
				CASE c.is_nullable WHEN 'YES' THEN ' NULL' ELSE '' END, coalesce(' default ' || c.column_default, '') ||
				CASE c.is_identity WHEN 'YES' THEN ' identity ' || c.identity_generation ELSE '' END || coalesce(' collate ' || c.collation_name, '')) AS line
			FROM information_schema.columns c WHERE c.table_schema = 'public'
			UNION ALL SELECT 2, 'constraint ' || conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
			UNION ALL SELECT 3, indexdef FROM pg_indexes WHERE schemaname = 'public'
			UNION ALL SELECT 4, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
			UNION ALL SELECT 5, pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
		) AS lines ORDER BY part, line`,
}

func TestTheMigrationsLeadToTheSchemaInTestdata(t *testing.T) {
	t.Parallel()
	for name, fresh := range blank {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := fresh(t)
			open(t, url)
			got := dump(t, raw(t, url), schema[name])
			golden := "testdata/schema." + name + ".golden.sql"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("the schema is not that of %s; run with -update and read the difference:\n%s", golden, got)
			}
		})
	}
}

func dump(t *testing.T, db *sql.DB, query string) string {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out strings.Builder
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		out.WriteString(line + "\n")
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestADatabaseOfAnotherBuildIsRefused(t *testing.T) {
	t.Parallel()
	for name, fresh := range blank {
		for what, c := range map[string]struct {
			change string
			says   []string
		}{
			"newer":        {"INSERT INTO schema_migrations (version, name, checksum) VALUES (9999, 'later', 'x')", []string{"newer Assent", "backup"}},
			"another past": {"UPDATE schema_migrations SET checksum = 'x' WHERE version = 1", []string{"migration 1", "backup"}},
		} {
			t.Run(name+"/"+what, func(t *testing.T) {
				t.Parallel()
				url := fresh(t)
				open(t, url)
				run(t, raw(t, url), c.change)
				refuses(t, url, models.Options{}, c.says...)
				refuses(t, url, models.Options{NoMigrate: true}, c.says...)
			})
		}
	}
}

func TestADatabaseOfSomethingElseIsRefusedAndLeftAlone(t *testing.T) {
	t.Parallel()
	for name, fresh := range blank {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := fresh(t)
			db := raw(t, url)
			run(t, db, "CREATE TABLE invoices (id INTEGER)")
			before := dump(t, db, schema[name])
			refuses(t, url, models.Options{}, "invoices", "one of its own")
			if after := dump(t, db, schema[name]); after != before {
				t.Errorf("it was changed:\n%s", after)
			}
		})
	}
}

func TestWithoutMigrationAnOldDatabaseIsRefused(t *testing.T) {
	t.Parallel()
	for name, fresh := range blank {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := fresh(t)
			refuses(t, url, models.Options{NoMigrate: true}, "assent migrate", "backup")
			s, err := models.Open(context.Background(), url, models.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}
