package web_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"assent/handlers/web"
)

type sample struct {
	Name  string    `json:"name"`
	At    time.Time `json:"at"`
	Count int       `json:"count"`
	List  []struct {
		Hash string `json:"sha256"`
	} `json:"list"`
	Any map[string]any `json:"any"`
}

func TestABodyIsReadStrictly(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{})
	s.POST("/", web.Handle(func(c *gin.Context) error {
		var in sample
		if err := web.ReadJSON(c, &in); err != nil {
			return err
		}
		c.String(200, "%s %d", in.Name, in.Count)
		return nil
	}))
	for name, tc := range map[string]struct {
		body, kind string
		status     int
		path       string
	}{
		"good":               {`{"name":"a","at":"2021-01-06T00:00:00Z","count":3}`, "application/json; charset=UTF-8", 200, ""},
		"unknown name":       {`{"name":"a","list":[{"sha256":"x"},{"sha":"y"}]}`, "application/json", 400, "list[1].sha"},
		"name in other case": {`{"Name":"a"}`, "application/json", 400, "Name"},
		"duplicate name":     {`{"list":[{"sha256":"x","sha256":"y"}]}`, "application/json", 400, "list[0].sha256"},
		"escaped duplicate":  {`{"name":"x","n\u0061me":"y"}`, "application/json", 400, "name"},
		"wrong type":         {`{"list":[{"sha256":7}]}`, "application/json", 400, "list[0].sha256"},
		"wrong number":       {`{"count":1.5}`, "application/json", 400, "count"},
		"wrong instant":      {`{"at":"yesterday"}`, "application/json", 400, "at"},
		"NaN":                {`{"count":NaN}`, "application/json", 400, "count"},
		"trailing data":      {`{"name":"a"}{"name":"b"}`, "application/json", 400, ""},
		"trailing bracket":   {`{"name":"a"}}`, "application/json", 400, ""},
		"cut off":            {`{"name":"a`, "application/json", 400, "name"},
		"empty":              {``, "application/json", 400, ""},
		"blank":              {`  `, "application/json", 400, ""},
		"a list":             {`[]`, "application/json", 400, ""},
		"invalid UTF-8":      {"{\"name\":\"\xff\"}", "application/json", 400, "name"},
		"ten thousand deep":  {`{"any":` + strings.Repeat(`{"a":`, 5000) + `1` + strings.Repeat(`}`, 5001), "application/json", 400, "any"},
		"byte order mark":    {"\ufeff{}", "application/json", 400, ""},
		"64 KiB":             {`{"name":"` + strings.Repeat("a", 64<<10-11) + `"}`, "application/json", 200, ""},
		"64 KiB and a byte":  {`{"name":"` + strings.Repeat("a", 64<<10-10) + `"}`, "application/json", 413, ""},
		"20 MiB":             {strings.Repeat(" ", 20<<20), "application/json", 413, ""},
		"text/plain":         {`{}`, "text/plain", 415, ""},
		"no media type":      {`{}`, "", 415, ""},
		"form":               {`name=a`, "application/x-www-form-urlencoded", 415, ""},
		"another charset":    {`{}`, "application/json; charset=utf-16", 415, ""},
		"problem":            {`{}`, "application/problem+json", 415, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest("POST", "/", strings.NewReader(tc.body))
			if tc.kind != "" {
				r.Header.Set("Content-Type", tc.kind)
			}
			w := s.send(r)
			if w.Code != tc.status {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			if tc.status != 400 {
				return
			}
			errs := document(t, w)["errors"].([]any)
			if got := fmt.Sprint(errs[0].(map[string]any)["path"]); got != tc.path && (tc.path != "any" || !strings.HasPrefix(got, "any.a")) {
				t.Fatalf("path %q, want %q: %s", got, tc.path, w.Body)
			}
		})
	}
}

func TestACompressedBodyIsRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{})
	s.POST("/", web.Handle(func(c *gin.Context) error { return web.ReadJSON(c, &sample{}) }))
	r := httptest.NewRequest("POST", "/", strings.NewReader("\x1f\x8b"))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Content-Encoding", "gzip")
	if w := s.send(r); w.Code != 415 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
}
