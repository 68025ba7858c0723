package tracker

import (
	"context"
	"errors"
	"time"
)

// LeaseTerms let one process sweep at a time, so that several on one database
// do not do the same work twice. Safety does not rest on it: rows move by
// compare-and-set.
type LeaseTerms struct {
	Holder string // of this process
	TTL    time.Duration
	Now    func() time.Time // the real clock, which all processes share
}

// sweepLease is the name of the lease.
const sweepLease = "sweep"

// ErrLeaseLost is why a run stops whose lease another process has taken over:
// what it had not written by then, it does not write any more.
var ErrLeaseLost = errors.New("another process has taken over the sweep")

// ErrLeased is why a run does not start: another process sweeps.
var ErrLeased = errors.New("another process sweeps")

// hold takes the lease or makes it last, and stops the run where it is lost.
func (s *sweeping) hold(ctx context.Context, tx Tx) error {
	if s.Lease == nil {
		return nil
	}
	now := s.Lease.Now().UTC()
	lease, held, err := tx.TakeLease(ctx, sweepLease, s.Lease.Holder, now, now.Add(s.Lease.TTL))
	switch {
	case err != nil:
		return err
	case !held && s.lease.Fence == 0:
		return ErrLeased
	case !held || s.lease.Fence != 0 && lease.Fence != s.lease.Fence:
		return ErrLeaseLost
	}
	s.lease = lease
	return nil
}
