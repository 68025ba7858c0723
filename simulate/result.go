package simulate

import "time"

// Result is what came of a simulation.
type Result struct {
	Campaign string    `json:"campaign"`
	People   int       `json:"people"`
	Seed     uint64    `json:"seed"`
	Start    time.Time `json:"start"`  // the announcement
	Stages   []string  `json:"stages"` // keys, in order of the ladder
	Days     []Day     `json:"days"`
	Trips    []Trip    `json:"breaker_trips"`
	Totals   Totals    `json:"totals"`
}

// Day is where people stood at the end of a day, and what happened on it.
type Day struct {
	Day        int     `json:"day"` // 0 is the first
	Date       string  `json:"date"`
	Stages     []int64 `json:"stages"` // people who have not accepted, by stage
	Accepted   int64   `json:"accepted"`
	Declined   int64   `json:"declined"` // of those who have not accepted
	Exempt     int64   `json:"exempt"`
	Restricted int64   `json:"restricted"` // people at a stage that takes something away
	Load
}

// Load is the work of a day, or of all.
type Load struct {
	Runs      int `json:"runs"` // sweeps that had something due
	Examined  int `json:"examined"`
	Moved     int `json:"moved"`
	Notices   int `json:"notices"` // notices and warnings handed out
	Seen      int `json:"seen"`    // notices that people saw
	Responses int `json:"responses"`
	Largest   int `json:"largest_run"` // people examined by the largest run
}

func (l *Load) add(more Load) {
	l.Runs += more.Runs
	l.Examined += more.Examined
	l.Moved += more.Moved
	l.Notices += more.Notices
	l.Seen += more.Seen
	l.Responses += more.Responses
	l.Largest = max(l.Largest, more.Largest)
}

// Trip is a run that the breaker would have stopped until staff had looked.
type Trip struct {
	Day     int       `json:"day"`
	At      time.Time `json:"at"`
	Would   int64     `json:"would_restrict"` // people the run would have newly restricted
	Recent  int64     `json:"recent"`         // people newly restricted within 24 hours before
	Limit   int64     `json:"limit"`
	Approve int64     `json:"approve"` // what a preview of the next 24 hours says staff can expect
	Until   time.Time `json:"until"`
}

// Totals add up a simulation. MostRestricted is the most at the end of a day,
// Unreached those whose next stage waits at the end for a notice to reach them.
type Totals struct {
	Load
	Ticks             int   `json:"ticks"`
	PassedOver        int   `json:"ticks_passed_over"` // because nothing could be due
	Accepted          int64 `json:"accepted"`
	Declined          int64 `json:"declined"`
	Exempt            int64 `json:"exempt"`
	Restricted        int64 `json:"restricted"` // at the end
	MostRestricted    int64 `json:"most_restricted"`
	MostRestrictedDay int   `json:"most_restricted_day"`
	MostNotices       int   `json:"most_notices"` // of one day
	MostNoticesDay    int   `json:"most_notices_day"`
	Unreached         int   `json:"unreached"`
}
