package clients_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"assent/handlers/clients"
	"assent/tracker"
)

// newKey makes a key with scopes and returns its id and secret.
func (w *world) newKey(scopes ...string) (string, string) {
	w.Helper()
	made := w.send("POST", "/api/v1/keys", object("name", "test", "scopes", scopes)).is(201)
	return made.at("id").(string), made.at("secret").(string)
}

// holdsKey checks that a key is in the list, in force and without its secret.
func (a answer) holdsKey(id string) {
	a.Helper()
	for _, one := range a.at("keys").([]any) {
		if key := one.(map[string]any); key["id"] == id && key["revoked_at"] == nil && key["secret"] == nil {
			return
		}
	}
	a.Fatalf("no %s in %s", id, a.Body)
}

func TestAKeyIsRotatedWithAnOverlap(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, first := w.newKey("decisions:read")
	standing := func(secret string, status int) {
		t.Helper()
		w.send("GET", "/api/v1/changes", "", "Authorization", "Bearer "+secret).is(status)
	}
	standing(first, 200)
	until := w.Now().Add(2 * day)
	rotated := w.send("POST", "/api/v1/keys/"+id+"/rotate", object("previous_until", until)).is(200).says("id", id, "previous_until", until.Format(time.RFC3339))
	second := rotated.at("secret").(string)
	standing(first, 200)
	standing(second, 200)
	w.now.Store(until.UnixMicro())
	w.ahead.Store(int64(time.Minute)) // past what is remembered of keys
	standing(first, 401)
	standing(second, 200)

	// One that leaked goes at once.
	third := w.send("POST", "/api/v1/keys/"+id+"/rotate", "{}").is(200).at("secret").(string)
	w.ahead.Store(int64(2 * time.Minute))
	standing(second, 401)
	standing(third, 200)
	w.send("GET", "/api/v1/keys", "").is(200).holdsKey(id)
	w.send("DELETE", "/api/v1/keys/"+id, "").is(204)
	w.send("DELETE", "/api/v1/keys/"+id, "").is(409)
	w.ahead.Store(int64(3 * time.Minute))
	standing(third, 401)
	w.send("POST", "/api/v1/keys/"+id+"/rotate", "{}").is(409)
	w.send("POST", "/api/v1/keys/nobody/rotate", "{}").is(404).mentions("nobody")
	w.send("POST", "/api/v1/keys/nobody/rotate", object("previous_until", w.Now().Add(100*day))).is(422).says("errors.0.path", "previous_until")
	w.send("POST", "/api/v1/keys", object("name", "x", "scopes", []string{"everything"})).is(422).says("errors.0.path", "scopes[0]")
}

func TestAPublicKeyReadsOnlyThePersonItsTokenIsFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.person("u1", "BR")
	_, public := w.newKey("flags:own")
	made := w.send("POST", "/api/v1/people/u1/flags-token", "").is(201)
	token := made.at("token").(string)
	ask := func(person, key, bearer string) answer {
		return w.send("POST", bulk, object("context", map[string]string{"targetingKey": person}), "X-API-Key", key, "Authorization", bearer)
	}
	ask("u1", public, "Bearer "+token).is(200)
	w.send("POST", bulk+"/messages.send", `{"context":{"targetingKey":"u1"}}`, "X-API-Key", public, "Authorization", "Bearer "+token).is(200)
	ask("u2", public, "Bearer "+token).is(403).says("errorCode", "GENERAL")
	ask("u1", public, "").is(403)
	ask("u1", "", "Bearer "+public).is(403)
	ask("u1", public, "Bearer "+bootstrap).is(401)
	ask("u1", "", "Bearer "+token).is(401)
	ask("u1", "wrong", "Bearer "+token).is(401)
	ask("u2", bootstrap, "Bearer "+token).is(200) // a key for anybody needs no token
	messaging := w.send("POST", "/api/v1/people/u1/messaging-token", "").is(201).at("token").(string)
	ask("u1", public, "Bearer "+messaging).is(401)
	for _, target := range []string{"/api/v1/people/u1/standing", "/api/v1/changes"} {
		w.send("GET", target, "", "X-API-Key", public, "Authorization", "").is(403)
	}
	w.ahead.Store(int64(2 * day))
	ask("u1", public, "Bearer "+token).is(401)
	w.send("POST", "/api/v1/people/nobody/flags-token", "").is(404)
}

func TestWhoeverAsksTooOftenIsToldWhenToComeBack(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, "sqlite:"+t.TempDir()+"/assent.db", func(*tracker.Deps) {}, clients.Limits{Flags: 1, Responses: 1000, Other: 10, Person: 2})
	w.campaign()
	w.person("u1", "BR")
	var key string
	_, key = w.newKey("flags:read", "people:write", "responses:write")
	refused := func(method, target, body string, headers ...string) (after int) {
		t.Helper()
		for range 100 {
			if got := w.send(method, target, body, append([]string{"Authorization", "Bearer " + key}, headers...)...); got.Code == http.StatusTooManyRequests {
				seconds, err := strconv.Atoi(got.Header().Get("Retry-After"))
				if err != nil || seconds < 1 {
					t.Fatalf("Retry-After: %q", got.Header().Get("Retry-After"))
				}
				return after
			}
			after++
		}
		t.Fatalf("%s %s is never refused", method, target)
		return 0
	}
	flags := `{"context":{"targetingKey":"u1"}}`
	if n := refused("POST", bulk, flags); n != 10 {
		t.Errorf("%d flags in a burst, want 10", n)
	}
	w.send("POST", bulk+"/messages.send", flags, "Authorization", "Bearer "+key).is(429).says("errorCode", "GENERAL", "key", "messages.send")
	if n := refused("GET", "/api/v1/people/u1", ""); n < 20 {
		t.Errorf("%d people in a burst, want 20", n)
	}
	// What others have used up keeps nobody from accepting, nor does one key another.
	body := object("campaign", "new-terms-2021", "action", "accepted", "documents", documents(), "presented_at", "2021-01-07T00:00:00Z")
	w.send("POST", "/api/v1/people/u1/responses", body, "Authorization", "Bearer "+key, "Idempotency-Key", "k").is(201)
	w.send("POST", bulk, flags).is(200)
	w.ahead.Add(int64(3 * time.Second))
	w.send("POST", bulk, flags, "Authorization", "Bearer "+key).is(200)

	_, public := w.newKey("flags:own")
	for i := range 2 {
		person := fmt.Sprint("p", i)
		w.person(person, "BR")
		token := w.send("POST", "/api/v1/people/"+person+"/flags-token", "").is(201).at("token").(string)
		key = token
		if n := refused("POST", bulk, strings.ReplaceAll(flags, "u1", person), "X-API-Key", public); n != 10 {
			t.Errorf("%s could ask %d times in a burst, want 10", person, n)
		}
	}
}
