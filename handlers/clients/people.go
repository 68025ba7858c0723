package clients

import (
	"crypto/rand"
	"fmt"
	"mime"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"assent/handlers/web"
	"assent/messaging"
	"assent/terms"
	"assent/tokens"
	"assent/tracker"
)

type personIn struct {
	ID          string            `json:"id"`
	Region      string            `json:"region"`
	Locale      string            `json:"locale"`
	AccountType terms.AccountType `json:"account_type"`
	CreatedAt   time.Time         `json:"created_at"`
	Attributes  map[string]string `json:"attributes"`
	Owner       string            `json:"owner"` // of a bot or service account
	Contact     *contactIn        `json:"contact"`
}

type personOut struct {
	ID          string            `json:"id"`
	Region      string            `json:"region"`
	Locale      string            `json:"locale"`
	AccountType terms.AccountType `json:"account_type"`
	CreatedAt   time.Time         `json:"created_at"`
	Attributes  map[string]string `json:"attributes,omitempty"`
	Owner       string            `json:"owner,omitempty"`
}

// person is the account that was described; left out, it is a personal one. The
// error is every fault of it.
func (in personIn) person() (tracker.Person, error) {
	p := tracker.Person{ID: in.ID, Country: in.Region, Locale: in.Locale, Type: in.AccountType, Created: in.CreatedAt.UTC(), Owner: in.Owner}
	if p.Type == "" {
		p.Type = terms.Personal
	}
	attributes, err := terms.ParseAttributes(in.Attributes)
	p.Attributes = attributes
	if in.Contact != nil {
		contact := in.Contact.contact()
		p.Contact = &contact
	}
	return p, append(faultsOf(p.Check()), faultsOf(err)...).OrNil()
}

func personOf(p tracker.Person) personOut {
	return personOut{
		ID: p.ID, Region: p.Country, Locale: p.Locale, AccountType: p.Type, CreatedAt: p.Created.UTC(),
		Attributes: p.Attributes.Map(), Owner: p.Owner,
	}
}

// addPeople takes one person as JSON or many as NDJSON.
func (h *Handlers) addPeople(c *gin.Context, _ tracker.APIKey) error {
	if kind, _, err := mime.ParseMediaType(c.GetHeader("Content-Type")); err == nil && kind == ndjson {
		return h.importPeople(c)
	}
	if err := web.RequireType(c, "application/json", ndjson); err != nil {
		return err
	}
	var in personIn
	if err := web.ReadJSON(c, &in); err != nil {
		return err
	}
	person, err := in.person()
	if err != nil {
		return err
	}
	if err := h.Tracker.AddPeople(c.Request.Context(), []tracker.Person{person}); err != nil {
		return fmt.Errorf("add person %s: %w", in.ID, err)
	}
	return h.answerPerson(c, http.StatusCreated, in.ID)
}

func (h *Handlers) answerPerson(c *gin.Context, status int, id string) error {
	p, err := h.Tracker.Person(c.Request.Context(), id)
	if err != nil {
		return fmt.Errorf("get person %s: %w", id, err)
	}
	c.JSON(status, personOf(p))
	return nil
}

func (h *Handlers) getPerson(c *gin.Context, _ tracker.APIKey) error {
	return h.answerPerson(c, http.StatusOK, c.Param("person"))
}

func (h *Handlers) deletePerson(c *gin.Context, k tracker.APIKey) error {
	id := c.Param("person")
	if err := h.Tracker.DeletePerson(c.Request.Context(), id, actor(k)); err != nil {
		return fmt.Errorf("delete person %s: %w", id, err)
	}
	if err := h.Messaging.Forget(c.Request.Context(), id); err != nil {
		return fmt.Errorf("forget what person %s was sent: %w", id, err)
	}
	c.Status(http.StatusNoContent)
	return nil
}

type noticeIn struct {
	Campaign  string          `json:"campaign"`
	Channel   tracker.Channel `json:"channel"`
	Presented bool            `json:"presented"`
	Delivered bool            `json:"delivered"`
	At        time.Time       `json:"at"`
	Key       string          `json:"idempotency_key"`
}

