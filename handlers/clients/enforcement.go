package clients

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"assent/gate"
	"assent/handlers/web"
	"assent/terms"
	"assent/tracker"
)

const (
	snapshotPage = 10_000 // people in a page of a snapshot, unless more are asked for
	snapshotMost = 50_000
	// held is how many people a follower may have to take before it is cut, and
	// missedMost how many changes one that comes back is told one by one.
	held       = 200_000
	missedMost = 50_000
)

// ruleset is what is on and off for people with the same rules.
type ruleset struct {
	Rules        string          `json:"rules"`
	Capabilities json.RawMessage `json:"capabilities"`
}

// ruled is one person's place.
type ruled struct {
	Person   string               `json:"person"`
	Rules    string               `json:"rules"`
	Revision uint64               `json:"revision"`
	NextAt   map[string]time.Time `json:"next_at,omitempty"` // by campaign
}

type snapshotOut struct {
	Mark     string                     `json:"mark"`
	Revision uint64                     `json:"revision"`
	Defaults json.RawMessage            `json:"defaults"`
	Rules    map[string]json.RawMessage `json:"rules"`
	People   []ruled                    `json:"people"`
	Next     string                     `json:"next"` // "" on the last page
}

// snapshot answers a page of everybody for whom not everything is as by
// default. Whoever has all pages goes on with the stream after the mark of the
// first.
func (h *Handlers) snapshot(c *gin.Context, _ tracker.APIKey) error {
	limit, err := strconv.Atoi(c.DefaultQuery("limit", strconv.Itoa(snapshotPage)))
	if err != nil || limit < 1 || limit > snapshotMost {
		return terms.Faults{{Path: "limit", Detail: fmt.Sprintf("must be a number from 1 to %d", snapshotMost)}}
	}
	if err := h.loaded(); err != nil {
		return err
	}
	mark := h.Gate.Mark() // before the people, who can only be newer
	places := h.Gate.Snapshot(c.Query("after"), limit)
	_, defaults := h.Gate.Defaults().Rules()
	out := snapshotOut{Mark: mark.String(), Revision: mark.Revision, Defaults: defaults, Rules: map[string]json.RawMessage{}, People: make([]ruled, len(places))}
	for i, p := range places {
		key, rules := p.Profile.Rules()
		out.Rules[key] = rules
		out.People[i] = ruled{p.Person, key, p.Revision, p.Next()}
	}
	if len(places) == limit {
		out.Next = places[limit-1].Person
	}
	c.JSON(http.StatusOK, out)
	return nil
}

// loaded refuses while positions are still being loaded.
func (h *Handlers) loaded() error {
	if h.Gate.Ready() {
		return nil
	}
	return &web.Problem{Status: http.StatusServiceUnavailable, Type: "not_ready", Detail: "positions are still being loaded",
		Header: map[string]string{"Retry-After": "1"}}
}

// follow sends whoever's rules change, from the mark on that the reader has
// come to. One that missed too much is told to read the snapshot again.
func (h *Handlers) follow(c *gin.Context, _ tracker.APIKey) error {
	since, err := gate.ParseMark(resumed(c))
	if err != nil {
		return terms.Faults{{Path: "after", Detail: "is not a mark: give that of the snapshot you have read, or of the last event"}}
	}
	if err := h.loaded(); err != nil {
		return err
	}
	follower := h.Gate.Follow(held)
	defer follower.Close()
	mark := h.Gate.Mark()
	if since.Revision > mark.Revision {
		return h.overtaken(c, since)
	}
	people, ok, err := h.missed(c, since, mark)
	if err != nil {
		return err
	}
	f := following{h: h, stream: h.streaming(c, time.Second), told: map[string]bool{}}
	if !ok {
		f.json("reset", "", gin.H{})
		f.flush()
		return nil
	}
	h.readers.Add(1)
	defer h.readers.Add(-1)
	f.send(mark, people)
	f.serve(c, follower)
	return nil
}

// overtaken answers a reader that knows more than the gate. Either it has read from
// another server, which is ahead of this one, or the database was put back to an
// older state: then what the reader knows of newer ones never happened.
func (h *Handlers) overtaken(c *gin.Context, since gate.Mark) error {
	ctx, cancel := context.WithTimeout(c.Request.Context(), databaseWithin)
	defer cancel()
	newest, err := h.Tracker.Revision(ctx)
	if err != nil {
		return fmt.Errorf("read the newest revision: %w", err)
	}
	if newest >= since.Revision {
		return &web.Problem{Status: http.StatusServiceUnavailable, Type: "behind", Detail: "this server does not know all that you know yet; try again",
			Header: map[string]string{"Retry-After": "1"}}
	}
	f := following{stream: h.streaming(c, time.Second)}
	f.json("reset", "", gin.H{"newest": newest})
	f.flush()
	return nil
}

// missed lists whose positions have changed between two marks; false when they
// are too many, or cannot be told one by one.
func (h *Handlers) missed(c *gin.Context, since, mark gate.Mark) ([]string, bool, error) {
	if h.Gate.Turned(since) {
		return nil, false, nil
	}
	people := map[string]bool{}
	for after := since.Revision; after < mark.Revision; {
		if after-since.Revision > missedMost {
			return nil, false, nil
		}
		feed, err := h.Tracker.Changes(c.Request.Context(), after, changesPage)
		if err != nil {
			return nil, false, fmt.Errorf("read changes after %d: %w", after, err)
		}
		if len(feed.Changes) == 0 {
			break
		}
		for _, change := range feed.Changes {
			switch change.Kind {
			case tracker.ChangePlan, tracker.ChangeHold, tracker.ChangeReversal: // of everybody in the campaign
				return nil, false, nil
			}
			people[change.Enrolled.Person], after = true, change.Revision
		}
	}
	delete(people, "") // somebody whose removal stands further on, with the name
	return slices.Collect(maps.Keys(people)), true, nil
}

// following is one reader of the stream.
type following struct {
	h *Handlers
	*stream
	told map[string]bool // rules this reader has
}

func (f *following) serve(c *gin.Context, follower *gate.Follower) {
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	for f.err == nil {
		select {
		case <-c.Request.Context().Done():
			return
		case <-f.h.Stopping:
			return
		case <-follower.Wake():
		case <-ticker.C:
		}
		mark, people, ok := follower.Take()
		if !ok {
			return // it comes back with its mark
		}
		f.send(mark, people)
	}
}

// send tells where people stand now, and the mark up to which that is all.
func (f *following) send(mark gate.Mark, people []string) {
	for _, person := range people {
		e, known := f.h.Gate.Entry(person)
		if !known {
			e.Revision = f.h.Gate.Revision()
		}
		key, rules := e.Profile.Rules()
		if !f.told[key] {
			f.told[key] = true
			f.json("rules", "", ruleset{key, rules})
		}
		f.json("person", "", ruled{person, key, e.Revision, e.Next()})
	}
	f.json("mark", mark.String(), gin.H{"revision": mark.Revision})
	f.flush()
}

func (f *following) json(name, id string, data any) {
	line, err := json.Marshal(data)
	if err != nil { // it is made of texts, numbers and instants
		f.err = err
		return
	}
	f.event(name, id, line)
}
