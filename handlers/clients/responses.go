package clients

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"assent/handlers/web"
	"assent/ledger"
	"assent/terms"
	"assent/tracker"
)

type documentJSON struct {
	Document string `json:"document"`
	Version  string `json:"version"`
	Locale   string `json:"locale"`
	SHA256   string `json:"sha256"`
}

type responseIn struct {
	Campaign    string         `json:"campaign"`
	Action      terms.Action   `json:"action"`
	Documents   []documentJSON `json:"documents"`
	PresentedAt time.Time      `json:"presented_at"`
	RespondedAt time.Time      `json:"responded_at"`
	Sentence    string         `json:"sentence"`     // what the app said the choice means
	ButtonLabel string         `json:"button_label"` // what was on the button
	Details     detailsIn      `json:"details"`
	OnBehalf    *onBehalfIn    `json:"on_behalf"` // somebody else chose for the person
}

type onBehalfIn struct {
	By       string          `json:"by"`
	Relation ledger.Relation `json:"relation"`
	Note     string          `json:"note"`
}

// Limits of what is said about who chose for a person, in bytes.
const (
	maxBy   = 200
	maxNote = 1000
)

// check returns every fault at once, or nil.
func (in onBehalfIn) check() error {
	var faults terms.Faults
	if in.By == "" || len(in.By) > maxBy {
		faults = append(faults, terms.Fault{Path: "on_behalf.by", Detail: fmt.Sprintf("say who chose for the person, in at most %d bytes", maxBy)})
	}
	if in.Relation != ledger.Guardian && in.Relation != ledger.Company {
		faults = append(faults, terms.Fault{Path: "on_behalf.relation", Detail: fmt.Sprintf("%q is not one of guardian, company", in.Relation)})
	}
	if len(in.Note) > maxNote {
		faults = append(faults, terms.Fault{Path: "on_behalf.note", Detail: fmt.Sprintf("is longer than %d bytes", maxNote)})
	}
	return faults.OrNil()
}

// detailsIn are the person's circumstances as the app knows them. What the
// connection itself shows is recorded besides.
type detailsIn struct {
	ClientIP   string `json:"client_ip"`
	UserAgent  string `json:"user_agent"`
	AppVersion string `json:"app_version"`
	Device     string `json:"device"`
}

type receiptOut struct {
	ReceiptID  string         `json:"receipt_id"`
	Person     string         `json:"person"`
	Campaign   string         `json:"campaign"`
	Plan       int            `json:"plan"`
	Action     terms.Action   `json:"action"`
	Effect     terms.Effect   `json:"effect,omitempty"` // of an acceptance
	RecordedAt time.Time      `json:"recorded_at"`
	Documents  []documentJSON `json:"documents"`
	Record     jsontext.Value `json:"record"` // canonical: what the log holds
	Proof      proofOut       `json:"proof"`
}

// proofOut is a ledger.Proof whose many hashes are written without a text each.
type proofOut struct {
	LeafIndex  int64  `json:"leaf_index"`
	TreeSize   int64  `json:"tree_size"`
	Hashes     []hash `json:"hashes"`
	Checkpoint string `json:"checkpoint"`
}

type hash ledger.Hash

// AppendText writes the hash as a ledger.Hash is written.
func (h hash) AppendText(to []byte) ([]byte, error) {
	return base64.StdEncoding.AppendEncode(to, h[:]), nil
}

func proofOf(p ledger.Proof) proofOut {
	out := proofOut{LeafIndex: p.LeafIndex, TreeSize: p.TreeSize, Checkpoint: p.Checkpoint, Hashes: make([]hash, len(p.Hashes))}
	for i, h := range p.Hashes {
		out.Hashes[i] = hash(h)
	}
	return out
}

func receiptOf(r tracker.Receipt) receiptOut {
	out := receiptOut{
		ReceiptID: r.ReceiptID, Person: r.Person, Campaign: r.Campaign, Plan: r.Plan, Action: r.Action, Effect: r.Effect,
		RecordedAt: r.RecordedAt.UTC(), Documents: []documentJSON{}, Record: r.Record, Proof: proofOf(r.Proof),
	}
	for _, d := range r.Documents {
		out.Documents = append(out.Documents, documentJSON(d))
	}
	return out
}

