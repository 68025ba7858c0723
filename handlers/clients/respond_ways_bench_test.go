package clients_test

import (
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
	gormpostgres "gorm.io/driver/postgres"
	gormsqlite "gorm.io/driver/sqlite"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/logger"
)

// stored is a row as the server wrote it: one that it added, or what it changed
// of a position.
type stored struct {
	table   string
	columns []string // of a position, the last two say which it is
	types   []string
	values  []any
	refused []any // of a position: after a refusal, where values are after an acceptance
}

const positions = "enrollments"

// template has somebody accept and refuse, and returns what a choice stores.
func (a *acceptance) template() []stored {
	a.Helper()
	a.person("template", "BR")
	var ref, leaf int64
	a.must(a.raw.QueryRow("SELECT ref FROM people WHERE id = 'template'").Scan(&ref))
	before := a.row(positions, "ref", ref)
	receipt := a.choose("template", "accepted", "choice-0").is(201).at("receipt_id")
	a.must(a.raw.QueryRow(fmt.Sprintf("SELECT leaf_index FROM responses WHERE receipt_id = '%s'", receipt)).Scan(&leaf))
	rows := []stored{
		a.row("responses", "leaf_index", leaf), a.row("response_details", "leaf_index", leaf), a.row("log_entries", "leaf_index", leaf),
		a.row("person_keys", "ref", ref), a.row("changes", "kind = 'responded' AND ref", ref),
	}
	accepted := a.row(positions, "ref", ref)
	a.choose("template", "declined", "choice-1").is(201)
	return append(rows, moved(before, accepted, a.row(positions, "ref", ref)))
}

// row reads the only one with a number.
func (a *acceptance) row(table, where string, number int64) stored {
	a.Helper()
	found, err := a.raw.Query(fmt.Sprintf("SELECT * FROM %s WHERE %s = %d", table, where, number))
	a.must(err)
	defer func() { a.must(found.Close()) }()
	row := stored{table: table}
	row.columns, err = found.Columns()
	a.must(err)
	types, err := found.ColumnTypes()
	a.must(err)
	into := make([]any, len(types))
	row.values = make([]any, len(types))
	for i, one := range types {
		row.types, into[i] = append(row.types, strings.ToLower(one.DatabaseTypeName())), &row.values[i]
	}
	if !found.Next() {
		a.Fatalf("nothing in %s: %v", table, found.Err())
	}
	a.must(found.Scan(into...))
	return row
}

// moved is what either choice changed of a position.
func moved(before, accepted, declined stored) stored {
	out := stored{table: positions}
	add := func(i int) {
		out.columns, out.types = append(out.columns, before.columns[i]), append(out.types, before.types[i])
		out.values, out.refused = append(out.values, accepted.values[i]), append(out.refused, declined.values[i])
	}
	for i, name := range before.columns {
		if name != "seq" && (before.values[i] != accepted.values[i] || before.values[i] != declined.values[i]) {
			add(i)
		}
	}
	add(slices.Index(before.columns, "campaign"))
	add(slices.Index(before.columns, "ref"))
	return out
}

// first is beyond every number the server has given.
const first = 10_000_000

// numbered is a row's values for the nth choice, false where that writes none:
// nobody is given a second key.
func (s stored) numbered(n int64) ([]any, bool) {
	values, number := slices.Clone(s.values), first+n
	if s.table == positions {
		number = 1 + n%people // there they are
		if n/people%2 == 1 {
			values = slices.Clone(s.refused)
		}
	}
	for i, name := range s.columns {
		switch name {
		case "leaf_index", "ref", "revision":
			values[i] = number
		case "receipt_id":
			values[i] = receiptID(n)
		case "idempotency_key":
			values[i] = fmt.Sprintf("choice-%d", n)
		case "person":
			if s.table == "response_details" {
				values[i] = fmt.Sprintf("person-%d", n%people)
			}
		}
	}
	return values, s.table != "person_keys" || n < people
}

