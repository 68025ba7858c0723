package main_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// arrows says for each package which rooms of ours it may import; a room is a
// folder with what lies below it. Arrows point inward: towards terms, which
// knows nothing but itself. A package that is not listed may not exist.
//
// Tests may import anything, so they are not looked at.
var arrows = map[string]string{
	".":                        "cli",
	"battery":                  "",
	"cli":                      "config demo enforce evidence examples gate handlers launch ledger messaging models notify planfile scheduler signin simulate templates terms tokens tracker",
	"config":                   "terms",
	"demo":                     "terms tracker planfile ledger",
	"e2e":                      "",
	"e2e/screens":              "",
	"enforce":                  "",
	"enforce/enforcegrpc":      "enforce",
	"examples":                 "",
	"examples/enforce":         "enforce",
	"gate":                     "terms",
	"handlers":                 "handlers gate messaging tracker ledger templates tokens terms",
	"handlers/clients":         "evidence gate messaging tracker ledger templates tokens terms handlers/web",
	"handlers/gateway":         "handlers/clients",
	"handlers/people":          "evidence signin gate messaging tracker ledger templates tokens terms handlers/web",
	"handlers/staff":           "signin evidence launch gate messaging tracker ledger templates tokens terms handlers/web",
	"handlers/web":             "signin gate messaging tracker ledger templates tokens terms",
	"internal/testenv":         "",
	"internal/testenv/cluster": "internal/testenv",
	"evidence":                 "ledger terms tracker",
	"launch":                   "terms",
	"ledger":                   "terms",
	"messaging":                "messaging/mailbox terms gate tokens",
	"messaging/business":       "terms gate",
	"messaging/mailbox":        "",
	"models":                   "tracker terms ledger messaging/mailbox",
	"models/storetest":         "tracker terms ledger messaging/mailbox",
	"notify":                   "terms tracker",
	"notify/mail":              "terms tracker templates tokens",
	"planfile":                 "terms",
	"scheduler":                "",
	"signin":                   "terms",
	"simulate":                 "terms tracker ledger templates/chart planfile",
	"templates":                "templates/chart",
	"templates/chart":          "",
	"terms":                    "",
	"tokens":                   "",
	"tracker":                  "terms ledger",
}

// homes says which rooms alone may import something that shapes all code it
// touches, so that exchanging it stays the work of one room.
var homes = map[string]string{
	"gorm.io/":                     "models",
	"github.com/mattn/go-sqlite3":  "models",
	"github.com/jackc/pgx":         "models internal/testenv",
	"github.com/gin-gonic/":        "handlers",
	"github.com/centrifugal/":      "messaging",
	"github.com/robfig/cron":       "scheduler config",
	"google.golang.org/grpc":       "enforce/enforcegrpc handlers/gateway",
	"google.golang.org/genproto":   "enforce/enforcegrpc handlers/gateway",
	"github.com/envoyproxy/":       "handlers/gateway",
	"github.com/spf13/viper":       "config",
	"github.com/spf13/cobra":       "cli",
	"assent/internal/testenv":      "internal/testenv",
	"net/http/pprof":               "cli",
	"github.com/go-jose/":          "signin internal/testenv",
	"golang.org/x/oauth2":          "signin",
	"github.com/wneessen/":         "notify/mail",
	"github.com/chromedp/chromedp": "e2e/screens internal/testenv",
	"pgregory.net/rapid":           "models/storetest",
}

// outside is what the rules in terms must do without: they are functions of
// facts and an instant.
var outside = []string{"bufio", "context", "crypto/rand", "database", "embed", "io", "log", "math/rand", "net", "os", "path", "runtime", "sync", "syscall"}

const longest = 450 // lines of a file; beyond it there is a room inside

// file is one Go file that is no test.
type file struct {
	dir, name string // dir is "." for the top
	lines     int
	*ast.File
	*token.FileSet
}

func (f file) at(n ast.Node) token.Position { return f.Position(n.Pos()) }

