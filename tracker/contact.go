package tracker

import (
	"context"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"time"

	"assent/terms"
)

// Contact is how a person can be reached outside the app, as the platform said.
// It is personal: it stands in no log and no record, and goes with the account.
type Contact struct {
	Ref      int64     // of the person
	Email    string    // "" for none
	Channels []Channel // the platform may use; none: all
	Zone     string    // IANA name of the person's time zone, "" where the platform does not say
	Language string    // BCP 47 tag the person chose to be spoken to in, "" for that of the account
	Changed  time.Time
	Silenced time.Time // no reminders by e-mail since; zero: they may be sent
	Bounced  time.Time // the address takes no mail since; zero: it does
	Soft     int       // soft bounces since a mail last got through
}

// Check returns every fault of what the platform says at once, or nil. What
// passes can stand in a header of a message as it is.
func (c Contact) Check() error {
	var faults terms.Faults
	add := func(path, format string, args ...any) {
		faults = append(faults, terms.Fault{Path: "contact." + path, Detail: fmt.Sprintf(format, args...)})
	}
	if c.Email != "" && !mailable(c.Email) {
		add("email", "must be a plain address such as ana@example.org, of at most 254 characters")
	}
	for i, channel := range c.Channels {
		if !slices.Contains([]Channel{InApp, Email, Push}, channel) {
			add(fmt.Sprintf("channels[%d]", i), "%q is not one of in_app, email, push", channel)
		}
	}
	if _, err := time.LoadLocation(c.Zone); err != nil || c.Zone == "Local" {
		add("zone", "%q is not the name of a time zone such as America/Sao_Paulo", c.Zone)
	}
	return faults.OrNil()
}

// mailable reports whether an address is one that a mail server takes without
// extensions, and nothing else: no name, comment, quotes, route or second
// address (RFC 5321, section 4.1.2, a dot-string at a domain).
func mailable(address string) bool {
	local, domain, found := strings.Cut(address, "@")
	if !found || len(address) > 254 || len(local) > 64 || !strings.Contains(domain, ".") || strings.HasSuffix(domain, ".") {
		return false
	}
	odd := func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`"(),:;<>@[\]`, r) }
	if strings.ContainsFunc(local, odd) || strings.ContainsFunc(domain, odd) {
		return false
	}
	for label := range strings.SplitSeq(domain, ".") {
		plain := func(r rune) bool {
			return r != '-' && (r < '0' || r > '9') && (r|0x20 < 'a' || r|0x20 > 'z')
		}
		if label == "" || len(label) > 63 || strings.ContainsFunc(label, plain) || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
	}
	parsed, err := mail.ParseAddress(address)
	return err == nil && parsed.Address == address
}

// Allows reports whether the platform lets us use a channel for the person.
func (c Contact) Allows(channel Channel) bool {
	return len(c.Channels) == 0 || slices.Contains(c.Channels, channel)
}

// ContactOf returns how a person can be reached. NotFound for an unknown person,
// and for one of whom nothing is known.
func (t *Tracker) ContactOf(ctx context.Context, person string) (Contact, error) {
	return read(ctx, t, func(r Reader) (Contact, error) {
		p, err := r.Person(ctx, person)
		if err != nil {
			return Contact{}, err
		}
		return r.Contact(ctx, p.Ref)
	})
}

// SetContact says how a person can be reached from now on. Another address is
// taken to work again; what the person has said stays.
func (t *Tracker) SetContact(ctx context.Context, person string, c Contact) error {
	if err := c.Check(); err != nil {
		return err
	}
	now := t.instant()
	return t.Store.Update(ctx, func(tx Tx) error {
		p, err := tx.Person(ctx, person)
		if err != nil {
			return err
		}
		p.Contact = &c
		return putContacts(ctx, tx, []Person{p}, now)
	})
}

// DeleteContact forgets how a person can be reached, and what the person has
// said about it. NotFound for an unknown person.
func (t *Tracker) DeleteContact(ctx context.Context, person string) error {
	return t.Store.Update(ctx, func(tx Tx) error {
		p, err := tx.Person(ctx, person)
		if err != nil {
			return err
		}
		return tx.DeleteContact(ctx, p.Ref)
	})
}

// Silence stops reminders by e-mail to a person, or lets them be sent again.
// Notices that people must be given are sent all the same. It does nothing where
// it is so already, or no contact is known.
func (t *Tracker) Silence(ctx context.Context, person string, silent bool) error {
	now := t.instant()
	return t.Store.Update(ctx, func(tx Tx) error {
		p, err := tx.Person(ctx, person)
		if err != nil {
			return err
		}
		c, err := tx.Contact(ctx, p.Ref)
		if isKind(err, terms.NotFound) || err == nil && c.Silenced.IsZero() != silent {
			return nil
		}
		if err != nil {
			return err
		}
		if c.Silenced = now; !silent {
			c.Silenced = time.Time{}
		}
		return tx.PutContacts(ctx, []Contact{c})
	})
}

// SetLanguage has a person spoken to in a language, on pages and in what is sent;
// "" is that of the account again.
func (t *Tracker) SetLanguage(ctx context.Context, person, tag string) error {
	if tag != "" && !locale.MatchString(tag) {
		return terms.Errorf(terms.Invalid, "language: %q is not a BCP 47 tag such as pt-BR", tag)
	}
	now := t.instant()
	return t.Store.Update(ctx, func(tx Tx) error {
		p, err := tx.Person(ctx, person)
		if err != nil {
			return err
		}
		c, err := tx.Contact(ctx, p.Ref)
		if isKind(err, terms.NotFound) {
			c, err = Contact{Ref: p.Ref, Changed: now}, nil
		}
		if err != nil || c.Language == tag {
			return err
		}
		c.Language = tag
		return tx.PutContacts(ctx, []Contact{c})
	})
}

// putContacts keeps the contacts of those who come with one.
func putContacts(ctx context.Context, tx Tx, people []Person, now time.Time) error {
	var refs []int64
	for _, p := range people {
		if p.Contact != nil {
			refs = append(refs, p.Ref)
		}
	}
	if len(refs) == 0 {
		return nil
	}
	known, err := tx.Contacts(ctx, refs)
	if err != nil {
		return err
	}
	var list []Contact
	for _, p := range people {
		if p.Contact == nil {
			continue
		}
		next, before := *p.Contact, known[p.Ref]
		next.Ref, next.Changed, next.Silenced, next.Language = p.Ref, now, before.Silenced, before.Language
		next.Bounced, next.Soft = time.Time{}, 0
		if next.Email == before.Email {
			next.Bounced, next.Soft = before.Bounced, before.Soft
		}
		list = append(list, next)
	}
	return tx.PutContacts(ctx, list)
}