// changed are the columns that a move sets.
func (s stored) changed(to func(i int) string) string {
	set := "seq = " + s.table + ".seq + 1"
	for i, name := range s.columns[:len(s.columns)-2] {
		set += ", " + name + " = " + to(i)
	}
	return set
}

// floor group-commits plain writes.
func (a *acceptance) floor(rows []stored) http.Handler {
	a.Helper()
	write := a.prepared(rows)
	if !a.lite() {
		write = a.unnested(rows)
	}
	asked := make(chan *insert, acceptors)
	a.Cleanup(func() { close(asked) })
	go func() {
		var next int64
		for first := range asked {
			batch := []*insert{first}
			for len(asked) > 0 {
				batch = append(batch, <-asked)
			}
			err := write(next, len(batch))
			for _, one := range batch {
				one.n = next
				next++
				one.done <- err
			}
		}
	}()
	return bare(func(*http.Request) (int64, error) {
		mine := &insert{done: make(chan error, 1)}
		asked <- mine
		err := <-mine.done
		return mine.n, err
	})
}

// insert is of the rows of the nth choice.
type insert struct {
	n    int64
	done chan error
}

// choice is what a bare handler is asked for.
type choice struct {
	Campaign  string `json:"campaign"`
	Action    string `json:"action"`
	Documents []struct {
		Document string `json:"document"`
		Version  string `json:"version"`
		Locale   string `json:"locale"`
		SHA256   string `json:"sha256"`
	} `json:"documents"`
	PresentedAt time.Time `json:"presented_at"`
}

// bare decodes what was asked for, and answers with a receipt's id when its rows
// are written.
func bare(do func(*http.Request) (int64, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked choice
		if err := json.UnmarshalRead(r.Body, &asked); err != nil {
			http.Error(w, "that is no choice", http.StatusBadRequest)
			return
		}
		n, err := do(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprintf(w, `{"receipt_id":%q}`, receiptID(n)) // or the client is gone
	})
}

func receiptID(n int64) string { return fmt.Sprintf("rcp_%026d", n) }

// prepared writes row by row.
func (a *acceptance) prepared(rows []stored) func(int64, int) error {
	return func(from int64, size int) error {
		tx, err := a.raw.Begin()
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := inTurn(tx, row, from, size); err != nil {
				return errors.Join(err, tx.Rollback())
			}
		}
		return tx.Commit()
	}
}

func inTurn(tx *sql.Tx, row stored, from int64, size int) error {
	text := "INSERT INTO " + row.table + " (" + strings.Join(row.columns, ", ") + ") VALUES (" + strings.TrimSuffix(strings.Repeat("?, ", len(row.columns)), ", ") + ")"
	if row.table == positions {
		text = "UPDATE enrollments SET " + row.changed(func(int) string { return "?" }) + " WHERE campaign = ? AND ref = ?"
	}
	statement, err := tx.Prepare(text)
	if err != nil {
		return err
	}
	for n := from; n < from+int64(size); n++ {
		values, written := row.numbered(n)
		if !written {
			continue
		}
		if err := one(statement.Exec(values...)); err != nil {
			return err
		}
	}
	return statement.Close()
}

// one is the error of a statement that has to write a row.
func one(result sql.Result, err error) error {
	if err != nil {
		return err
	}
	rows, err := result.RowsAffected()
	if err == nil && rows != 1 {
		err = fmt.Errorf("%d rows written", rows)
	}
	return err
}

// unnested writes the rows of a table by one statement, one array a column.
func (a *acceptance) unnested(rows []stored) func(int64, int) error {
	return func(from int64, size int) error {
		tx, err := a.raw.Begin()
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := atOnce(tx, row, from, size); err != nil {
				return errors.Join(err, tx.Rollback())
			}
		}
		return tx.Commit()
	}
}