func (h *Handlers) notice(c *gin.Context, _ tracker.APIKey) error {
	var in noticeIn
	if err := web.ReadJSON(c, &in); err != nil {
		return err
	}
	n, err := h.Tracker.Notice(c.Request.Context(), tracker.ReportedNotice{
		Person: c.Param("person"), Campaign: in.Campaign, Channel: in.Channel, Presented: in.Presented, Delivered: in.Delivered, At: in.At, Key: in.Key,
	})
	if err != nil {
		return fmt.Errorf("record a notice of %s: %w", c.Param("person"), err)
	}
	c.JSON(http.StatusCreated, gin.H{
		"id": n.ID, "person": n.Person, "campaign": n.Campaign, "channel": n.Channel,
		"presented": n.Presented, "delivered": n.Delivered, "recorded_at": n.At.UTC(),
	})
	return nil
}

type linkIn struct {
	Campaign string         `json:"campaign"`
	Purpose  tokens.Purpose `json:"purpose"`
}

// link signs an address that leads to the choice page. One for a notice names
// the notice and opens nothing by itself; one for a session hands over the
// person whom the app has signed in, once.
func (h *Handlers) link(c *gin.Context, _ tracker.APIKey) error {
	var in linkIn
	if err := web.ReadJSON(c, &in); err != nil {
		return err
	}
	ttl := map[tokens.Purpose]time.Duration{tokens.NoticeLink: h.NoticeTTL, tokens.SessionLink: h.SessionTTL}[in.Purpose]
	if ttl == 0 {
		return terms.Faults{{Path: "purpose", Detail: fmt.Sprintf("%q is not one of notice, session", in.Purpose)}}
	}
	offer, err := h.Tracker.Offer(c.Request.Context(), c.Param("person"), in.Campaign)
	if err != nil {
		return fmt.Errorf("link person %s to campaign %s: %w", c.Param("person"), in.Campaign, err)
	}
	now := h.Now()
	token := h.Tokens.Sign(in.Purpose, tokens.Claims{Person: offer.Person.ID, Campaign: in.Campaign, Plan: offer.Plan.Number, ID: "link-" + rand.Text()}, now, ttl)
	c.JSON(http.StatusCreated, gin.H{"url": h.PublicURL + "/l/" + token, "expires_at": expiry(now, ttl)})
	return nil
}

// signOut ends every session of a person on the pages, and puts the platform's
// tokens out of force that were made until now.
func (h *Handlers) signOut(c *gin.Context, _ tracker.APIKey) error {
	if err := h.Tracker.SignOut(c.Request.Context(), c.Param("person"), h.Clock()); err != nil {
		return fmt.Errorf("sign out %s: %w", c.Param("person"), err)
	}
	c.Status(http.StatusNoContent)
	return nil
}

// messagingToken signs who connects to the messaging layer, and on which device:
// what is handed to one is handed to it alone.
func (h *Handlers) messagingToken(c *gin.Context, _ tracker.APIKey) error {
	var in struct {
		Device string `json:"device"`
	}
	body, err := readParams(c)
	if err == nil && body != nil {
		err = web.Decode(body, &in)
	}
	if err != nil {
		return err
	}
	if !messaging.IsDevice(in.Device) {
		return terms.Faults{{Path: "device", Detail: "must be at most 64 letters, digits, dots, dashes and underscores"}}
	}
	p, err := h.Tracker.Person(c.Request.Context(), c.Param("person"))
	if err != nil {
		return fmt.Errorf("sign a messaging token for %s: %w", c.Param("person"), err)
	}
	now := h.Clock() // a connection stays open however a demo moves the other clock
	token := h.Tokens.Sign(tokens.Messaging, messaging.Caller{Person: p.ID, Device: in.Device}.Claims(), now, h.MessagingTTL)
	c.JSON(http.StatusCreated, gin.H{"token": token, "expires_at": expiry(now, h.MessagingTTL)})
	return nil
}

// expiry is when a token signed now is refused, to the precision it carries.
func expiry(now time.Time, ttl time.Duration) time.Time {
	return now.Add(ttl).UTC().Truncate(time.Microsecond)
}
