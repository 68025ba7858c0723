package clients

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"assent/gate"
	"assent/handlers/web"
	"assent/messaging"
	"assent/terms"
	"assent/tokens"
	"assent/tracker"
)

// Options is what the handlers work with. All are required but Authenticate,
// Notices, Origins, Proxies and Gateway.
type Options struct {
	Tracker   *tracker.Tracker
	Gate      *gate.Gate
	Messaging *messaging.Server
	Notices   *gate.Notices // of changed flags; nil: nobody is told
	Tokens    *tokens.Signer
	Now       func() time.Time // the clock of the facts, which a demo moves
	Clock     func() time.Time // the real clock, for durations, caches and messaging tokens

	// Authenticate finds the API key with a secret; nil: the tracker's.
	Authenticate func(ctx context.Context, secret string) (tracker.APIKey, error)
	// ReadPlan reads a plan file in YAML or JSON; the error is terms.Faults.
	ReadPlan func([]byte) (terms.Plan, error)
	// Stopping is closed when the server begins to stop: answers that go on end
	// then. Nil: never.
	Stopping <-chan struct{}
	// Staleness is for how long answers may not know of what was committed.
	Staleness func() time.Duration
	// Check reports why the server cannot do its work now; nil when it can.
	Check func(context.Context) error

	// CheckURL refuses an address that webhooks may not call.
	CheckURL func(string) error

	PublicURL    string        // without a trailing slash
	LogKey       string        // public keys of the log, as signed-note verifiers, one a line
	SessionTTL   time.Duration // of links an app opens for its signed-in person
	NoticeTTL    time.Duration // of links in messages
	MessagingTTL time.Duration // of messaging tokens
	Limits       Limits        // of requests
	Origins      []string      // of pages that may ask for flags; "*" for any
	Proxies      web.Proxies
	Metrics      *prometheus.Registry
	Reminders    Reminders
	Gateway      Gateway
}

// Handlers are the routes for programs.
type Handlers struct {
	Options
	crowd       *crowd // with public keys
	keys        *keyring
	metrics     *metrics
	invitations *invitations
	buffers     sync.Pool // of *[]byte, for answers about flags and decisions
	jsonType    []string  // their Content-Type, which all of them share and nobody writes into
	contexts    contexts
	journal     *journal
	routes      routes       // that gateways ask about
	readers     atomic.Int64 // of streams
}

// New returns the handlers, and registers what they count with the registry.
func New(o Options) (*Handlers, error) {
	if o.Authenticate == nil {
		o.Authenticate = o.Tracker.Authenticate
	}
	h := &Handlers{Options: o, keys: newKeyring(o), crowd: newCrowd(), invitations: newInvitations(o), routes: newRoutes(o.Gateway.Routes)}
	h.jsonType = []string{"application/json; charset=utf-8"}
	h.buffers.New = func() any { return new([]byte) }
	h.journal = &journal{read: h.entries}
	var err error
	h.metrics, err = newMetrics(o, h.readers.Load)
	return h, err
}

// Measure counts a request and how long it took; give it to the engine.
func (h *Handlers) Measure(c *gin.Context, took time.Duration) { h.metrics.measure(c, took) }

// Mount adds every route. Those under /ofrep answer errors in their own form
// and pages of any origin.
func (h *Handlers) Mount(r gin.IRouter) {
	h.mountManagement(r.Group("/api/v1", web.Noted))
	h.mountFlags(r.Group("/ofrep/v1"))

	r.POST("/access/v1/evaluation", h.by(h.evaluation, tracker.DecisionsRead))
	r.POST("/access/v1/evaluations", h.by(h.evaluations, tracker.DecisionsRead))
	r.GET("/.well-known/authzen-configuration", web.Handle(h.accessMetadata))

	h.mountGateway(r.Group("/gateway"))

	r.GET("/ledger/checkpoint", web.Handle(h.checkpoint))
	r.GET("/ledger/tile/*path", web.Handle(h.tile))
	r.GET("/ledger/key", web.Handle(h.logKey))

	r.POST("/messaging/v1/rpc/:method", web.Handle(h.call))
	r.GET("/messaging/websocket", gin.WrapH(h.Messaging.WebSocket()))

	r.GET("/healthz", web.Handle(h.alive))
	r.GET("/readyz", web.Handle(h.ready))
	r.GET("/metrics", gin.WrapH(h.metrics.handler()))
}

