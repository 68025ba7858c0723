package cli_test

import (
	"os"
	"path/filepath"
	"testing"

	"assent/terms"
)

func TestALogIsExportedUpdatedAndVerifiedOffline(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.launch()
	m.choose("ana", terms.Accept)
	dir, key := filepath.Join(m.dir, "log"), filepath.Join(m.dir, "secrets", "ledger.public")
	m.says(m.succeeds("export", "log", dir), "records written", "assent verify")
	first := m.file("first", m.read("log", "checkpoint"))
	m.choose("ben", terms.Decline)
	m.succeeds("export", "log", dir)
	m.says(m.succeeds("verify", dir, "--key", key, "--checkpoint", first),
		"accepted 1", "declined 1", "none was changed", "It continues the checkpoint over", "Not proved")

	restore := m.copyDatabase()
	m.choose("ana", terms.Withdraw)
	m.succeeds("export", "log", dir)
	restore()
	if code, _, errs := m.run("export", "log", dir); code != 3 {
		t.Errorf("a shorter log went over a longer one: exit code %d: %s", code, errs)
	} else {
		m.says(errs, "does not continue the earlier export", "rolled back", m.read("log", "checkpoint"))
	}

	bundles, err := filepath.Glob(filepath.Join(dir, "tile", "entries", "*", "*"))
	if err != nil || len(bundles) == 0 {
		t.Fatal(bundles, err)
	}
	newest := bundles[len(bundles)-1]
	data, err := os.ReadFile(newest)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)-10] ^= 1
	if err := os.WriteFile(newest, data, 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs := m.run("verify", dir, "--key", key)
	if code != 3 || out != "" {
		t.Errorf("exit code %d: %s", code, out)
	}
	m.says(errs, "is NOT proved", "record ", "is not the one that was logged")

	for _, c := range []struct {
		code int
		args []string
	}{
		{2, []string{"verify", dir, "--key", "nonsense"}},
		{2, []string{"verify", dir}},
		{1, []string{"verify", filepath.Join(m.dir, "nothing"), "--key", key}},
		{1, []string{"verify", dir, "--key", key, "--checkpoint", filepath.Join(m.dir, "nothing")}},
		{3, []string{"verify", dir, "--key", key, "--checkpoint", m.file("garbage", "no checkpoint\n")}},
	} {
		if code, _, errs := m.run(c.args...); code != c.code {
			t.Errorf("%q: exit code %d, want %d: %s", c.args, code, c.code, errs)
		}
	}
}
