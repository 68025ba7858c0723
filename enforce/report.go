package enforce

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// reportEvery is how often a client says how far it has come. Assent takes one
// that has not for 30 seconds for silent.
const reportEvery = 5 * time.Second

type report struct {
	Kind      string           `json:"kind"`
	Revision  uint64           `json:"revision"`
	OnSilence string           `json:"on_silence"`
	Counts    map[string]int64 `json:"counts"`
}

// reporting reports until the context ends.
func (c *Client) reporting(ctx context.Context) {
	ticker := time.NewTicker(reportEvery)
	defer ticker.Stop()
	for {
		if c.Status().Ready {
			c.report(ctx)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// report says how far the client has come. What fails is said again; that Assent
// cannot be reached is in Status.
func (c *Client) report(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, reportEvery)
	defer cancel()
	said := report{Kind: "go", Revision: c.Status().Revision, OnSilence: "hold",
		Counts: map[string]int64{"refused": c.refused.Load(), "silences": c.silences.Load()}}
	if c.options.AllowAfter > 0 {
		said.OnSilence = "allow"
	}
	body, err := json.Marshal(said)
	if err != nil { // it is made of texts and numbers
		return
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPut, c.options.URL+"/api/v1/enforcement/points/"+url.PathEscape(c.options.Point), bytes.NewReader(body))
	if err != nil {
		return
	}
	r.Header.Set("Authorization", "Bearer "+c.options.Key)
	r.Header.Set("Content-Type", "application/json")
	if answer, err := c.options.Client.Do(r); err == nil {
		_ = answer.Body.Close()
	}
}
