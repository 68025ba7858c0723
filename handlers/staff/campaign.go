package staff

import (
	"net/url"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"assent/templates"
	"assent/terms"
	"assent/tracker"
)

// campaignFrame is what the pages of a campaign share, with its plans, oldest first.
func (s console) campaignFrame(c *gin.Context, tab string) (templates.StaffCampaignFrame, []tracker.PlanRecord, error) {
	frame, err := s.frame(c)
	if err != nil {
		return templates.StaffCampaignFrame{}, nil, err
	}
	key := c.Param("campaign")
	plans, err := s.Tracker.Plans(c.Request.Context(), key)
	f := templates.StaffCampaignFrame{StaffFrame: frame, Key: key, Title: key, Tab: tab}
	if len(plans) > 0 {
		f.Title = plans[len(plans)-1].Title.In("en")
	}
	return f, plans, err
}

// active is the plan in force of a campaign.
func (s console) active(c *gin.Context) (tracker.PlanRecord, error) {
	campaign, err := s.Tracker.Campaign(c.Request.Context(), c.Param("campaign"))
	switch {
	case err != nil:
		return tracker.PlanRecord{}, err
	case campaign.Plan == 0:
		return tracker.PlanRecord{}, terms.Errorf(terms.NotFound, "campaign %q has no active plan yet; activate one first", campaign.Key)
	}
	return s.Tracker.Plan(c.Request.Context(), campaign.Key, campaign.Plan)
}

// under is a path below a campaign.
func under(campaign string, parts ...string) string {
	path := "/staff/campaigns/" + url.PathEscape(campaign)
	for _, part := range parts {
		path += "/" + url.PathEscape(part)
	}
	return path
}

// trail leads back to a campaign, and to one of its pages.
func trail(campaign string, pages ...templates.Link) []templates.Link {
	return append([]templates.Link{{URL: "/staff", Text: "Campaigns"}, {URL: under(campaign), Text: campaign}}, pages...)
}

// regionOptions are everybody, the regions of a plan and each of their countries.
func regionOptions(p terms.Plan, chosen string) []templates.StaffOption {
	out := []templates.StaffOption{option("", "Everybody in the campaign", chosen)}
	known := chosen == ""
	for _, r := range p.Regions {
		out = append(out, option(r.Key, "Region "+r.Key, chosen))
		known = known || r.Key == chosen
	}
	for _, code := range countryCodes() {
		out = append(out, option(code, regionName(code), chosen))
		known = known || code == chosen
	}
	if !known { // say what is wrong with it, not that it was never typed
		out = append(out, option(chosen, chosen, chosen))
	}
	return out
}

// fieldTime is how a browser's own field writes an instant in UTC.
const fieldTime = "2006-01-02T15:04"

// instant reads a time of a form: none for "".
func instant(field, given string) (time.Time, error) {
	if given == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{fieldTime, "2006-01-02T15:04:05", time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, given); err == nil {
			return at.UTC(), nil
		}
	}
	return time.Time{}, terms.Faults{{Path: field, Detail: strconv.Quote(given) + " is not a date with a time, such as 2021-05-15T09:00"}}
}

// when writes an instant inside a sentence.
func when(at time.Time) string { return at.UTC().Format("2 January 2006, 15:04 UTC") }

// people counts people in words.
func people(n int64) string {
	if n == 1 {
		return "1 person"
	}
	return count64(n) + " people"
}
