package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// client follows no redirects: where they lead is part of the answer.
var client = &http.Client{
	Timeout:       patience,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// answer is what came back.
type answer struct {
	testing.TB
	status int
	header http.Header
	body   string
}

// send sends a request with the bootstrap key and, if there is a body, as JSON,
// unless headers, given as name and value, say otherwise.
func (s *site) send(method, path, body string, headers ...string) answer {
	s.Helper()
	a, err := s.try(method, path, body, headers...)
	if err != nil {
		s.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}

// try is send for a server that may go away.
func (s *site) try(method, path, body string, headers ...string) (answer, error) {
	r, err := http.NewRequestWithContext(s.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Authorization", "Bearer "+key)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		if r.Header.Set(headers[i], headers[i+1]); headers[i+1] == "" {
			r.Header.Del(headers[i])
		}
	}
	response, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	data, err := io.ReadAll(response.Body)
	if closing := response.Body.Close(); err == nil {
		err = closing
	}
	return answer{s.TB, response.StatusCode, response.Header, string(data)}, err
}

// is checks the status.
func (a answer) is(status int) answer {
	a.Helper()
	if a.status != status {
		a.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	return a
}

// at is the member at a path such as "errors/0/path", nil where there is none.
func (a answer) at(path string) any {
	a.Helper()
	var value any
	if err := json.Unmarshal([]byte(a.body), &value); err != nil {
		a.Fatalf("%v in %s", err, a.body)
	}
	return at(value, path)
}

// at is the member of decoded JSON at a path.
func at(value any, path string) any {
	for step := range strings.SplitSeq(path, "/") {
		switch v := value.(type) {
		case map[string]any:
			value = v[step]
		case []any:
			n, err := strconv.Atoi(step)
			if err != nil || n >= len(v) {
				return nil
			}
			value = v[n]
		default:
			return nil
		}
	}
	return value
}

// text is the member at a path, which is a string.
func (a answer) text(path string) string {
	a.Helper()
	text, ok := a.at(path).(string)
	if !ok {
		a.Fatalf("%s is no string in %s", path, a.body)
	}
	return text
}

// says checks members of the answer, given as path and value.
func (a answer) says(pairs ...any) answer {
	a.Helper()
	for i := 0; i < len(pairs); i += 2 {
		path, _ := pairs[i].(string)
		if got := a.at(path); fmt.Sprint(got) != fmt.Sprint(pairs[i+1]) {
			a.Fatalf("%s is %v, want %v, in %s", path, got, pairs[i+1], a.body)
		}
	}
	return a
}

// problem checks that the answer is a problem document (RFC 9457) with a
// status, whose text names something.
func (a answer) problem(status int, named string) answer {
	a.Helper()
	a.is(status)
	if kind := a.header.Get("Content-Type"); kind != "application/problem+json" {
		a.Errorf("a problem of type %q: %s", kind, a.body)
	}
	a.says("status", status)
	if text := fmt.Sprint(a.at("detail"), a.at("errors")); !strings.Contains(text, named) {
		a.Errorf("the problem does not name %q: %s", named, a.body)
	}
	return a
}

// object writes a JSON object from names and values.
func object(pairs ...any) string {
	doc := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		name, _ := pairs[i].(string)
		doc[name] = pairs[i+1]
	}
	data, err := json.Marshal(doc)
	if err != nil {
		return err.Error() // which no server takes
	}
	return string(data)
}
