package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"assent/internal/testenv"
)

// TestEjabberdHoldsItsUsersToTheirStages runs the server of Debian with the
// module, and real clients against it.
func TestEjabberdHoldsItsUsersToTheirStages(t *testing.T) {
	t.Parallel()
	holdsItsUsers(t, ejabberd)
}

func TestEjabberdLetsGoOfItsUsersWhenItIsTold(t *testing.T) {
	t.Parallel()
	letsGoOfItsUsers(t, ejabberd)
}

// ejabberd is a server with accounts for ana, ben and cy, and more settings of
// the module.
func ejabberd(t *testing.T, assent string, more chatSettings) chatServer {
	t.Helper()
	data, number := t.TempDir(), port(t)
	file := filepath.Join(data, "ejabberd.yml")
	config := fmt.Sprintf(`
hosts: [localhost]
loglevel: info
listen:
  - {port: %s, ip: "127.0.0.1", module: ejabberd_c2s}
modules:
  mod_roster: {}
  mod_offline: {}
  mod_mam: {default: always}
  mod_carboncopy: {}
  mod_assent_gate:
    url: %q
    key: %q
    exits: [help@localhost]
    ask: %s
    on_silence: %s
    silence: %d
    mailbox_ttl: %d
`, number, assent, sampleKey, more.ask, more.onSilence, more.silence, more.mailboxTTL)
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	var log testenv.Log
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("ejabberd:\n%s", &log)
		}
	})
	beams, libraries := erlangModules(t, data), filepath.Dir(files(t, "/usr/lib/*/ejabberd-*")[0])
	const accounts = `[ejabberd_auth:try_register(U, <<"localhost">>, <<"secret">>) || U <- [<<"ana">>, <<"ben">>, <<"cy">>]], io:format("accounts made~n").`
	address := "127.0.0.1:" + number
	return chatServer{"ejabberd", address, func() func() {
		made := strings.Count(log.String(), "accounts made")
		cmd := exec.CommandContext(t.Context(), "erl", "-noinput", "-pa", beams, "-mnesia", "dir", fmt.Sprintf("%q", filepath.Join(data, "mnesia")), "-s", "ejabberd", "-eval", accounts)
		cmd.Env = append(os.Environ(), "HOME="+data, "ERL_LIBS="+libraries, "EJABBERD_CONFIG_PATH="+file, "EJABBERD_LOG_PATH="+filepath.Join(data, "ejabberd.log"))
		stop := daemon(t, &log, address, cmd)
		for deadline := time.Now().Add(2 * patience); strings.Count(log.String(), "accounts made") == made; time.Sleep(50 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("ejabberd made no accounts")
			}
		}
		return stop
	}}
}

// erlangModules compiles the modules into a directory, against what the server
// ships.
func erlangModules(t *testing.T, dir string) string {
	t.Helper()
	args := []string{"-Werror", "-o", dir}
	for _, path := range [][2]string{{"-pa", "/usr/lib/*/ejabberd-*/ebin"}, {"-I", "/usr/lib/*/ejabberd-*/include"}, {"-I", "/usr/lib/erlang/lib/p1_*/include"}} {
		for _, found := range files(t, path[1]) {
			args = append(args, path[0], found)
		}
	}
	args = append(args, files(t, "../integrations/ejabberd/mod_assent_gate/src/*.erl")...)
	if output, err := exec.CommandContext(t.Context(), "erlc", args...).CombinedOutput(); err != nil {
		t.Fatalf("compile: %v\n%s", err, output)
	}
	return dir
}

// files are those that match a pattern, of which there has to be one.
func files(t *testing.T, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) == 0 {
		t.Fatalf("nothing is at %s: make setup as root installs it %v", pattern, err)
	}
	return found
}