func atOnce(tx *sql.Tx, row stored, from int64, size int) error {
	params, args := make([]string, len(row.columns)), make([]any, len(row.columns))
	lists := make([][]any, len(row.columns))
	for n := from; n < from+int64(size); n++ {
		values, written := row.numbered(n)
		for i := 0; written && i < len(values); i++ {
			lists[i] = append(lists[i], values[i])
		}
	}
	if len(lists[0]) == 0 {
		return nil
	}
	for i, list := range lists {
		params[i], args[i] = fmt.Sprintf("$%d::%s[]", i+1, row.types[i]), arrayOf(list)
	}
	columns, source := strings.Join(row.columns, ", "), "unnest("+strings.Join(params, ", ")+")"
	text := "INSERT INTO " + row.table + " (" + columns + ") SELECT * FROM " + source
	if row.table == positions {
		text = "UPDATE enrollments SET " + row.changed(func(i int) string { return "n." + row.columns[i] }) +
			" FROM " + source + " AS n(" + columns + ") WHERE enrollments.campaign = n.campaign AND enrollments.ref = n.ref"
	}
	_, err := tx.Exec(text, args...)
	return err
}

func arrayOf(list []any) any {
	switch list[0].(type) {
	case int64:
		return typed[int64](list)
	case bool:
		return typed[bool](list)
	case []byte:
		return typed[[]byte](list)
	default:
		return typed[string](list)
	}
}

func typed[T any](list []any) []T {
	out := make([]T, len(list))
	for i, one := range list {
		out[i] = one.(T)
	}
	return out
}

// gorm writes the rows of a choice in a transaction per request. With the log's
// head, requests take turns from there on; without, PostgreSQL commits several
// at once.
func (a *acceptance) gorm(rows []stored, ordered bool) http.Handler {
	a.Helper()
	dialector := gormsqlite.New(gormsqlite.Config{Conn: a.raw})
	if !a.lite() {
		a.raw.SetMaxOpenConns(16)
		a.raw.SetMaxIdleConns(16)
		dialector = gormpostgres.New(gormpostgres.Config{Conn: a.raw})
	}
	db, err := gorm.Open(dialector, &gorm.Config{Logger: logger.Discard})
	a.must(err)
	var next atomic.Int64
	return bare(func(r *http.Request) (int64, error) {
		n := next.Add(1) - 1
		return n, db.WithContext(r.Context()).Transaction(func(tx *gorm.DB) error {
			leaf := first + n
			if ordered {
				var err error
				if leaf, err = moveHead(tx); err != nil {
					return err
				}
			}
			for _, row := range rows {
				if err := save(tx, row, n, leaf); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// moveHead takes the next place in the log.
func moveHead(tx *gorm.DB) (int64, error) {
	var head struct {
		Size             int64
		Root, Checkpoint []byte
	}
	if err := tx.Table("log_head").Clauses(clause.Locking{Strength: clause.LockingStrengthUpdate}).Take(&head).Error; err != nil {
		return 0, err
	}
	result := tx.Table("log_head").Where("size = ?", head.Size).Updates(map[string]any{"size": head.Size + 1, "root": head.Root, "checkpoint": head.Checkpoint})
	if result.Error == nil && result.RowsAffected != 1 {
		result.Error = errors.New("the head was moved meanwhile")
	}
	return head.Size, result.Error
}

// save writes a row of the nth choice.
func save(tx *gorm.DB, row stored, n, leaf int64) error {
	list, written := row.numbered(n)
	if !written {
		return nil
	}
	values := map[string]any{}
	for i, name := range row.columns {
		if values[name] = list[i]; name == "leaf_index" {
			values[name] = leaf
		}
	}
	if row.table != positions {
		return tx.Table(row.table).Create(values).Error
	}
	campaign, ref := values["campaign"], values["ref"]
	delete(values, "campaign")
	delete(values, "ref")
	values["seq"] = gorm.Expr("seq + 1")
	result := tx.Table(row.table).Where("campaign = ? AND ref = ?", campaign, ref).Updates(values)
	if result.Error == nil && result.RowsAffected != 1 {
		result.Error = fmt.Errorf("%d positions moved", result.RowsAffected)
	}
	return result.Error
}
