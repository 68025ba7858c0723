package main_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Each line of docs/bad-input.md names the tests that hold it, after the
// directory they are in.
func TestEveryTestOfTheTableOfBadInputExists(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("docs/bad-input.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for line := range strings.Lines(string(document)) {
		dir := ""
		for _, name := range regexp.MustCompile("`([a-z0-9/]+|Test[A-Za-z0-9]+)`").FindAllStringSubmatch(line[strings.LastIndex(strings.TrimRight(line, " |\n"), "|")+1:], -1) {
			if !strings.HasPrefix(name[1], "Test") {
				dir = name[1]
				continue
			}
			if found++; !strings.Contains(tests(t, dir), "func "+name[1]+"(") {
				t.Errorf("%s has no %s", dir, name[1])
			}
		}
	}
	if found < 40 {
		t.Errorf("only %d tests are named", found)
	}
}

// tests is the source of all tests in a directory.
func tests(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(source)
	}
	return all.String()
}
