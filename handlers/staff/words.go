package staff

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"assent/templates"
	"assent/templates/chart"
	"assent/terms"
)

// humane writes a key as words: "suspended_delivery" becomes "Suspended delivery".
func humane(key string) string {
	return capital(strings.NewReplacer("_", " ", "-", " ", ".", " ").Replace(key))
}

// capital begins words with a capital letter.
func capital(words string) string {
	if words == "" {
		return ""
	}
	return strings.ToUpper(words[:1]) + words[1:]
}

// stageName is the name of a stage by its place in a ladder.
func stageName(p terms.Plan, stage int) string {
	if stage < 0 || stage >= len(p.Stages) {
		return "Stage " + strconv.Itoa(stage)
	}
	return humane(p.Stages[stage].Key)
}

// regionName is the English name of a country, or the key of a plan's region as it is.
func regionName(key string) string {
	if region, err := language.ParseRegion(key); err == nil && region.IsCountry() {
		if name := display.English.Regions().Name(region); name != "" {
			return name
		}
	}
	return key
}

// countryCodes are the countries a hold or a reversal can name, by their English names.
func countryCodes() []string {
	var codes []string
	for _, region := range display.Supported.Regions() {
		if code := region.String(); region.IsCountry() && len(code) == 2 && regionName(code) != code {
			codes = append(codes, code)
		}
	}
	slices.SortFunc(codes, func(a, b string) int { return strings.Compare(regionName(a), regionName(b)) })
	return codes
}

// count64 writes a number of people with separators.
func count64(n int64) string { return chart.Count(int(n)) }

// capabilityNames are the titles the catalogue gives to capabilities.
func capabilityNames(catalogue terms.Catalogue, keys []string) []string {
	out := make([]string, len(keys))
	for i, key := range keys {
		out[i] = key
		if c, ok := catalogue.Find(key); ok && len(c.Title) > 0 {
			out[i] = c.Title.In("en")
		}
	}
	return out
}

// date writes a day inside a sentence.
func date(at time.Time) string { return at.UTC().Format("2 January 2006") }

// days writes a length of time inside a sentence.
func days(d time.Duration) string {
	const day = 24 * time.Hour
	switch n := int(d / day); {
	case d%day != 0:
		return d.String()
	case n == 1:
		return "1 day"
	default:
		return strconv.Itoa(n) + " days"
	}
}

func statusTag(s terms.Status) templates.StaffTag {
	switch s {
	case terms.Accepted:
		return templates.StaffTag{Words: "Accepted", Tone: "good"}
	case terms.Declined:
		return templates.StaffTag{Words: "Declined"}
	case terms.Exempt:
		return templates.StaffTag{Words: "Exempt"}
	default:
		return templates.StaffTag{Words: "No choice yet", Tone: "warn"}
	}
}

// restricts reports whether a ladder takes anything away up to a stage.
func restricts(p terms.Plan, last int) bool {
	return slices.ContainsFunc(p.Stages[:min(last+1, len(p.Stages))], terms.Stage.Takes)
}
