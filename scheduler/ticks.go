package scheduler

import "time"

// Ticks returns the instant of the next tick after another, for whoever wants
// to know when a job would run without running one. The error says what is
// wrong with the specification.
func Ticks(spec string) (func(after time.Time) time.Time, error) {
	schedule, err := parse(spec)
	if err != nil {
		return nil, err
	}
	return func(after time.Time) time.Time { return schedule.Next(after.UTC()) }, nil
}
