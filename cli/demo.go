package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"assent/config"
	"assent/demo"
	"assent/handlers"
	"assent/handlers/staff"
	"assent/messaging"
	"assent/templates"
	"assent/terms"
	"assent/tokens"
	"assent/tracker"

	"github.com/spf13/cobra"
)

// demoClockVariable sets where the clock of a demonstration starts.
const demoClockVariable = "ASSENT_DEMO_CLOCK"

// demoKey opens the API of a demonstration. It is no secret: a demonstration
// holds made-up people only, and serve never knows of it.
const demoKey = "assent_demo_key_for_trying_out"

// mostPeople is more than a demonstration gets through in a day.
const mostPeople = 1_000_000

func (p *program) demoCommand() *cobra.Command {
	var directory string
	var empty bool
	var people int
	c := &cobra.Command{
		Use:   "demo",
		Short: "Serve a sample company with 20,000 people and a clock to move",
		Long: `Serves a sample messenger company on this machine: its terms before and after a
change, in six languages, 20,000 made-up people, and a clock you move. Nothing
in it is real, so anybody who can reach it may be anyone in it.

` + demoClockVariable + ` sets where the clock starts (default: two days before the
announcement, or where an earlier demonstration in the same directory ended).`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if people < 0 || people > mostPeople {
				return usageError{fmt.Errorf("--people %d is not between 0 and %d", people, mostPeople)}
			}
			return p.demo(c.Context(), directory, empty, people)
		},
	}
	c.Flags().StringVar(&directory, "dir", "", "keep the demonstration here (default: a fresh one each time)")
	c.Flags().BoolVar(&empty, "empty", false, "start without the sample company, to try your own texts and people")
	c.Flags().IntVar(&people, "people", demo.Size, "how many people to make up")
	return c
}

// demoParts is what a demonstration adds to a server.
type demoParts struct {
	story *demo.Story
	empty bool // without the sample company
}

func (p *program) demo(ctx context.Context, directory string, empty bool, people int) error {
	settings, err := p.settings()
	if err != nil {
		return err
	}
	if directory == "" {
		if directory, err = os.MkdirTemp("", "assent-demo-"); err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(directory) }() // the system clears what is left of a temporary directory
	}
	settings = demoSettings(settings, directory, p.environ)
	if !empty { // an empty one asks in the name of whoever tries it
		defaults, err := config.Load(p.base, "", nil)
		if err != nil {
			return err
		}
		settings.Brand = sampleBrand(settings.Brand, defaults.Brand)
	}
	wanted, err := demoStart(p.environ)
	if err != nil {
		return err
	}
	// The store says where its facts end, and opening it takes a clock: until
	// then the demonstration shows the time of its beginning.
	clock := demo.NewClock(demo.Start(), realClock)
	a, err := p.open(ctx, settings, func() time.Time { return clock.Now() })
	if err != nil {
		return err
	}
	begin, err := demo.Begin(ctx, a.store, wanted)
	if err != nil {
		return errors.Join(err, a.store.Close())
	}
	a.demo = true
	clock = demo.NewClock(begin, realClock)
	story := demo.New(a.tracker.Deps, clock)
	if err := p.prepareDemo(ctx, a, story, empty, people); err != nil {
		return errors.Join(err, a.store.Close())
	}
	return a.run(ctx, &demoParts{story, empty})
}

// demoSettings keeps a demonstration apart from real deployments: its own
// directory, unless the operator names a database for it. The keys then stay
// beside that database, so that a demonstration that is stopped and started
// again can go on.
func demoSettings(s config.Config, directory string, environ []string) config.Config {
	secrets := filepath.Join(directory, "secrets")
	if named(environ, "ASSENT_DATABASE_URL") {
		secrets = s.Secrets.Directory
		if path, ok := strings.CutPrefix(string(s.Database.URL), "sqlite:"); ok {
			secrets = path + ".secrets"
		}
	} else {
		s.Database.URL = config.DatabaseURL("sqlite:" + filepath.Join(directory, "assent.db"))
	}
	if !named(environ, "ASSENT_SECRETS_DIRECTORY") {
		s.Secrets.Directory = secrets
	}
	// A clock that is moved by months restricts everybody in one run: in a
	// demonstration that is the point, so nothing stops it unless it is asked to.
	if !named(environ, "ASSENT_BREAKER_SHARE") {
		s.Breaker.Share = 1
	}
	s.Scheduler.Lease = false // its clock is moved by sweeps of its own
	return s
}

// sampleBrand is the brand of the sample company where the operator left the
// defaults as they are.
func sampleBrand(b, defaults config.Brand) config.Brand {
	for _, part := range []struct {
		set         *string
		unset, ours string
	}{
		{&b.Name, defaults.Name, demo.Brand},
		{&b.Contact, defaults.Contact, demo.Contact},
		{&b.Address, defaults.Address, demo.Company + ", " + demo.Address},
	} {
		if *part.set == part.unset {
			*part.set = part.ours
		}
	}
	return b
}

func named(environ []string, name string) bool { return lookup(environ, name) != "" }

func lookup(environ []string, name string) string {
	for _, pair := range environ {
		if value, ok := strings.CutPrefix(pair, name+"="); ok {
			return value
		}
	}
	return ""
}

func demoStart(environ []string) (time.Time, error) {
	value := lookup(environ, demoClockVariable)
	if value == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, value)
	if err != nil {
		return time.Time{}, &config.Invalid{Faults: []config.Fault{{Key: demoClockVariable, Value: value, Rule: "must be an instant such as 2021-01-04T00:00:00Z"}}}
	}
	return at.UTC(), nil
}

