package gate

import "context"

// turnstile lets one in at a time, as a mutex does, but whoever waits can go
// away: somebody inside may be waiting for a database that does not answer.
type turnstile chan struct{}

// enter waits until nobody is inside, or returns the error of the context.
func (t turnstile) enter(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// wait waits for as long as it takes: whoever is inside comes out.
func (t turnstile) wait() { t <- struct{}{} }

func (t turnstile) leave() { <-t }
