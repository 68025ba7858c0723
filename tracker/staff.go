package tracker

import (
	"context"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"time"

	"assent/terms"

	"golang.org/x/crypto/bcrypt"
)

// AddStaff lets somebody sign in with a name and a password of 10 to 72 bytes.
// Conflict when the name is taken.
func (t *Tracker) AddStaff(ctx context.Context, name, password, actor string) error {
	_, err := t.addStaff(ctx, name, password, actor, func(Tx) error { return nil })
	return err
}

// AddFirstStaff is AddStaff for the holder of a set-up link: Conflict when
// somebody can sign in already, so that the link works once.
func (t *Tracker) AddFirstStaff(ctx context.Context, name, password string) (StaffMember, error) {
	return t.addStaff(ctx, name, password, name, func(tx Tx) error {
		staffed, err := tx.Staffed(ctx)
		if err == nil && staffed {
			err = terms.Errorf(terms.Conflict, "somebody can sign in already, so the set-up link no longer works")
		}
		return err
	})
}

func (t *Tracker) addStaff(ctx context.Context, name, password, actor string, check func(Tx) error) (StaffMember, error) {
	faults := staffName(name)
	if len(password) < 10 || len(password) > 72 {
		faults = append(faults, terms.Fault{Path: "password", Detail: "must have 10 to 72 characters"})
	}
	if err := faults.OrNil(); err != nil {
		return StaffMember{}, err
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.DefaultCost)
	if err != nil {
		return StaffMember{}, fmt.Errorf("hash a password: %w", err)
	}
	member := StaffMember{Name: name, Password: string(hash), Created: t.instant(), Role: Editor}
	return member, t.Store.Update(ctx, func(tx Tx) error {
		if err := check(tx); err != nil {
			return err
		}
		if err := employ(ctx, tx, member); err != nil {
			return err
		}
		return t.note(ctx, tx, Act{At: member.Created, Actor: actor, Action: "staff.add", Object: name})
	})
}

// employ adds a member, also under the name of one who was removed, and lets
// the account in again that this one had.
func employ(ctx context.Context, tx Tx, m StaffMember) error {
	if before, err := tx.StaffMember(ctx, m.Name); err == nil && before.Role == "" {
		return tx.SetStaff(ctx, m)
	}
	return tx.AddStaff(ctx, m)
}

func staffName(name string) terms.Faults {
	if personID.MatchString(name) {
		return nil
	}
	return terms.Faults{{Path: "name", Detail: "must be 1 to 128 letters, digits or . _ : @ | -"}}
}

// SignIn checks a member of staff's password; Unauthenticated when name or
// password is wrong, without saying which.
func (t *Tracker) SignIn(ctx context.Context, name, password string) (StaffMember, error) {
	member, err := read(ctx, t, func(r Reader) (StaffMember, error) { return r.StaffMember(ctx, name) })
	if err != nil && !isKind(err, terms.NotFound) {
		return StaffMember{}, err
	}
	known := member.Password != ""
	if !known { // spend the same time on a name that does not exist
		member.Password = "$2a$10$7EqJtq98hPqEX7fNZaFWoOHi5G1n0eW5Ck5l6XqJX7mWqYbB3a5yG"
	}
	if bcrypt.CompareHashAndPassword([]byte(member.Password), []byte(password)) != nil || !known {
		return StaffMember{}, terms.Errorf(terms.Unauthenticated, "the name or the password is wrong")
	}
	return member, nil
}

// InviteStaff lets somebody sign in at the provider, whoever has verified this
// address there first. Conflict when the name or the address is taken.
func (t *Tracker) InviteStaff(ctx context.Context, name, email string, role Role, actor string) error {
	faults := staffName(name)
	if address, err := mail.ParseAddress(email); err != nil || address.Address != email {
		faults = append(faults, terms.Fault{Path: "email", Detail: "must be an address, such as ana@example.org"})
	}
	if role != Editor && role != Viewer {
		faults = append(faults, terms.Fault{Path: "role", Detail: fmt.Sprintf("must be %s or %s", Editor, Viewer)})
	}
	if err := faults.OrNil(); err != nil {
		return err
	}
	now := t.instant()
	return t.Store.Update(ctx, func(tx Tx) error {
		if err := employ(ctx, tx, StaffMember{Name: name, Created: now, Role: role, Email: strings.ToLower(email)}); err != nil {
			return err
		}
		return t.note(ctx, tx, Act{At: now, Actor: actor, Action: "staff.add", Object: name, After: facts("role", string(role))})
	})
}

// ProvidedStaff is who signed in at the provider.
type ProvidedStaff struct {
	Issuer, Subject string
	Email           string // that the provider has verified, in lower case; "" for none
	Role            Role   // that the operator gives for what the provider says; "": none
}

// Admit finds the member of staff who signed in at the provider: by the account
// there, or the first time by the verified address, which binds the two. Whoever
// is no member becomes one only with a role that the operator has given for what
// the provider says of them; a role so given replaces the one that was before.
// Forbidden for everybody else.
func (t *Tracker) Admit(ctx context.Context, who ProvidedStaff) (StaffMember, error) {
	member, err := read(ctx, t, func(r Reader) (StaffMember, error) { return r.StaffAt(ctx, who.Issuer, who.Subject) })
	if err == nil && member.Role != "" && (who.Role == "" || who.Role == member.Role) {
		return member, nil
	}
	if err != nil && !isKind(err, terms.NotFound) {
		return StaffMember{}, err
	}
	err = t.Store.Update(ctx, func(tx Tx) error {
		member, err = t.admit(ctx, tx, who)
		return err
	})
	return member, err
}