// prepareDemo brings the sample in and says what to open.
func (p *program) prepareDemo(ctx context.Context, a *app, story *demo.Story, empty bool, people int) error {
	if !empty {
		bar := newProgress(p.err, "people of the sample company")
		err := story.Seed(ctx, demo.PlanFile(), people, bar.set)
		bar.done()
		if err != nil {
			return fmt.Errorf("bring in the sample company: %w", err)
		}
	}
	fmt.Fprintf(p.err, `
  Assent demonstration, %s

  front door      %[2]s
  messenger       %[2]s/messenger
  staff console   %[2]s/staff  (sign in from the front door)
  API key         %[3]s
  move the clock  curl -X POST %[2]s/demo/clock -H 'Content-Type: application/json' -d '{"advance":"7d"}'

`, a.now().Format("2 January 2006 15:04 UTC"), a.settings.Server.PublicURL, demoKey)
	return nil
}

// attach opens the doors that only a demonstration has.
func (d *demoParts) attach(a *app, o *handlers.Options) {
	o.Clients.Authenticate = welcome(a.tracker.Authenticate)
	o.Staff.Demo = &staff.Demo{
		Links: demoLinks(),
		Move: func(ctx context.Context, to time.Time) error {
			_, err := d.story.Advance(ctx, to, "demo")
			return err
		},
	}
	o.Demo = &handlers.Demo{
		Brand: a.settings.Brand.Name, Campaign: demo.Campaign, Key: demoKey, People: d.visitors(),
		Messenger: func(*http.Request) (any, error) { return d.messenger(a), nil },
	}
}

// welcome lets in whoever sends the key of the demonstration, besides those
// whose keys are on record. It is on no record itself: a server that is started
// on the same database later does not know it.
func welcome(authenticate func(context.Context, string) (tracker.APIKey, error)) func(context.Context, string) (tracker.APIKey, error) {
	return func(ctx context.Context, secret string) (tracker.APIKey, error) {
		if secret == demoKey {
			return tracker.APIKey{ID: "demo", Name: "demo", Scopes: []string{string(tracker.StaffAll)}}, nil
		}
		return authenticate(ctx, secret)
	}
}

func (d *demoParts) visitors() []templates.DemoPerson {
	if d.empty {
		return nil
	}
	return []templates.DemoPerson{
		{ID: demo.Ana, Name: "Ana", Place: "Brazil", About: "In Brazil, where the whole ladder applies. Reads Portuguese."},
		{ID: demo.Ben, Name: "Ben", Place: "Germany", About: "In Germany, where nothing is taken away. Reads English."},
	}
}

// messenger makes the page with two phones, each signed in as its person.
func (d *demoParts) messenger(a *app) templates.Messenger {
	m := templates.Messenger{
		Brand: a.settings.Brand.Name, Socket: "/messaging/websocket", Now: a.now(), Back: "/messenger", Links: demoLinks(),
		Stages: ladder(),
	}
	var names []templates.MessengerName
	for _, v := range d.visitors() {
		names = append(names, templates.MessengerName{ID: v.ID, Name: v.Name, Place: v.Place})
	}
	m.Choices = names
	for i, n := range names {
		m.Phones = append(m.Phones, templates.MessengerPhone{
			MessengerName: n, Contacts: slices.Concat(names[:i], names[i+1:]),
			Token:     a.secrets.tokens.Sign(tokens.Messaging, messaging.Caller{Person: n.ID}.Claims(), realClock(), messagingTTL),
			ReviewURL: "/demo/review/" + n.ID,
		})
	}
	return m
}

// greet writes the first lines of a conversation, so that the phones are not
// empty. Whoever's stage forbids it stays silent, as anywhere.
func greet(ctx context.Context, layer *messaging.Server) error {
	for _, line := range []struct{ from, to, body string }{
		{demo.Ben, demo.Ana, "Hi Ana! Did you see that Harbor is changing its terms?"},
		{demo.Ana, demo.Ben, "Oi Ben! Not yet. Is it urgent?"},
		{demo.Ben, demo.Ana, "You can decide later. I will read them first."},
	} {
		params, err := json.Marshal(map[string]string{"to": line.to, "body": line.body})
		if err != nil {
			return err
		}
		var refused *messaging.Refusal
		if _, err := layer.Call(ctx, messaging.Caller{Person: line.from}, "messages.send", params); err != nil && !errors.As(err, &refused) && !errors.Is(err, terms.NotFound) {
			return fmt.Errorf("begin the conversation of the demonstration: %w", err)
		}
	}
	return nil
}

func demoLinks() []templates.Link {
	return []templates.Link{{URL: "/", Text: "Front door"}, {URL: "/messenger", Text: "Messenger"}, {URL: "/staff", Text: "Staff console"}}
}

// ladder says in a sentence what each stage of the sample plan means.
func ladder() []templates.MessengerStage {
	return []templates.MessengerStage{
		{Key: "announced", Name: "Announced", Text: "A banner that can be put away. Everything works."},
		{Key: "reminded", Name: "Reminded", Text: "The deadline has passed. Everything still works."},
		{Key: "persistent", Name: "Persistent", Text: "A full-screen reminder at every start. Everything still works."},
		{Key: "limited", Name: "Limited", Text: "No chat list and no new messages or calls. Calls can be answered, notifications replied to."},
		{Key: "suspended_delivery", Name: "Suspended", Text: "No calls and no notifications. Messages wait."},
	}
}
