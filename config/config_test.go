package config_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"assent/config"
)

// defaults is the file every build carries.
func defaults(t testing.TB) []byte {
	t.Helper()
	base, err := os.ReadFile("../config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return base
}

// load reads an operator's file with this text, over the defaults.
func load(t testing.TB, file string, environ ...string) (config.Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "assent.yaml")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	return config.Load(defaults(t), path, environ)
}

func TestTheDefaultsAreValid(t *testing.T) {
	t.Parallel()
	c, err := config.Load(defaults(t), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Server.Listen != ":8080" || c.Server.IdleTimeout != time.Minute || c.Scheduler.Duty != 0.3 ||
		c.Links.NoticeTTL != 60*24*time.Hour || len(c.Server.TrustedProxies) != 0 {
		t.Errorf("%+v", c)
	}
	if c.Breaker != (config.Breaker{Share: 0.05, Floor: 500, Factor: 2}) || c.Holds.Spread != 14*24*time.Hour ||
		c.Reversals.UndoWindow != 72*time.Hour || !c.Scheduler.Lease || c.Scheduler.LeaseTTL != time.Minute ||
		c.Approvals.Required || c.Approvals.Expire != 7*24*time.Hour || slices.Contains(c.Approvals.Acts, "reversal.undo") {
		t.Errorf("%+v", c)
	}
}

func TestTheFileGoesOverTheDefaultsAndTheEnvironmentOverBoth(t *testing.T) {
	t.Parallel()
	c, err := load(t, `
server:
  listen: "127.0.0.1:9000"
  read_timeout: 1m
links: {session_ttl: 2h}
log:
`,
		"ASSENT_SERVER_READ_TIMEOUT=2m",
		"ASSENT_DATABASE_URL=postgres://terms:hush@db.example.org/terms",
		"ASSENT_SERVER_TRUSTED_PROXIES=10.0.0.0/8, 192.0.2.7",
		"ASSENT_SCHEDULER_DUTY=1",
		"ASSENT_SCHEDULER_LEASE=false",
		"ASSENT_BREAKER_FLOOR=0",
		"ASSENT_APPROVALS_REQUIRED=true",
		"ASSENT_APPROVALS_ACTS=hold.release,reversal.undo",
		"ASSENT_HOLDS_SPREAD=0s",
		"ASSENT_BOOTSTRAP_KEY=let-me-in",
		"ASSENT_DEMO_CLOCK=2021-01-04T00:00:00Z",
		"HOME=/root", "ASSENT=1",
	)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range []struct{ got, want any }{
		{c.Server.Listen, "127.0.0.1:9000"},
		{c.Server.ReadTimeout, 2 * time.Minute},
		{c.Server.WriteTimeout, 30 * time.Second},
		{c.Server.TrustedProxies, []string{"10.0.0.0/8", "192.0.2.7"}},
		{c.Links, config.Links{SessionTTL: 2 * time.Hour, NoticeTTL: 60 * 24 * time.Hour}},
		{string(c.Database.URL), "postgres://terms:hush@db.example.org/terms"},
		{c.Scheduler.Duty, 1.0},
		{c.Scheduler.Lease, false},
		{c.Breaker, config.Breaker{Share: 0.05, Floor: 0, Factor: 2}},
		{c.Approvals, config.Approvals{Required: true, Acts: []string{"hold.release", "reversal.undo"}, Expire: 7 * 24 * time.Hour}},
		{c.Holds.Spread, time.Duration(0)},
		{string(c.BootstrapKey), "let-me-in"},
	} {
		if !reflect.DeepEqual(one.got, one.want) {
			t.Errorf("got %v, want %v", one.got, one.want)
		}
	}
}

func TestEverythingWrongIsReportedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := load(t, `
server:
  listen: 8080
  listn: ":80"
  trusted_proxies: [0.0.0.0/0, "::/0", nowhere, 128.0.0.0/1, "8000::/1", "::ffff:0.0.0.0/96", 10.0.0.0/8, "fc00::/7"]
  read_timeout: 5 parsecs
  idle_timeout: 0s
  max_header_bytes: 8192.5
database: sqlite:elsewhere.db
scheduler:
  tick: CRON_TZ=UTC
  chunk_hold: 10
  lease: maybe
breaker: {share: 5%, floor: 500.5, factor: 0.5}
approvals: {required: true, acts: [], expire: 0d}
reversals: {undo_window: -1h}
colour: blue
capabilities:
  - {key: Chats, kind: boolean, on_deny: explode, title: {en: Chats, klingon!: x}, colour: red}
profiles:
  - {key: wall, stages: [{key: wall, from: launch, off: [chats.open]}]}
`,
		"ASSENT_SERVR_LISTEN=:80",
		"ASSENT_BOOTSTRAP_KEY=two words",
		"ASSENT_CAPABILITIES=none",
		"ASSENT_LOG_LEVEL=loud",
	)
	var invalid *config.Invalid
	if !errors.As(err, &invalid) {
		t.Fatalf("got %v", err)
	}
	compare(t, "testdata/faults.golden", invalid.Error())
}

