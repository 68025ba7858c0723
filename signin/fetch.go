package signin

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"
)

const (
	fetchTimeout = 5 * time.Second
	maxAnswer    = 1 << 20 // bytes of any answer of an issuer
)

// newClient asks issuers: not for long, not for much, and only where it was told
// to, so that no answer leads it elsewhere.
func newClient() *http.Client {
	return &http.Client{
		Timeout:       fetchTimeout,
		Transport:     capped{http.DefaultTransport},
		CheckRedirect: func(*http.Request, []*http.Request) error { return errors.New("the issuer answers with a redirect") },
	}
}

// capped cuts answers short.
type capped struct{ next http.RoundTripper }

// RoundTrip asks, and answers with a body of at most maxAnswer bytes.
func (c capped) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := c.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	answer.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(answer.Body, maxAnswer), answer.Body}
	return answer, nil
}

// fetch reads one JSON document of an issuer.
func fetch(ctx context.Context, client *http.Client, url string, dst any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return unavailable("ask %s: %w", url, err)
	}
	request.Header.Set("Accept", "application/json")
	answer, err := client.Do(request)
	if err != nil {
		return unavailable("ask %s: %w", url, err)
	}
	defer func() { _ = answer.Body.Close() }() // it was read, or is of no use
	if answer.StatusCode != http.StatusOK {
		return unavailable("ask %s: it answers %s", url, answer.Status)
	}
	if err := json.NewDecoder(answer.Body).Decode(dst); err != nil {
		return unavailable("read the answer of %s: %w", url, err)
	}
	return nil
}
