package messaging

import (
	"context"
	"crypto/rand"
	"fmt"

	"assent/messaging/mailbox"
	"assent/terms"
)

// maxTitle is the longest title of a group, in bytes.
const maxTitle = 200

type group struct {
	Group   string   `json:"group"`
	Title   string   `json:"title"`
	Members []member `json:"members"`
}

type member struct {
	Person string `json:"person"`
	Admin  bool   `json:"admin"`
}

func shownGroup(g mailbox.Group) group {
	out := group{Group: g.ID, Title: g.Title, Members: make([]member, len(g.Members))}
	for i, m := range g.Members {
		out.Members[i] = member(m)
	}
	return out
}

type makeGroupParams struct {
	Title   string   `json:"title"`
	Members []string `json:"members"`
}

func (p makeGroupParams) check() terms.Faults {
	faults := checkText("title", p.Title, maxTitle)
	if len(p.Members) == 0 || len(p.Members) >= mailbox.MaxMembers {
		faults = append(faults, terms.Fault{Path: "members", Detail: fmt.Sprintf("must name 1 to %d people besides yourself", mailbox.MaxMembers-1)})
	}
	seen := map[string]bool{}
	for i, person := range p.Members {
		if seen[person] {
			faults = append(faults, terms.Fault{Path: fmt.Sprintf("members[%d]", i), Detail: "stands twice"})
		}
		seen[person] = true
	}
	return faults
}

// makeGroup makes a group with its maker as admin. Somebody who has blocked the
// maker is not in it, and the maker is not told why.
func (s *Server) makeGroup(ctx context.Context, person string, p makeGroupParams) (any, error) {
	g := mailbox.Group{ID: rand.Text(), Title: p.Title}
	for i, one := range p.Members {
		if err := s.knows(ctx, person, fmt.Sprintf("members[%d]", i), one); err != nil {
			return nil, err
		}
		g.Members = append(g.Members, mailbox.Member{Person: one})
	}
	kept, err := s.options.Mailbox.MakeGroup(ctx, g, s.groupEvent(person, g.ID, mailbox.Made, ""))
	if err != nil {
		return nil, err
	}
	s.handOut(ctx, kept)
	return s.groupInfo(ctx, person, groupParams{g.ID})
}

func (s *Server) groupEvent(person, group string, kind mailbox.Kind, whom string) mailbox.Message {
	return mailbox.Message{ID: s.newMessageID(), From: person, Group: group, Kind: kind, Whom: whom, SentAt: s.options.Now()}
}

type groupParams struct {
	Group string `json:"group"`
}

func (p groupParams) check() terms.Faults { return required("group", p.Group) }

func (s *Server) groupInfo(ctx context.Context, person string, p groupParams) (any, error) {
	g, err := s.options.Mailbox.Group(ctx, person, p.Group)
	if err != nil {
		return nil, err
	}
	return shownGroup(g), nil
}

type memberParams struct {
	groupParams
	Person string `json:"person"`
}

func (p memberParams) check() terms.Faults {
	return append(p.groupParams.check(), required("person", p.Person)...)
}

func (s *Server) addMember(ctx context.Context, person string, p memberParams) (any, error) {
	if err := s.knows(ctx, person, "person", p.Person); err != nil {
		return nil, err
	}
	kept, err := s.options.Mailbox.Join(ctx, s.groupEvent(person, p.Group, mailbox.Joined, p.Person))
	if err != nil {
		return nil, err
	}
	s.handOut(ctx, kept)
	return s.groupInfo(ctx, person, p.groupParams)
}

func (s *Server) removeMember(ctx context.Context, person string, p memberParams) (any, error) {
	if p.Person == person {
		return nil, terms.Faults{{Path: "person", Detail: "is yourself; call groups.leave"}}
	}
	if err := s.left(ctx, s.groupEvent(person, p.Group, mailbox.Left, p.Person)); err != nil {
		return nil, err
	}
	return s.groupInfo(ctx, person, p.groupParams)
}

// leaveGroup is open at every stage.
func (s *Server) leaveGroup(ctx context.Context, person string, p groupParams) (any, error) {
	return map[string]any{"group": p.Group, "left": true}, s.left(ctx, s.groupEvent(person, p.Group, mailbox.Left, ""))
}

func (s *Server) left(ctx context.Context, m mailbox.Message) error {
	kept, err := s.options.Mailbox.Leave(ctx, m)
	if err == nil {
		s.handOut(ctx, kept)
	}
	return err
}
