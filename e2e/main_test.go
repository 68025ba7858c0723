package e2e_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// program is the binary under test, and where a browser may keep its files.
var program, profile string

func TestMain(m *testing.M) {
	if at := os.Getenv(bareVariable); at != "" {
		os.Exit(serveBare(at))
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "assent-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }() // the system clears what is left of a temporary directory
	program, profile = filepath.Join(dir, "assent"), filepath.Join(dir, "browser")
	build := exec.CommandContext(context.Background(), "go", "build", "-o", program, "assent")
	if output, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the program: %v\n%s", err, output)
		return 1
	}
	defer closeBrowser()
	return m.Run()
}
