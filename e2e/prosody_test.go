package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"assent/internal/testenv"
)

// TestProsodyHoldsItsUsersToTheirStages runs the server of Debian with the
// module, and real clients against it.
func TestProsodyHoldsItsUsersToTheirStages(t *testing.T) {
	t.Parallel()
	holdsItsUsers(t, prosody)
}

func TestProsodyLetsGoOfItsUsersWhenItIsTold(t *testing.T) {
	t.Parallel()
	letsGoOfItsUsers(t, prosody)
}

// prosody is a server with accounts for ana, ben and cy, and more settings of the
// module.
func prosody(t *testing.T, assent string, more chatSettings) chatServer {
	t.Helper()
	dir, err := filepath.Abs("../integrations/prosody")
	if err != nil {
		t.Fatal(err)
	}
	data, number := t.TempDir(), port(t)
	config := fmt.Sprintf(`
run_as_root = true
data_path = %q
pidfile = %q
plugin_paths = { %q }
interfaces = { "127.0.0.1" }
c2s_ports = { %s }
modules_enabled = { "saslauth", "roster", "offline", "message", "presence", "iq", "mam", "carbons", "posix", "assent_gate" }
modules_disabled = { "s2s", "tls" }
authentication = "internal_plain"
allow_unencrypted_plain_auth = true
c2s_require_encryption = false
log = { info = "*console" }
VirtualHost "localhost"
	assent_url = %q
	assent_key = %q
	assent_exits = { "help@localhost" }
	assent_ask = %q
	assent_on_silence = %q
	assent_silence = %d
	assent_mailbox_ttl = %d
`, data, filepath.Join(data, "pid"), dir, number, assent, sampleKey, more.ask, more.onSilence, more.silence, more.mailboxTTL)
	accounts := filepath.Join(data, "localhost", "accounts")
	if err := os.MkdirAll(accounts, 0o750); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(data, "prosody.cfg.lua")
	for name, text := range map[string]string{
		file:                               config,
		filepath.Join(accounts, "ana.dat"): `return { ["password"] = "secret" };`,
		filepath.Join(accounts, "ben.dat"): `return { ["password"] = "secret" };`,
		filepath.Join(accounts, "cy.dat"):  `return { ["password"] = "secret" };`,
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var log testenv.Log
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("prosody:\n%s", &log)
		}
	})
	address := "127.0.0.1:" + number
	return chatServer{"prosody", address, func() func() {
		return daemon(t, &log, address, exec.CommandContext(t.Context(), "prosody", "-F", "--config", file))
	}}
}
