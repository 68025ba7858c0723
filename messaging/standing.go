package messaging

import (
	"time"

	"assent/gate"
	"assent/terms"
)

// standing is a person's position as clients read it.
type standing struct {
	Person       string                `json:"person"`
	Capabilities map[string]capability `json:"capabilities"`
	Campaigns    []position            `json:"campaigns"`
	Notice       *notice               `json:"notice"` // what to remind of now; null for nothing
	Revision     uint64                `json:"revision"`
}

type capability struct {
	Value    terms.Value `json:"value"`
	Reason   string      `json:"reason"`
	Campaign string      `json:"campaign,omitempty"`
	Stage    string      `json:"stage,omitempty"`
}

type position struct {
	Campaign  string     `json:"campaign"`
	Status    string     `json:"status"`
	Stage     string     `json:"stage"`
	Since     *time.Time `json:"since,omitempty"`
	Next      *next      `json:"next,omitempty"`
	Restore   string     `json:"restore,omitempty"` // what brings everything back: "accept"
	AcceptURL string     `json:"accept_url"`
}

// notice is the reminder an app shows for the campaign that speaks first.
type notice struct {
	Mode        terms.Mode `json:"mode"`
	Dismissible bool       `json:"dismissible"`
	Campaign    string     `json:"campaign"`
	Stage       string     `json:"stage"`
	URL         string     `json:"url"`
	Next        *next      `json:"next,omitempty"`
}

// standing reads a person's position from the gate. Instants are known for the
// leading campaign only.
func (s *Server) standing(person string) *standing {
	e, _ := s.options.Gate.Entry(person)
	out := &standing{Person: person, Capabilities: map[string]capability{}, Campaigns: []position{}, Revision: e.Revision}
	for _, c := range e.Profile.Standing.Capabilities {
		out.Capabilities[c.Capability] = capability{c.Value, string(c.Reason), c.Campaign, c.Stage}
	}
	for i, p := range e.Profile.Standing.Positions {
		at := position{Campaign: p.Campaign, Status: string(p.Status), Stage: p.Stage, AcceptURL: s.options.Gate.AcceptURL(p.Campaign)}
		if p.Status == terms.Pending || p.Status == terms.Declined {
			at.Restore = "accept"
		}
		at.Next = nextOf(p.Next.Stage, time.Time{})
		if i == e.Profile.Leading {
			at.Since, at.Next = instant(e.Since), nextOf(p.Next.Stage, orZero(instant(e.NextAt)))
			out.Notice = s.remind(e, p, at.Next)
		}
		out.Campaigns = append(out.Campaigns, at)
	}
	return out
}

func (s *Server) remind(e gate.Entry, p terms.Position, n *next) *notice {
	if p.Reminder.Mode == terms.NoReminder || s.options.Now().UnixMicro() < e.Quiet {
		return nil
	}
	return &notice{Mode: p.Reminder.Mode, Dismissible: p.Reminder.Dismissible, Campaign: p.Campaign, Stage: p.Stage,
		URL: s.options.Gate.AcceptURL(p.Campaign), Next: n}
}

func instant(micros int64) *time.Time {
	if micros == 0 {
		return nil
	}
	at := time.UnixMicro(micros).UTC()
	return &at
}

func orZero(at *time.Time) time.Time {
	if at == nil {
		return time.Time{}
	}
	return *at
}
