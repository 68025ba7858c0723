package e2e_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
)

// route is an operation as docs/openapi.yaml describes it, which another test
// holds to the router.
type route struct {
	method, path string
	rule         string   // open, key, session, staff or person; "": none is declared
	scopes       []string // of which a key needs one
	noted        bool     // that it was read is an act in the log
}

func described(t *testing.T) []route {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("../docs/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var list []route
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			r := route{method: method, path: path, noted: op.Extensions["x-noted"] == true}
			if given, ok := op.Extensions["x-scopes"].([]any); ok {
				r.rule = "key"
				for _, scope := range given {
					r.scopes = append(r.scopes, scope.(string))
				}
			}
			switch need := op.Security; {
			case need == nil:
			case len(*need) == 0 || slices.ContainsFunc(*need, func(any openapi3.SecurityRequirement) bool { return len(any) == 0 }):
				r.rule = "open" // to everybody, or also to whoever brings nothing
			default:
				for scheme := range (*need)[0] {
					r.rule = scheme
				}
			}
			list = append(list, r)
		}
	}
	return list
}

var place = regexp.MustCompile(`\{(\w+)\}`)

// at is an address of the route with things that exist, where there are such.
func (r route) at(things map[string]string) string {
	return place.ReplaceAllStringFunc(r.path, func(name string) string {
		if thing, ok := things[name[1:len(name)-1]]; ok {
			return thing
		}
		return "none"
	})
}

// visitor is somebody with what lets them in.
type visitor struct {
	name    string
	headers []string
	rule    string
	scope   string
}

// everybody is one visitor of each kind, besides somebody who has nothing.
func (s *site) everybody() []visitor {
	s.Helper()
	opened := s.send("GET", strings.TrimPrefix(s.link("eve"), s.url), "", "Accept", "text/html", "Authorization", "").is(303)
	session, _, _ := strings.Cut(opened.header.Get("Set-Cookie"), ";")
	staff, _, _ := strings.Cut(s.send("POST", "/demo/staff", "", "Authorization", "").header.Get("Set-Cookie"), ";")
	if session == "" || staff == "" {
		s.Fatalf("cookies: %q, %q", session, staff)
	}
	list := []visitor{
		{"nobody", []string{"Authorization", ""}, "open", ""}, {"a wrong key", []string{"Authorization", "Bearer nonsense"}, "open", ""},
		{"another person", []string{"Authorization", "", "Cookie", session}, "session", ""},
		{"staff", []string{"Authorization", "", "Cookie", staff}, "staff", ""},
		{"a messaging token", []string{"Authorization", "Bearer " + s.token("eve")}, "person", ""},
	}
	for _, scope := range []string{"flags:read", "decisions:read", "people:write", "people:erase", "responses:write", "campaigns:write", "evidence:read"} {
		secret := regexp.MustCompile(`assent_\w+`).FindString(s.runs("key", "create", strings.ReplaceAll(scope, ":", "-"), "--scope", scope))
		if secret == "" {
			s.Fatalf("no key for %s", scope)
		}
		list = append(list, visitor{"a key for " + scope, []string{"Authorization", "Bearer " + secret}, "key", scope})
	}
	return list
}

// TestEveryRouteHasARuleAndKeepsIt walks the routes with everybody who has no
// business there.
func TestEveryRouteHasARuleAndKeepsIt(t *testing.T) {
	t.Parallel()
	s := asked(t)
	s.person("eve", "BR", "en")
	everybody := s.everybody()
	things := map[string]string{"campaign": campaign, "person": "bia", "plan": "1", "document": "terms-of-service", "version": version, "key": "messages.send"}
	before := s.standing("bia").body
	for _, r := range described(t) {
		if r.rule == "" {
			t.Errorf("%s %s says nowhere who may use it", r.method, r.path)
		}
		if r.rule == "open" {
			continue
		}
		body, kind := "{}", []string{"Content-Type", "application/json"}
		if r.rule == "session" || r.rule == "staff" { // pages send forms
			body, kind = "reason=x", []string{"Content-Type", "application/x-www-form-urlencoded"}
		}
		for _, v := range everybody {
			if v.rule == r.rule && (v.rule != "key" || slices.Contains(r.scopes, v.scope)) {
				continue
			}
			got := s.send(r.method, r.at(things), body, append(kind, v.headers...)...)
			led := got.status == http.StatusSeeOther && strings.Contains(got.header.Get("Location"), "/signin")
			if !led && got.status != http.StatusUnauthorized && got.status != http.StatusForbidden {
				t.Errorf("%s %s by %s: %d %s", r.method, r.path, v.name, got.status, got.body)
			}
		}
	}
	if after := s.standing("bia").body; after != before {
		t.Errorf("bia stood so:\n%s\nand stands so:\n%s", before, after)
	}
	s.nothingHappened()
}