func (h *Handlers) mountManagement(r gin.IRouter) {
	r.GET("/documents/:document/versions", h.by(h.listVersions, private()...))
	r.GET("/documents/:document/versions/:version", h.by(h.getVersion, private()...))
	r.PUT("/documents/:document/versions/:version", h.by(h.putVersion, tracker.CampaignsWrite))
	r.POST("/documents/:document/versions/:version/publish", h.by(h.publish, tracker.CampaignsWrite))

	r.GET("/campaigns/:campaign", h.by(h.getCampaign, private()...))
	h.mountCampaigns(r, tracker.CampaignsWrite)

	r.POST("/people", h.by(h.addPeople, tracker.PeopleWrite))
	r.GET("/people/:person", h.by(h.getPerson, tracker.PeopleWrite, tracker.DecisionsRead))
	r.DELETE("/people/:person", h.by(h.deletePerson, tracker.PeopleWrite))
	r.POST("/people/:person/erase", h.by(h.erasePerson, tracker.PeopleErase))
	r.GET("/people/:person/export", h.by(h.exportPerson, tracker.EvidenceRead))
	r.GET("/people/:person/standing", h.by(h.standing, tracker.PeopleWrite, tracker.DecisionsRead))
	r.GET("/people/:person/explanation", h.by(h.explanation, tracker.PeopleWrite, tracker.DecisionsRead))
	r.GET("/people/:person/reminders/:campaign", h.by(h.reminder, tracker.PeopleWrite, tracker.DecisionsRead))
	r.GET("/people/:person/contact", h.by(h.getContact, tracker.PeopleWrite))
	r.PUT("/people/:person/contact", h.by(h.putContact, tracker.PeopleWrite))
	r.DELETE("/people/:person/contact", h.by(h.deleteContact, tracker.PeopleWrite))
	r.POST("/people/:person/links", h.by(h.link, tracker.PeopleWrite))
	r.DELETE("/people/:person/sessions", h.by(h.signOut, tracker.PeopleWrite))
	r.POST("/people/:person/notices", h.by(h.notice, tracker.PeopleWrite))
	r.POST("/bounces", h.by(h.bounces, tracker.PeopleWrite))
	r.GET("/deliveries", h.by(h.deliveries, tracker.PeopleWrite))
	r.POST("/deliveries/:notice/retry", h.by(h.resend, tracker.PeopleWrite))
	r.POST("/people/:person/messaging-token", h.by(h.messagingToken, tracker.PeopleWrite))
	r.POST("/people/:person/flags-token", h.by(h.flagsToken, tracker.PeopleWrite))
	r.POST("/people/:person/extensions", h.by(h.extend, tracker.PeopleWrite))
	r.POST("/people/:person/exemptions", h.by(h.exempt, tracker.PeopleWrite))
	r.DELETE("/people/:person/exemptions", h.by(h.endExemption, tracker.PeopleWrite))
	r.POST("/people/:person/responses", h.by(h.respond, tracker.ResponsesWrite))
	r.GET("/people/:person/responses", h.by(h.landed, tracker.ResponsesWrite, tracker.PeopleWrite))

	r.GET("/keys", h.by(h.listKeys, tracker.StaffAll))
	r.POST("/keys", h.by(h.createKey, tracker.StaffAll))
	r.POST("/keys/:key/rotate", h.by(h.rotateKey, tracker.StaffAll))
	r.DELETE("/keys/:key", h.by(h.revokeKey, tracker.StaffAll))

	r.GET("/receipts/:receipt", h.by(h.receipt, tracker.ResponsesWrite, tracker.PeopleWrite))
	r.GET("/receipts/:receipt/evidence", h.by(h.receiptEvidence, tracker.EvidenceRead))
	r.GET("/people/:person/evidence", h.by(h.personEvidence, tracker.EvidenceRead))
	r.GET("/changes", h.by(h.changes, tracker.DecisionsRead))
	r.GET("/enforcement", h.by(h.snapshot, tracker.DecisionsRead))
	r.GET("/enforcement/stream", h.by(h.follow, tracker.DecisionsRead))
	r.GET("/enforcement/points", h.by(h.listPoints, tracker.DecisionsRead, tracker.StaffAll))
	r.PUT("/enforcement/points/:point", h.by(h.reportPoint, tracker.DecisionsRead))
	r.DELETE("/enforcement/points/:point", h.by(h.forgetPoint, tracker.StaffAll))
	h.mountWebhooks(r, tracker.StaffAll)
}

