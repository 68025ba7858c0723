package templates

import "time"

// demoPages are the pages that only a demonstration shows.
func demoPages() []page {
	return []page{{"demo/home", DemoHome{}}}
}

// DemoHome is the front door of a demonstration: who to be, and what time it is.
type DemoHome struct {
	Brand    string
	Now      time.Time // of the demonstration's clock
	Campaign string    // key of the campaign, for the example request
	Key      string    // an API key of the demonstration
	URL      string    // the server's public address
	People   []DemoPerson
}

// DemoPerson is somebody a visitor can be.
type DemoPerson struct {
	ID, Name, Place, About string
}

// Moment writes an instant to the minute, in UTC.
func (h DemoHome) Moment(at time.Time) string {
	return at.UTC().Format("Monday 2 January 2006, 15:04 UTC")
}