func (t *Tracker) admit(ctx context.Context, tx Tx, who ProvidedStaff) (StaffMember, error) {
	member, err := tx.StaffAt(ctx, who.Issuer, who.Subject)
	if isKind(err, terms.NotFound) && who.Email != "" {
		member, err = tx.StaffOf(ctx, who.Email)
		if err == nil && member.Subject != "" {
			return member, terms.Errorf(terms.Forbidden, "%s signs in with another account, though with the same address; have an operator look at it", member.Name)
		}
	}
	switch {
	case isKind(err, terms.NotFound) && who.Role != "":
		return t.newcomer(ctx, tx, who)
	case isKind(err, terms.NotFound):
		return member, terms.Errorf(terms.Forbidden, "nobody has let this account in; ask an operator")
	case err != nil:
		return member, err
	case member.Role == "":
		return member, terms.Errorf(terms.Forbidden, "%s was removed here; an operator can invite %[1]s again", member.Name)
	}
	before := member
	member.Issuer, member.Subject = who.Issuer, who.Subject
	if who.Role != "" {
		member.Role = who.Role
	}
	if member == before {
		return member, nil
	}
	if err := tx.SetStaff(ctx, member); err != nil {
		return member, err
	}
	return member, t.note(ctx, tx, Act{At: t.instant(), Actor: member.Name, Action: "staff.bind", Object: member.Name, Before: account(before), After: account(member)})
}

// StaffInForce is the member of staff whose session this is: one of this name
// who was added at that instant and not removed since. Unauthenticated when
// there is none.
func (t *Tracker) StaffInForce(ctx context.Context, name string, created time.Time) (StaffMember, error) {
	member, err := read(ctx, t, func(r Reader) (StaffMember, error) { return r.StaffMember(ctx, name) })
	if isKind(err, terms.NotFound) || err == nil && (member.Role == "" || !member.Created.Equal(created)) {
		return StaffMember{}, terms.Errorf(terms.Unauthenticated, "%q is no member of staff any more", name)
	}
	return member, err
}

// StaffMembers lists them by name, those who were removed too.
func (t *Tracker) StaffMembers(ctx context.Context) ([]StaffMember, error) {
	return read(ctx, t, func(r Reader) ([]StaffMember, error) { return r.StaffMembers(ctx) })
}

// RemoveStaff ends a member's sessions and lets nobody in by the name, the
// address or the account any more. The name and the account are kept, so that
// the account does not come back by itself while the provider still gives it a
// role. Conflict for the last editor who can sign in: somebody has to be able to
// stop a run, and an empty console would offer its set-up link anew.
func (t *Tracker) RemoveStaff(ctx context.Context, name, actor string) error {
	now := t.instant()
	return t.Store.Update(ctx, func(tx Tx) error {
		member, err := tx.StaffMember(ctx, name)
		switch {
		case err != nil:
			return err
		case member.Role == "":
			return terms.Errorf(terms.Conflict, "%s was removed already", name)
		}
		all, err := tx.StaffMembers(ctx)
		if err != nil {
			return err
		}
		others := slices.ContainsFunc(all, func(m StaffMember) bool { return m.Name != name && m.acts() })
		if member.acts() && !others {
			return terms.Errorf(terms.Conflict, "%s is the last editor who can sign in; add another first, or have one who is invited sign in", name)
		}
		if err := tx.SetStaff(ctx, StaffMember{Name: name, Created: now, Issuer: member.Issuer, Subject: member.Subject}); err != nil {
			return err
		}
		return t.note(ctx, tx, Act{At: now, Actor: actor, Action: "staff.remove", Object: name, Before: account(member)})
	})
}

// acts reports whether somebody can sign in and may act: an invitation that
// nobody has taken up lets nobody in yet.
func (m StaffMember) acts() bool { return m.Role == Editor && (m.Password != "" || m.Subject != "") }

// newcomer makes an account for somebody to whom the provider gives a role.
func (t *Tracker) newcomer(ctx context.Context, tx Tx, who ProvidedStaff) (StaffMember, error) {
	member := StaffMember{Name: who.Email, Created: t.instant(), Role: who.Role, Email: who.Email, Issuer: who.Issuer, Subject: who.Subject}
	if staffName(member.Name) != nil {
		member.Name = who.Subject
	}
	if staffName(member.Name) != nil {
		return member, terms.Errorf(terms.Forbidden, "neither the address nor the subject of this account can be a name here; ask an operator to invite it")
	}
	if _, err := tx.StaffMember(ctx, member.Name); !isKind(err, terms.NotFound) {
		if err == nil {
			err = terms.Errorf(terms.Forbidden, "somebody else is called %s here; ask an operator", member.Name)
		}
		return member, err
	}
	if err := tx.AddStaff(ctx, member); err != nil {
		return member, err
	}
	return member, t.note(ctx, tx, Act{At: member.Created, Actor: member.Name, Action: "staff.add", Object: member.Name, After: account(member)})
}

// account is what an act says of a member.
func account(m StaffMember) string {
	return facts("role", string(m.Role), "issuer", m.Issuer, "subject", m.Subject)
}
