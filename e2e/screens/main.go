// Command screens takes the pictures of the documentation: it builds the
// program, starts a demonstration, does what a newcomer does and writes what
// the pages look like to docs/images. It is run by hand, from the top of the
// project, whenever a page has changed: go run ./e2e/screens
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/chromedp/chromedp"
)

func main() {
	to := flag.String("to", filepath.Join("docs", "images"), "directory of the pictures")
	people := flag.String("people", "20000", "how many people the sample company has")
	flag.Parse()
	if err := run(*to, *people); err != nil {
		fmt.Fprintln(os.Stderr, "screens:", err)
		os.Exit(1)
	}
}

func run(to, people string) error {
	dir, err := os.MkdirTemp("", "assent-screens-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // the system clears what is left of a temporary directory
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute)
	defer cancel()
	demo, stop, err := start(ctx, dir, people)
	if err != nil {
		return err
	}
	defer stop()
	browser, closeBrowser, err := open(ctx, dir)
	if err != nil {
		return err
	}
	defer closeBrowser()
	return studio{browser, demo, to}.all()
}

// client waits for the longest move of the clock.
func client() *http.Client { return &http.Client{Timeout: 10 * time.Minute} }

// start builds and starts a demonstration, and returns when it is ready: its
// address, and what stops it.
func start(ctx context.Context, dir, people string) (string, func(), error) {
	program := filepath.Join(dir, "assent")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "assent") //nolint:gosec // into a directory of ours
	if output, err := build.CombinedOutput(); err != nil {
		return "", nil, fmt.Errorf("build the program: %w\n%s", err, output)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		return "", nil, err
	}
	server := exec.CommandContext(ctx, program, "demo", "--people", people) //nolint:gosec // what we have just built
	server.Dir = dir
	server.Env = append(os.Environ(), "TMPDIR="+dir, "ASSENT_SERVER_LISTEN="+address, "ASSENT_SERVER_PUBLIC_URL=http://"+address)
	server.Stderr = os.Stderr
	if err := server.Start(); err != nil {
		return "", nil, err
	}
	stop := func() { _ = server.Process.Signal(os.Interrupt); _ = server.Wait() } // everything it keeps is thrown away
	return "http://" + address, stop, await(ctx, "http://"+address+"/readyz")
}

func await(ctx context.Context, url string) error {
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		answer, err := client().Do(request)
		if err == nil && answer.Body.Close() == nil && answer.StatusCode == http.StatusOK {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", url, errors.Join(ctx.Err(), err))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// open starts a browser in which pages look the same on every machine with the
// same fonts.
func open(ctx context.Context, dir string) (context.Context, func(), error) {
	allocator, stop := chromedp.NewExecAllocator(ctx, chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.NoDefaultBrowserCheck, chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("force-color-profile", "srgb"), chromedp.Flag("font-render-hinting", "none"),
		chromedp.UserDataDir(filepath.Join(dir, "browser")), chromedp.WSURLReadTimeout(time.Minute))
	browser, closeTab := chromedp.NewContext(allocator)
	return browser, func() { closeTab(); stop() }, chromedp.Run(browser)
}

// post sends JSON to the demonstration.
func post(ctx context.Context, url, body string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := client().Do(request)
	if err != nil {
		return err
	}
	var said bytes.Buffer
	_, err = said.ReadFrom(answer.Body)
	err = errors.Join(err, answer.Body.Close())
	if answer.StatusCode != http.StatusOK {
		err = errors.Join(err, fmt.Errorf("POST %s: %s: %s", url, answer.Status, &said))
	}
	return err
}