// compare holds text against a file that says what it should be.
func compare(t *testing.T, golden, text string) {
	t.Helper()
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if text+"\n" != string(want) {
		t.Errorf("%s says otherwise; got:\n%s", golden, text)
	}
}

func TestEachRuleNamesItsKeyAndIsTheOnlyOneBroken(t *testing.T) {
	t.Parallel()
	for key, values := range map[string][]string{
		"server.listen":              {`""`, `":http"`, `":65536"`, `"localhost"`},
		"server.public_url":          {`"example.org"`, `"ftp://example.org"`, `"https://example.org/terms"`, `"https://"`, `"https://u:p@example.org"`},
		"server.read_header_timeout": {`0s`, `-1s`, `""`, `1.5`, `[]`, `true`},
		"server.shutdown_timeout":    {`0s`},
		"server.max_header_bytes":    {`1`, `9999999`, `"32768"`},
		"database.url":               {`""`, `"sqlite:"`, `"sqlite::memory:"`, `"mysql://h/d"`, `"postgres://h"`, `"postgres:h/d"`, `"postgres://h:x/d"`},
		"secrets.directory":          {`""`},
		"bootstrap_key":              {`"two words"`, `"clé"`, `12345`},
		"scheduler.tick":             {`""`, `"every day"`, `"TZ=Asia/Tokyo * * * * *"`, `"TZ="`, `"0 0 30 2 *"`, `"* * * * * *"`},
		"scheduler.chunk_hold":       {`0s`, `51ms`},
		"scheduler.chunk_rows":       {`0`, `100001`},
		"scheduler.duty":             {`0`, `1.1`, `-0.1`, `.nan`},
		"scheduler.lease":            {`"true"`, `1`},
		"scheduler.lease_ttl":        {`0s`, `60`},
		"breaker.share":              {`0`, `1.01`, `-0.05`, `.nan`, `"5%"`},
		"breaker.floor":              {`-1`, `0.5`, `99999999999999999999`, `"500"`},
		"breaker.factor":             {`0.99`, `0`, `.nan`, `.inf`},
		"approvals.required":         {`yes please`},
		"approvals.acts":             {`plan.activate`, `{}`},
		"approvals.expire":           {`0s`},
		"holds.spread":               {`-1d`, `14`},
		"reversals.undo_window":      {`-1h`, `3 days`},
		"links.session_ttl":          {`0s`},
		"links.notice_ttl":           {`0d`},
		"messaging.mailbox_ttl":      {`0d`},
		"messaging.redis":            {`redis.example.org`},
		"messaging.reply_token_ttl":  {`0d`},
		"erasure.scrub":              {`""`, `nightly`},
		"erasure.keep_names":         {`-1h`, `31d`},
		"ledger.origin":              {`""`, `"a b"`, `"a+b"`},
		"brand.name":                 {`" "`, `{}`},
		"brand.contact":              {`""`},
		"brand.export_url":           {`javascript:alert(1)`, `http://export.example.org`, `//export.example.org`},
		"brand.close_url":            {`close`},
		"brand.return_to":            {`"javascript:"`, `"https:"`, `"https://app.example.org/path"`, `harbor`, `"Harbor:"`},
		"log.level":                  {`loud`},
		"log.format":                 {`xml`},
		"log.colour":                 {`red`, `null`, `{}`},
		"capabilities":               {`[]`, `{}`},
		"profiles":                   {`all`},
	} {
		for _, value := range values {
			t.Run(key+" "+value, func(t *testing.T) {
				t.Parallel()
				_, err := load(t, nest(key, value))
				var invalid *config.Invalid
				if !errors.As(err, &invalid) {
					t.Fatalf("got %v", err)
				}
				for _, f := range invalid.Faults {
					others := key == "capabilities" && strings.HasPrefix(f.Key, "profiles[") // which need them
					if f.Rule == "" || f.Key != key && !others {
						t.Errorf("%+v", f)
					}
				}
				if n := len(invalid.Faults); n != 1 && key != "capabilities" {
					t.Errorf("%d faults:\n%v", n, err)
				}
			})
		}
	}
}

// nest writes a: b: value for a.b.
func nest(key, value string) string {
	var file strings.Builder
	for depth, name := range strings.Split(key, ".") {
		fmt.Fprintf(&file, "\n%s%s: ", strings.Repeat("  ", depth), name)
	}
	return file.String() + value + "\n"
}

func TestAListSetFromOutsideNamesTheItemThatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := load(t, "", "ASSENT_MESSAGING_ALLOWED_ORIGINS=https://chat.example.org,*,")
	if want := `messaging.allowed_origins[1] = "*": `; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v", err)
	}
}