// technical are tables that hold no fact about choices, positions or notices:
// what was opened, what was shown, and what the scheduler has done meanwhile.
var technical = []string{"spent", "snapshots", "runs", "leases", "pause", "api_keys", "schema_migrations"}

// facts is a digest of every table that is not technical.
func facts(t *testing.T, path string) map[string]string {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+path+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	names := values(t, db, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
	digests := map[string]string{}
	for _, name := range names {
		if !slices.Contains(technical, name) {
			rows := values(t, db, "SELECT json_array("+strings.Join(values(t, db, "SELECT 'hex(\"'||name||'\")' FROM pragma_table_info('"+name+"')"), ",")+") FROM \""+name+"\"")
			slices.Sort(rows)
			digests[name] = fmt.Sprintf("%d rows, %x", len(rows), sha256.Sum256([]byte(strings.Join(rows, "\n"))))
		}
	}
	return digests
}

func values(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var list []string
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			t.Fatal(err)
		}
		list = append(list, one)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

// TestLookingChangesNothing asks every route there is with each method that is
// for looking, as everybody, also in the guise of another method. Reading out
// what is held on a person changes nothing but the audit log, which it should.
func TestLookingChangesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := dir + "/assent.db"
	s := newSite(t, "ASSENT_DEMO_CLOCK=2021-01-05T00:00:00Z", "ASSENT_DATABASE_URL=sqlite:"+path, "ASSENT_SECRETS_DIRECTORY="+dir+"/secrets").start("demo", "--empty").campaign()
	s.person("bia", "BR", "pt-BR")
	s.person("eve", "BR", "en")
	s.clock("2021-01-07T00:00:00Z")
	everybody := slices.DeleteFunc(s.everybody(), func(v visitor) bool { return v.rule == "key" || v.rule == "open" && v.name != "nobody" })
	everybody = append(everybody, visitor{"a key for everything", []string{"Authorization", "Bearer " + key}, "key", ""})
	things := map[string]string{"campaign": campaign, "person": "eve", "plan": "1", "document": "terms-of-service", "version": version, "key": "messages.send"}
	link, err := url.Parse(s.link("eve"))
	if err != nil {
		t.Fatal(err)
	}
	things["token"] = strings.TrimPrefix(link.Path, "/l/")
	before := facts(t, path)
	asked := map[string]bool{}
	for _, r := range described(t) {
		if at := r.at(things); !asked[at] && !r.noted {
			asked[at] = true
			s.look(at, everybody)
		}
	}
	after := facts(t, path)
	for table, rows := range after {
		if before[table] != rows {
			t.Errorf("%s had %s and has %s", table, before[table], rows)
		}
	}
	if n := s.choices(); n != 0 {
		t.Errorf("the log holds %d choices", n)
	}
}

// look asks for an address in every way that is for looking.
func (s *site) look(at string, everybody []visitor) {
	s.Helper()
	for _, v := range everybody {
		for _, method := range []string{"GET", "HEAD", "OPTIONS"} {
			for _, guise := range [][]string{nil, {"X-HTTP-Method-Override", "POST"}, {"Sec-Purpose", "prefetch"}} {
				s.glance(method, at+"?action=accepted&_method=POST", append(guise, v.headers...))
			}
		}
	}
}

// glance asks and does not wait for what goes on for ever.
func (s *site) glance(method, at string, headers []string) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, s.url+at, nil)
	if err != nil {
		s.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i+1] != "" {
			request.Header.Set(headers[i], headers[i+1])
		}
	}
	client := http.Client{Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	began := time.Now()
	answer, err := client.Do(request)
	if err != nil {
		s.Errorf("%s %s: %v after %s", method, at, err, time.Since(began))
		return
	}
	if err := answer.Body.Close(); err != nil {
		s.Error(err)
	}
	if answer.StatusCode >= http.StatusInternalServerError {
		s.Errorf("%s %s: %d", method, at, answer.StatusCode)
	}
}
