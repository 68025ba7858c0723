package clients_test

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

var shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

// TestEveryCommandOfTheGuideWorks runs docs/api.md from top to bottom, as a
// reader would.
func TestEveryCommandOfTheGuideWorks(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"sh", "curl", "sha256sum"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("the guide needs %s: install it (Debian: apt-get install curl coreutils)", program)
		}
	}
	guide, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	script := "set -eu\n"
	blocks := shellBlock.FindAllStringSubmatch(string(guide), -1)
	for _, block := range blocks {
		script += block[1]
	}
	w := newWorld(t)
	server := httptest.NewServer(w.engine)
	defer server.Close()
	run := exec.CommandContext(t.Context(), "sh", "-c", script)
	run.Env = append(os.Environ(), "ASSENT="+server.URL, "KEY="+bootstrap, "no_proxy=*")
	output, err := run.CombinedOutput()
	if err != nil || len(blocks) < 10 {
		t.Fatalf("%d blocks, %v\n%s", len(blocks), err, output)
	}
	for _, want := range []string{
		`"plan":1`, `{"line":1,"status":"stored"}`, `{"line":2,"errors":[{"path":"region"`, `"key":"terms.notice"`, `"decision":true`,
		`"action":"accepted"`, `"kind":"enrolled"`, `"placed_by":"key:`, "terms.example.org/log+", `/l/`, `"body":"hello"`,
		`"method":"on_behalf"`, `{"summary":{`, `1 day earlier`, `"harsher":[{"path":"deadline"`, `"confirmed":2`, `"release_reason":"The order was lifted"`,
		`"status":"exempt"`, `"undo_until":`, `"approved":{"people":2000`, `"paused":true`, `"approvals":[]`,
	} {
		if !strings.Contains(string(output), want) {
			t.Errorf("no %s in\n%s", want, output)
		}
	}
}