// imports calls visit with each path the file imports.
func (f file) imports(t *testing.T, visit func(path string)) {
	t.Helper()
	for _, one := range f.Imports {
		path, err := strconv.Unquote(one.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		visit(path)
	}
}

// program is every Go file of the project that is no test.
func program(t *testing.T) []file {
	t.Helper()
	var files []file
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		hidden := strings.HasPrefix(entry.Name(), ".") && path != "."
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (hidden || slices.Contains([]string{"testdata", "node_modules", "data", "bin"}, entry.Name())):
			return filepath.SkipDir
		case entry.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, path, source, parser.ParseComments)
		files = append(files, file{filepath.ToSlash(filepath.Dir(path)), path, bytes.Count(source, []byte("\n")), parsed, set})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// inside reports whether a package lies in one of the rooms.
func inside(pkg, rooms string) bool {
	return slices.ContainsFunc(strings.Fields(rooms), func(room string) bool {
		return pkg == room || strings.HasPrefix(pkg, room+"/")
	})
}

func TestPackagesImportOnlyAlongTheArrows(t *testing.T) {
	t.Parallel()
	for _, f := range program(t) {
		allowed, declared := arrows[f.dir]
		if !declared {
			t.Errorf("%s: the package %s is not listed in arrows_test.go", f.name, f.dir)
			continue
		}
		f.imports(t, func(path string) {
			if room, ours := strings.CutPrefix(path, "assent/"); ours && !inside(room, allowed) {
				t.Errorf("%s imports %s; %s may import: %s", f.name, room, f.dir, allowed)
			}
		})
	}
}

func TestWhatShapesCodeStaysInItsRoom(t *testing.T) {
	t.Parallel()
	for _, f := range program(t) {
		f.imports(t, func(path string) {
			for start, rooms := range homes {
				if strings.HasPrefix(path, start) && !inside(f.dir, rooms) {
					t.Errorf("%s imports %s, which is at home in: %s", f.name, path, rooms)
				}
			}
		})
	}
}

func TestTheRulesTouchNothingOutside(t *testing.T) {
	t.Parallel()
	for _, f := range program(t) {
		if f.dir != "terms" {
			continue
		}
		f.imports(t, func(path string) {
			if strings.Contains(path, ".") || inside(path, strings.Join(outside, " ")) {
				t.Errorf("%s imports %s", f.name, path)
			}
		})
	}
}

// The clock is handed in, so that a test, a simulation or the demo can move it.
func TestOnlyTheProgramItselfReadsTheClock(t *testing.T) {
	t.Parallel()
	readers := []string{"Now", "Since", "Until", "Tick"}
	for _, f := range program(t) {
		if inside(f.dir, ". cli enforce internal/testenv") { // enforce is part of other people's programs
			continue
		}
		ast.Inspect(f.File, func(n ast.Node) bool {
			selector, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if pkg, ok := selector.X.(*ast.Ident); ok && pkg.Name == "time" && slices.Contains(readers, selector.Sel.Name) {
				t.Errorf("%s: time.%s; take now func() time.Time", f.at(n), selector.Sel.Name)
			}
			return true
		})
	}
}

// A database has a clock of its own, which may be wrong and which nobody can
// move: no statement may ask it.
func TestNoStatementAsksTheDatabaseForTheTime(t *testing.T) {
	t.Parallel()
	asks := regexp.MustCompile(`(?i)\b(now|clock_timestamp|statement_timestamp|transaction_timestamp|datetime|julianday|strftime|unixepoch)\s*\(|\bcurrent_(time|date|timestamp)\b`)
	look := func(at, text string) {
		if found := asks.FindString(text); found != "" {
			t.Errorf("%s: %s; hand the instant in", at, found)
		}
	}
	for _, f := range program(t) {
		if !inside(f.dir, "models") {
			continue
		}
		ast.Inspect(f.File, func(n ast.Node) bool {
			if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING {
				look(f.at(n).String(), text.Value)
			}
			return true
		})
	}
	migrations, err := filepath.Glob("models/migrations/*/*.sql")
	if err != nil || len(migrations) == 0 {
		t.Fatalf("%d migrations, %v", len(migrations), err)
	}
	for _, name := range migrations {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		look(name, string(text))
	}
}

func TestNothingHappensByImporting(t *testing.T) {
	t.Parallel()
	for _, f := range program(t) {
		for _, decl := range f.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s: func init; let a constructor do it", f.at(fn))
			}
		}
	}
}

func TestNoFileIsTooLongToRead(t *testing.T) {
	t.Parallel()
	for _, f := range program(t) {
		if f.lines > longest {
			t.Errorf("%s has %d lines, more than %d: is there a room inside?", f.name, f.lines, longest)
		}
	}
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	t.Parallel()
	documented := map[string]bool{}
	for _, f := range program(t) {
		documented[f.dir] = documented[f.dir] || f.Doc != nil
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("the package %s has no doc comment", dir)
		}
	}
}
