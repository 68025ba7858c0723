package main_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
)

// Each module the code imports is argued for in docs/dependencies.md.
func TestEveryDependencyIsExplained(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	for module, file := range imported(t) {
		if !strings.Contains(string(document), "`"+module+"`") {
			t.Errorf("%s imports %s, which docs/dependencies.md does not explain", file, module)
		}
	}
}

// imported maps each module the code and its tests import to one of the files
// that do.
func imported(t *testing.T) map[string]string {
	t.Helper()
	source, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := modfile.Parse("go.mod", source, nil)
	if err != nil {
		t.Fatal(err)
	}
	modules := map[string]string{}
	err = filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".go" {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, one := range file.Imports {
			name, err := strconv.Unquote(one.Path.Value)
			if err != nil {
				return err
			}
			if module := moduleOf(parsed, name); module != "" {
				modules[module] = path
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return modules
}

// moduleOf is the required module a package belongs to, or "".
func moduleOf(mod *modfile.File, pkg string) string {
	longest := ""
	for _, required := range mod.Require {
		path := required.Mod.Path
		if (pkg == path || strings.HasPrefix(pkg, path+"/")) && len(path) > len(longest) {
			longest = path
		}
	}
	return longest
}
