package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"assent/cli"
	"assent/demo"
)

// machine is one directory with a deployment in it.
type machine struct {
	t    *testing.T
	dir  string
	user string   // who calls
	more []string // of the environment
}

func newMachine(t *testing.T) machine { return machine{t: t, dir: t.TempDir(), user: "mei"} }

// run runs a command line there and returns its exit code, results and errors.
func (m machine) run(args ...string) (int, string, string) {
	m.t.Helper()
	base, err := os.ReadFile("../config.yaml")
	if err != nil {
		m.t.Fatal(err)
	}
	environ := []string{
		"ASSENT_DATABASE_URL=sqlite:" + filepath.Join(m.dir, "assent.db"),
		"ASSENT_SECRETS_DIRECTORY=" + filepath.Join(m.dir, "secrets"),
	}
	environ = append(environ, "SUDO_USER="+m.user)
	environ = append(environ, m.more...)
	var out, errs bytes.Buffer
	code := cli.Run(m.t.Context(), base, args, environ, &out, &errs)
	return code, out.String(), errs.String()
}

// succeeds runs a command line that must, and returns its results.
func (m machine) succeeds(args ...string) string {
	m.t.Helper()
	code, out, errs := m.run(args...)
	if code != 0 {
		m.t.Fatalf("assent %s: exit code %d\n%s%s", strings.Join(args, " "), code, out, errs)
	}
	return out
}

func (m machine) file(name, content string) string {
	m.t.Helper()
	path := filepath.Join(m.dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		m.t.Fatal(err)
	}
	return path
}

func TestWhatCannotBeUsedExitsWithTwoAndSaysAllOfIt(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	settings := m.file("bad.yaml", "server: {listen: nowhere}\ncolour: blue\n")
	for name, tc := range map[string]struct {
		args []string
		says []string
	}{
		"settings":              {[]string{"doctor", "--config", settings}, []string{"server.listen", "colour"}},
		"an unknown command":    {[]string{"frobnicate"}, []string{"frobnicate"}},
		"an unknown flag":       {[]string{"sweep", "--twice"}, []string{"--twice"}},
		"a missing argument":    {[]string{"apply"}, []string{"apply FILE"}},
		"a key for nothing":     {[]string{"key", "create", "app"}, []string{"--scope", "flags:read"}},
		"an instant that isn't": {[]string{"preview", "c", "--at", "tomorrow"}, []string{"tomorrow"}},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, errs := m.run(tc.args...)
			if code != 2 {
				t.Errorf("exit code %d, want 2", code)
			}
			for _, word := range tc.says {
				if !strings.Contains(errs, word) {
					t.Errorf("does not name %q:\n%s", word, errs)
				}
			}
		})
	}
}

func TestEveryCommandExplainsItself(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	for _, command := range strings.Fields("serve demo apply plan confirm simulate import preview explain sweep hold reverse undo approvals pause resume breaker unreached failures key staff migrate doctor ledger verify export backup restore") {
		if out := m.succeeds(command, "--help"); !strings.Contains(out, "Usage:") {
			t.Errorf("%s --help says %q", command, out)
		}
	}
}

func TestABrokenPlanFileIsListedAndChangesNothing(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	plan := demo.PlanFile()
	broken := m.file("plan.yaml", strings.Replace(string(plan), "off: [", "off: [terms.respond, ", 1))
	code, _, errs := m.run("apply", broken, "--activate")
	if code != 1 || !strings.Contains(errs, "off[0]") || !strings.Contains(errs, "exit right") {
		t.Fatalf("exit code %d:\n%s", code, errs)
	}
	if out := m.succeeds("doctor"); strings.Contains(out, "campaign") {
		t.Fatalf("something was stored:\n%s", out)
	}
}

func TestPeopleAreImportedLineByLine(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	people := m.file("people.ndjson", `{"id": "a", "region": "BR", "locale": "pt-BR"}
{"id": "b", "region": "Brazil", "locale": "pt-BR"}
not json
{"id": "c", "region": "IN", "locale": "hi", "account_type": "business"}
`)
	code, out, errs := m.run("import", people)
	if code != 0 || out != "2 people stored, 2 lines refused\n" {
		t.Fatalf("exit code %d: %s%s", code, out, errs)
	}
	for _, want := range []string{"line 2: region", "line 3:"} {
		if !strings.Contains(errs, want) {
			t.Errorf("does not say %q:\n%s", want, errs)
		}
	}
}

func TestSomeoneInNoCampaignIsExplainedAndSomeoneUnknownIsNot(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.succeeds("import", m.file("people.ndjson", `{"id": "ana", "region": "BR", "locale": "pt-BR"}`+"\n"))
	if out := m.succeeds("explain", "ana"); !strings.Contains(out, "ana has a personal account in BR.") || !strings.Contains(out, "everything works") {
		t.Fatal(out)
	}
	if out := m.succeeds("explain", "ana", "--json"); !strings.Contains(out, `"messages.send":{"value":true,"reason":"default"}`) {
		t.Fatal(out)
	}
	if code, _, errs := m.run("explain", "nobody"); code != 1 || !strings.Contains(errs, "nobody") {
		t.Fatalf("exit code %d: %s", code, errs)
	}
}

func TestKeysAreMadeListedAndRevoked(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	secret := strings.TrimSpace(m.succeeds("key", "create", "the app", "--scope", "flags:read"))
	list := m.succeeds("key", "list")
	if !strings.HasPrefix(secret, "assent_") || strings.Contains(list, secret) || !strings.Contains(list, "the app\tflags:read\tin force") {
		t.Fatalf("secret %s, list %s", secret, list)
	}
	id, _, _ := strings.Cut(list, "\t")
	m.succeeds("key", "revoke", id)
	if list := m.succeeds("key", "list"); !strings.Contains(list, "revoked") {
		t.Fatalf("after revoking: %s", list)
	}
	if code, _, _ := m.run("key", "revoke", id); code != 1 {
		t.Fatalf("revoked twice: exit code %d", code)
	}
}

func TestASweepWithNobodyDueSaysSo(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	if out := m.succeeds("sweep", "--once", "--json"); !strings.Contains(out, `"examined":0`) {
		t.Fatal(out)
	}
}

func TestTheKeyOfTheLogIsBoundToItsName(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.succeeds("migrate")
	renamed := m.file("renamed.yaml", "ledger: {origin: elsewhere.example/log}\n")
	if code, _, errs := m.run("doctor", "--config", renamed); code != 1 || !strings.Contains(errs, "ledger.origin") {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	if out := m.succeeds("doctor"); !strings.Contains(out, "the log is localhost/assent") {
		t.Fatal(out)
	}
	info, err := os.Stat(filepath.Join(m.dir, "secrets", "ledger.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the key's file: %v, %v", info, err)
	}
}

func TestALostKeyOfTheLogIsNotReplaced(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.succeeds("migrate")
	if err := os.Remove(filepath.Join(m.dir, "secrets", "ledger.key")); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := m.run("doctor"); code != 1 || !strings.Contains(errs, "restore it from a backup") {
		t.Fatalf("exit code %d: %s", code, errs)
	}
}

func TestAReceiptThatIsNoneIsNotProved(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.succeeds("migrate")
	receipt := m.file("receipt.json", `{"record": {}, "proof": {}}`)
	code, out, errs := m.run("verify", receipt, "--key", filepath.Join(m.dir, "secrets", "ledger.public"))
	if code != 3 || out != "" || errs == "" {
		t.Fatalf("exit code %d: %s%s", code, out, errs)
	}
}