// mountCampaigns adds what those who run campaigns do.
func (h *Handlers) mountCampaigns(r gin.IRouter, scope tracker.Scope) {
	one := r.Group("/campaigns/:campaign")
	one.PUT("/plans", h.by(h.putPlan, scope))
	one.GET("/plans", h.by(h.listPlans, scope))
	one.GET("/plans/:plan", h.by(h.getPlan, scope))
	one.GET("/plans/:plan/diff", h.by(h.diffPlan, scope))
	one.POST("/plans/:plan/preview", h.by(h.previewPlan, scope))
	one.POST("/plans/:plan/activate", h.by(h.activate, scope))
	one.POST("/plans/:plan/confirm", h.by(h.confirm, scope))

	one.POST("/preview", h.by(h.preview, scope))
	one.GET("/breaker", h.by(h.getBreaker, scope))
	one.POST("/breaker", h.by(h.expect, scope))
	one.GET("/unreached", h.by(h.unreached, scope))
	one.GET("/failures", h.by(h.failures, scope))
	one.POST("/notices", h.by(h.manyNotices, tracker.PeopleWrite))
	one.POST("/failures/:person/retry", h.by(h.retry, scope))

	one.GET("/holds", h.by(h.listHolds, scope))
	one.POST("/holds", h.by(h.placeHold, scope))
	one.DELETE("/holds/:hold", h.by(h.releaseHold, scope))
	one.GET("/reversals", h.by(h.listReversals, scope))
	one.POST("/reversals", h.by(h.reverse, scope))
	one.GET("/reversals/:reversal", h.by(h.getReversal, scope))
	one.DELETE("/reversals/:reversal", h.by(h.undo, scope))

	r.GET("/approvals", h.by(h.listApprovals, scope))
	r.GET("/approvals/:approval", h.by(h.getApproval, scope))
	r.POST("/approvals/:approval/approve", h.by(h.approve, scope))
	r.POST("/approvals/:approval/reject", h.by(h.reject, scope))

	r.GET("/acts", h.by(h.listActs, tracker.StaffAll))
	r.GET("/acts/:act", h.by(h.getAct, tracker.StaffAll))
	r.GET("/runs", h.by(h.runs, scope))
	r.GET("/pause", h.by(h.getPause, tracker.StaffAll))
	r.PUT("/pause", h.by(h.pause, tracker.StaffAll))
	r.DELETE("/pause", h.by(h.resume, tracker.StaffAll))
}

func (h *Handlers) mountFlags(r gin.IRouter) {
	r.Use(origins(h.Origins).share)
	r.POST("/evaluate/flags", flagErrors(h.bulk))
	r.POST("/evaluate/flags/:key", flagErrors(h.single))
	r.OPTIONS("/evaluate/flags", preflight)
	r.OPTIONS("/evaluate/flags/:key", preflight)
	r.GET("/streams", flagErrors(h.listen))
}

// alive says that the process answers.
func (h *Handlers) alive(c *gin.Context) error {
	c.JSON(http.StatusOK, gin.H{"status": "ok"})
	return nil
}

// ready says that answers are right: positions are loaded and the database is
// there.
func (h *Handlers) ready(c *gin.Context) error {
	unavailable := &web.Problem{Status: http.StatusServiceUnavailable, Type: "not_ready", Header: map[string]string{"Retry-After": "1"}}
	if !h.Gate.Ready() {
		unavailable.Detail = "positions are still being loaded"
		return unavailable
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), databaseWithin)
	defer cancel()
	unavailable.Fields = map[string]any{"stale_seconds": h.Staleness().Seconds(), "revision": h.Gate.Revision()}
	if err := h.Check(ctx); err != nil {
		unavailable.Detail = "the database does not answer"
		return unavailable
	}
	c.JSON(http.StatusOK, gin.H{"status": "ready", "revision": h.Gate.Revision(), "stale_seconds": h.Staleness().Seconds()})
	return nil
}