func TestTheLaunchGateIsSetWithinWhatMakesSense(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"launch: {notice_period: -1h}":  "launch.notice_period = ",
		"launch: {weekly: -1}":          "launch.weekly = ",
		"launch: {language_share: 1.5}": "launch.language_share = ",
		"launch: {dry_run_age: 0s}":     "launch.dry_run_age = ",
		"launch: {required: perhaps}":   "launch.required",
	} {
		if _, err := load(t, file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestApprovalsNameActsThatExist(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"approvals: {acts: [plan.activate, plan.active]}": `approvals.acts[1] = "plan.active": must be one of plan.activate, `,
		"approvals: {acts: [hold.release, hold.release]}": `approvals.acts[1] = "hold.release": stands twice`,
		"approvals: {required: true, acts: []}":           "approvals.acts: must name at least one act",
	} {
		if _, err := load(t, file); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", file, err)
		}
	}
	for _, file := range []string{"approvals: {acts: []}", "approvals: {required: true}", "approvals: {required: true, acts: [" + strings.Join(config.Acts(), ", ") + "]}"} {
		if _, err := load(t, file); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestAFileThatCannotBeUsedIsNamed(t *testing.T) {
	t.Parallel()
	if _, err := config.Load(defaults(t), "/nowhere/assent.yaml", nil); err == nil || !strings.HasPrefix(err.Error(), "/nowhere/assent.yaml: ") {
		t.Errorf("a missing file: %v", err)
	}
	for _, text := range []string{"server: [", "- a list", "just text", "log:\n  level: info\nlog:\n  level: warn\n", "log: {}\n---\nlog: {}\n"} {
		_, err := load(t, text)
		if err == nil || !strings.Contains(err.Error(), "assent.yaml: ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := load(t, "# nothing set\n"); err != nil {
		t.Errorf("an empty file: %v", err)
	}
}

func TestSecretsDoNotShow(t *testing.T) {
	t.Parallel()
	const key, password = "k3y-of-all-scopes", "p4ss/w0rd"
	c, err := load(t, "bootstrap_key: "+key+"\n",
		"ASSENT_DATABASE_URL=postgres://terms:"+strings.ReplaceAll(password, "/", "%2F")+"@h/d?password=p4ss")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Info("text", "config", c, "database", c.Database, "key", c.BootstrapKey)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("json", "config", c, "database", c.Database, "key", c.BootstrapKey)
	asJSON, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	shown := fmt.Sprintf("%v %+v %#v %s %s %#v", c, c, c.BootstrapKey, asJSON, out.String(), c.Database)
	for _, bad := range []string{
		`bootstrap_key: "k3y-of-all scopes"`, `bootstrap_key: [k3y-of-all]`, `database: {url: "mysql://u:p4ss@h/d"}`, `database: {url: ["postgres://u:p4ss@h/d"]}`,
	} {
		_, err := load(t, bad)
		if err == nil {
			t.Errorf("%s was taken", bad)
			continue
		}
		shown += err.Error()
	}
	if strings.Contains(shown, "k3y") || strings.Contains(shown, "p4ss") {
		t.Errorf("a secret shows:\n%s", shown)
	}
	if !strings.Contains(shown, "postgres://terms:[redacted]@h/d") {
		t.Errorf("the database does not show:\n%s", shown)
	}
}

func TestPeopleReachTheServerWhereItSaysOrWhereItListens(t *testing.T) {
	t.Parallel()
	for _, one := range []struct{ listen, given, want string }{
		{":9000", "", "http://localhost:9000"},
		{"0.0.0.0:9000", "", "http://localhost:9000"},
		{"[::1]:9000", "", "http://localhost:9000"},
		{"192.0.2.7:9000", "", "http://192.0.2.7:9000"},
		{"terms.internal:80", "", "http://terms.internal:80"},
		{":9000", "https://terms.example.org/", "https://terms.example.org"},
	} {
		c, err := load(t, "", "ASSENT_SERVER_LISTEN="+one.listen, "ASSENT_SERVER_PUBLIC_URL="+one.given)
		if err != nil || c.Server.PublicURL != one.want {
			t.Errorf("%+v: %q, %v", one, c.Server.PublicURL, err)
		}
	}
}

func FuzzLoadNeverPanicsAndSaysWhatIsWrong(f *testing.F) {
	f.Add("", "ASSENT_SERVER_LISTEN=:1")
	f.Add("server: {listen: ':1', trusted_proxies: [10.0.0.0/8]}", "ASSENT_LOG_LEVEL=warn")
	f.Add("scheduler: {tick: 'TZ='}\ndatabase: x", "ASSENT_DATABASE_URL=postgres://a:b@c/d")
	f.Add("capabilities: [{key: a, kind: string, values: [x, 1, ~]}]\nprofiles: [{stages: [{set: {a: [b]}}]}]", "ASSENT_=")
	f.Add("? {a: 1}\n: 2\n1: 3\n&a b: *a", "ASSENT_SERVER_TRUSTED_PROXIES=,,")
	base := defaults(f)
	f.Fuzz(func(t *testing.T, file, variable string) {
		path := filepath.Join(t.TempDir(), "assent.yaml")
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := config.Load(base, path, []string{variable})
		if err == nil {
			if len(c.Catalogue) == 0 || c.Catalogue.Validate() != nil || c.Server.Listen == "" {
				t.Errorf("an unusable configuration was taken: %v", c)
			}
			return
		}
		var invalid *config.Invalid
		if !errors.As(err, &invalid) || len(invalid.Faults) == 0 || strings.Count(err.Error(), "\n") != len(invalid.Faults)-1 {
			t.Errorf("not one line for each fault: %v", err)
		}
	})
}
