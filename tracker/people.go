package tracker

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"assent/terms"
)

// MaxBatch is how many people AddPeople takes at a time.
const MaxBatch = 1000

var (
	personID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:@|-]{0,127}$`)
	country  = regexp.MustCompile(`^[A-Z]{2}$`)
	locale   = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)
)

// Check returns every fault of a person's own fields at once, or nil.
func (p Person) Check() error {
	var faults terms.Faults
	add := func(path, format string, args ...any) {
		faults = append(faults, terms.Fault{Path: path, Detail: fmt.Sprintf(format, args...)})
	}
	if !personID.MatchString(p.ID) {
		add("id", "must be 1 to 128 letters, digits or . _ : @ | - and start with a letter or digit")
	}
	if !country.MatchString(p.Country) {
		add("region", "%q is not an ISO 3166-1 alpha-2 code such as BR", p.Country)
	}
	if !locale.MatchString(p.Locale) {
		add("locale", "%q is not a BCP 47 tag such as pt-BR", p.Locale)
	}
	if !slices.Contains(terms.AccountTypes(), p.Type) {
		add("account_type", "%q is not one of %v", p.Type, terms.AccountTypes())
	}
	if p.Owner != "" && (!personID.MatchString(p.Owner) || p.Owner == p.ID) {
		add("owner", "must be the id of another person")
	}
	if p.Contact != nil {
		var more terms.Faults
		errors.As(p.Contact.Check(), &more)
		faults = append(faults, more...)
	}
	return faults.OrNil()
}

// AddPeople stores at most MaxBatch people, new or known, and enrolls them in
// every running campaign. A zero Created is now. Each must pass Check.
func (t *Tracker) AddPeople(ctx context.Context, people []Person) error {
	now := t.instant()
	if len(people) > MaxBatch {
		return terms.Errorf(terms.Invalid, "%d people at once; send at most %d", len(people), MaxBatch)
	}
	batch := slices.Clone(people)
	for i := range batch {
		if batch[i].Created.IsZero() {
			batch[i].Created = now
		}
		batch[i].Created = batch[i].Created.UTC().Truncate(time.Microsecond)
		if err := batch[i].Check(); err != nil {
			return err
		}
	}
	return t.commit(ctx, func(tx Tx) error {
		stored, err := tx.PutPeople(ctx, batch)
		if err != nil {
			return err
		}
		for i := range stored {
			stored[i].Contact = batch[i].Contact
		}
		if err := putContacts(ctx, tx, stored, now); err != nil {
			return err
		}
		campaigns, err := t.running(ctx, tx)
		if err != nil {
			return err
		}
		for _, r := range campaigns {
			if err := t.arrive(ctx, tx, r, stored, now); err != nil {
				return err
			}
		}
		return nil
	})
}

// arrive brings people into a campaign, or up to date where they are in it.
func (t *Tracker) arrive(ctx context.Context, tx Tx, r rules, people []Person, now time.Time) error {
	added, err := t.enroll(ctx, tx, r, people, now)
	if err != nil {
		return err
	}
	if added < len(people) {
		if err := t.relocate(ctx, tx, r, people, now); err != nil {
			return err
		}
	}
	return walkPast(ctx, tx, r.campaign, people)
}

// walkPast takes people who have just come in off a walk that has nobody else
// ahead.
func walkPast(ctx context.Context, tx Tx, c Campaign, people []Person) error {
	ahead, err := tx.People(ctx, c.EnrolledTo, len(people)+1)
	if err != nil || len(ahead) == 0 {
		return err
	}
	known := make(map[int64]bool, len(people))
	for _, p := range people {
		known[p.Ref] = true
	}
	for _, p := range ahead {
		if !known[p.Ref] {
			return nil
		}
	}
	return tx.SetEnrolledTo(ctx, c.Key, ahead[len(ahead)-1].Ref)
}

// relocate puts people who are in a campaign under the rules of where they are
// now, and with the attributes and owner they have now. A shorter ladder there
// gives back what it does not take, at the next sweep; what the ladder there
// would not have taken by now comes back at once.
func (t *Tracker) relocate(ctx context.Context, tx Tx, r rules, people []Person, now time.Time) error {
	var moves []Move
	for _, person := range people {
		before, err := tx.Enrollment(ctx, person.ID, r.campaign.Key)
		if err != nil {
			return err
		}
		after, err := t.relocated(ctx, tx, r, before, person, now)
		if err != nil {
			return err
		}
		if after.Enrollment == before.Enrollment && after.Locale == before.Locale {
			continue
		}
		p, err := r.planOf(after)
		if err != nil {
			return err
		}
		m := Move{Before: before, After: t.schedule(p, after, r.holds, now), Kind: ChangeNext}
		switch {
		case after.Stage < before.Stage:
			m.Kind = ChangeRestored
		case after.Status != before.Status:
			m.Kind = ChangeRecalled
		}
		moves = append(moves, m.transit(CauseRegion, "", now))
	}
	return t.save(ctx, tx, r, moves, now)
}

// relocated is a person's enrollment after what the platform says of them has
// changed.
func (t *Tracker) relocated(ctx context.Context, tx Tx, r rules, before Enrolled, person Person, now time.Time) (Enrolled, error) {
	after := before
	after.Locale = person.Locale
	p, err := r.planOf(before)
	if err != nil {
		return after, err
	}
	switch {
	case bound(p, person):
		after.Country, after.Attributes = person.Country, person.Attributes
		after.Enrollment, err = bind(ctx, tx, after.Enrollment, person.Owner, now)
		return after, err
	case before.Bound:
		after.Country, after.Attributes = person.Country, person.Attributes
		after.Enrollment = after.Unbind(now)
		return after, nil
	case before.Country == person.Country && before.Attributes == person.Attributes:
		return after, nil
	}
	after.Enrollment = after.Move(p, person.Country, person.Attributes, t.Catalogue, r.holds, now)
	if before.Status != terms.Accepted {
		return after, nil
	}
	asked := r.active.In(person.Country).Documents
	more, err := material(ctx, tx, r.active.In(before.Country).Documents, asked)
	if err != nil || !more {
		return after, err
	}
	covered, err := accepted(ctx, tx, person.ID, r.campaign.Key, asked)
	if err == nil && !covered {
		after.Enrollment = after.Recall(p, now)
	}
	return after, err
}

// accepted reports whether a person has accepted these documents at some time.
func accepted(ctx context.Context, r Reader, person, campaign string, asked []terms.DocumentRef) (bool, error) {
	past, err := r.Responses(ctx, person)
	return slices.ContainsFunc(past, func(one Response) bool {
		return one.Campaign == campaign && one.Action == terms.Accept &&
			slices.EqualFunc(one.Documents, asked, func(d terms.DocumentText, ref terms.DocumentRef) bool { return d.Ref() == ref })
	}), err
}

// Person returns an account.
func (t *Tracker) Person(ctx context.Context, id string) (Person, error) {
	return read(ctx, t, func(r Reader) (Person, error) { return r.Person(ctx, id) })
}

// DeletePerson removes an account and its enrollments. What it proved stays.
func (t *Tracker) DeletePerson(ctx context.Context, id, actor string) error {
	now := t.instant()
	return t.commit(ctx, func(tx Tx) error {
		if err := t.orphan(ctx, tx, id, now); err != nil {
			return err
		}
		if _, err := tx.Person(ctx, id); err != nil {
			return err
		}
		if err := t.note(ctx, tx, Act{At: now, Actor: actor, Action: "person.delete", Person: id}); err != nil {
			return err
		}
		return tx.DeletePerson(ctx, id, now)
	})
}

// PersonStanding is a person with the evaluated position in every campaign.
type PersonStanding struct {
	Person   Person
	Standing terms.Standing
	Holds    map[string]Hold // those that positions name, by id
	Revision uint64          // the store's newest when it was evaluated
}

// Standing evaluates a person now, from the store.
func (t *Tracker) Standing(ctx context.Context, id string) (PersonStanding, error) {
	now := t.instant()
	var out PersonStanding
	err := t.Store.View(ctx, func(r Reader) error {
		a, err := r.Account(ctx, id)
		if err != nil {
			return err
		}
		if out.Revision, err = r.Revision(ctx); err != nil {
			return err
		}
		if out.Standing, err = t.standingOf(ctx, r, a, now); err != nil {
			return err
		}
		out.Person = a.Person
		return t.findHolds(ctx, r, &out)
	})
	return out, err
}

// findHolds looks the holds up that positions name.
func (t *Tracker) findHolds(ctx context.Context, r Reader, s *PersonStanding) error {
	s.Holds = map[string]Hold{}
	for _, pos := range s.Standing.Positions {
		if pos.HoldID == "" {
			continue
		}
		rules, err := t.rulesOf(ctx, r, pos.Campaign)
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(rules.held, func(h Hold) bool { return h.ID == pos.HoldID }); i >= 0 {
			s.Holds[pos.HoldID] = rules.held[i]
		}
	}
	return nil
}

// standingOf is where a person stands over all campaigns.
func (t *Tracker) standingOf(ctx context.Context, r Reader, a Account, now time.Time) (terms.Standing, error) {
	parts := make([]terms.Standing, len(a.Places))
	for i, place := range a.Places {
		rules, err := t.rulesFor(ctx, r, place.Campaign)
		if err != nil {
			return terms.Standing{}, err
		}
		if parts[i], err = rules.standing(t.Catalogue, place.Enrolled, now); err != nil {
			return terms.Standing{}, err
		}
	}
	return terms.Combine(t.Catalogue, parts...), nil
}

// isKind reports whether err is of a kind.
func isKind(err error, k terms.Kind) bool { return errors.Is(err, k) }