// answerReceipt writes the record byte for byte as the log holds it.
func answerReceipt(c *gin.Context, status int, r tracker.Receipt) error {
	data, err := json.Marshal(receiptOf(r))
	if err != nil {
		return fmt.Errorf("write receipt %s: %w", r.ReceiptID, err)
	}
	c.Data(status, "application/json; charset=utf-8", data)
	return nil
}

// choice is what was sent, with what the connection shows. The address the app
// gives is the person's own, behind the app's server.
func (in responseIn) choice(c *gin.Context, k tracker.APIKey, proxies web.Proxies) tracker.Choice {
	address := proxies.Address(c.Request)
	details := ledger.Details{
		PeerIP: address.Peer, ClientIP: address.Client, ClientIPRule: address.Rule,
		UserAgent: in.Details.UserAgent, AppVersion: in.Details.AppVersion, Device: in.Details.Device,
	}
	if in.Details.ClientIP != "" {
		details.ClientIP, details.ClientIPRule = in.Details.ClientIP, "given by the client"
	}
	choice := tracker.Choice{
		Person: c.Param("person"), Campaign: in.Campaign, Action: in.Action, IdempotencyKey: c.GetHeader("Idempotency-Key"),
		Method: ledger.MethodAPI, Actor: actor(k), Sentence: in.Sentence, ButtonLabel: in.ButtonLabel,
		PresentedAt: in.PresentedAt.UTC(), RespondedAt: in.RespondedAt.UTC(), Details: details,
	}
	if in.OnBehalf != nil {
		choice.Method = ledger.MethodOnBehalf
		choice.Details.OnBehalf = ledger.OnBehalf{By: in.OnBehalf.By, Relation: in.OnBehalf.Relation, Note: in.OnBehalf.Note}
	}
	for _, d := range in.Documents {
		choice.Documents = append(choice.Documents, terms.DocumentText(d))
	}
	return choice
}

// check refuses what no rule of the tracker looks at.
func (in responseIn) check(c *gin.Context) error {
	if len(c.Request.Header["Idempotency-Key"]) > 1 { // whoever else reads it might take the other
		return terms.Faults{{Path: "Idempotency-Key", Detail: "stands twice: send one"}}
	}
	if in.Details.ClientIP != "" {
		if _, err := netip.ParseAddr(in.Details.ClientIP); err != nil {
			return terms.Faults{{Path: "details.client_ip", Detail: "must be an address such as 203.0.113.7 or 2001:db8::7, or left out"}}
		}
	}
	if in.OnBehalf != nil {
		return in.OnBehalf.check()
	}
	return nil
}

func (h *Handlers) respond(c *gin.Context, k tracker.APIKey) error {
	var in responseIn
	if err := web.ReadJSON(c, &in); err != nil {
		return err
	}
	if err := in.check(c); err != nil {
		return err
	}
	receipt, created, err := h.Tracker.Respond(c.Request.Context(), in.choice(c, k, h.Proxies))
	if err != nil {
		return fmt.Errorf("record a response of %s: %w", c.Param("person"), err)
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
		c.Header("Location", "/api/v1/receipts/"+receipt.ReceiptID)
	}
	return answerReceipt(c, status, receipt)
}

// landed answers whether a choice was recorded whose reply was lost.
func (h *Handlers) landed(c *gin.Context, _ tracker.APIKey) error {
	keys := c.QueryArray("idempotency_key")
	if len(keys) != 1 || keys[0] == "" {
		return terms.Faults{{Path: "idempotency_key", Detail: "must stand here once: give the Idempotency-Key the choice was sent with"}}
	}
	receipt, err := h.Tracker.Landed(c.Request.Context(), c.Param("person"), keys[0])
	if err != nil {
		return fmt.Errorf("find a response of %s by its key: %w", c.Param("person"), err)
	}
	return answerReceipt(c, http.StatusOK, receipt)
}

func (h *Handlers) receipt(c *gin.Context, _ tracker.APIKey) error {
	receipt, err := h.Tracker.Receipt(c.Request.Context(), c.Param("receipt"))
	if err != nil {
		return fmt.Errorf("get receipt %s: %w", c.Param("receipt"), err)
	}
	return answerReceipt(c, http.StatusOK, receipt)
}
