package cli_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"assent/cli"
)

// serve runs a server on a free port until the test ends, and returns its URL.
func (m machine) serve() string {
	m.t.Helper()
	base, err := os.ReadFile("../config.yaml")
	if err != nil {
		m.t.Fatal(err)
	}
	environ := []string{
		"ASSENT_DATABASE_URL=sqlite:" + filepath.Join(m.dir, "assent.db"),
		"ASSENT_SECRETS_DIRECTORY=" + filepath.Join(m.dir, "secrets"),
		"ASSENT_SERVER_LISTEN=127.0.0.1:0",
	}
	ctx, stop := context.WithCancel(m.t.Context())
	log, errs := io.Pipe()
	code := make(chan int, 1)
	go func() {
		code <- cli.Run(ctx, base, []string{"serve"}, environ, io.Discard, errs)
		errs.Close()
	}()
	m.t.Cleanup(func() {
		stop()
		if got := <-code; got != 0 {
			m.t.Errorf("the server ended with exit code %d", got)
		}
	})
	listening := regexp.MustCompile(`msg=serving address=(\S+)`)
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		if found := listening.FindStringSubmatch(lines.Text()); found != nil {
			go io.Copy(io.Discard, log)
			return "http://" + found[1]
		}
	}
	m.t.Fatal("the server did not start")
	return ""
}

func TestPrometheusIsToldOfTheJobs(t *testing.T) {
	t.Parallel()
	url := newMachine(t).serve() + "/metrics"
	read := func() string {
		answer, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	const first = `assent_job_runs_total{job="sweep",result="done"} 1`
	body := read()
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(body, first); body = read() {
		if time.Now().After(deadline) {
			t.Fatalf("no run of the sweep ended well:\n%s", body)
		}
		time.Sleep(50 * time.Millisecond)
	}
	for _, line := range []string{
		`assent_job_runs_total{job="sweep",result="failed"} 0`, `assent_job_runs_total{job="sweep",result="panicked"} 0`,
		`assent_job_runs_total{job="sweep",result="skipped"} 0`, `assent_job_runs_total{job="sweep",result="jumped"} 0`,
		`assent_job_late_seconds{job="sweep"} `, `assent_job_running{job="sweep"} 0`, `assent_job_overdue{job="sweep"} 0`,
		`assent_job_last_success_timestamp_seconds{job="sweep"} 1.`,
	} {
		if !strings.Contains(body, line) {
			t.Errorf("does not say %s:\n%s", line, body)
		}
	}
}
