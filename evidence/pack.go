package evidence

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/url"
	"strings"
	"time"

	"assent/ledger"
	"assent/tracker"
)

// Names in an evidence pack, besides those of a log.
const (
	manifestFile = "manifest.json"
	personFile   = "person.json"
	historyFile  = "history.json"
)

// manifest lists every file of a pack but itself.
type manifest struct {
	Format   int         `json:"format"`
	Receipts []string    `json:"receipts"`
	MadeAt   time.Time   `json:"made_at"`
	Files    []fileEntry `json:"files"`
}

type fileEntry struct {
	Path   string `json:"path"`
	Bytes  int    `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// owner says whose pseudonym the records hold.
type owner struct {
	Person string `json:"person"`
	Key    string `json:"key"` // hex
}

// history is what happened to the person around the choices.
type history struct {
	Transitions []move   `json:"transitions"`
	Notices     []notice `json:"notices"`
}

type move struct {
	At        time.Time     `json:"at"`
	Campaign  string        `json:"campaign"`
	Plan      int           `json:"plan"`
	FromStage int           `json:"from_stage"` // 0 is the first of the plan's stages
	ToStage   int           `json:"to_stage"`
	Cause     tracker.Cause `json:"cause"`
}

type notice struct {
	At        time.Time          `json:"at"`
	Campaign  string             `json:"campaign"`
	Plan      int                `json:"plan"`
	Stage     int                `json:"stage"`
	Kind      tracker.NoticeKind `json:"kind"`
	Channel   tracker.Channel    `json:"channel"`
	Presented bool               `json:"presented"` // known to have been seen
	Delivered bool               `json:"delivered"`
}

// WritePack writes the evidence of a dossier as a ZIP file, piece by piece: only
// one choice is in memory at a time. The keys are the public keys of the log.
func WritePack(ctx context.Context, t *tracker.Tracker, d tracker.Dossier, keys string, w io.Writer) error {
	at := t.Now().UTC()
	p := &packer{zip: zip.NewWriter(w), at: at, manifest: manifest{Format: 1, Receipts: d.Receipts, MadeAt: at}}
	p.put(readmeFile, []byte(packReadme))
	p.put(keysFile, []byte(keys+"\n"))
	p.put(checkpointFile, d.Checkpoint)
	if d.Person != "" && d.Key != nil {
		p.putJSON(personFile, owner{d.Person, hex.EncodeToString(d.Key)})
	}
	p.putJSON(historyFile, historyOf(d))
	for _, id := range d.Receipts {
		e, err := t.Exhibit(ctx, d, id)
		if err != nil {
			return err
		}
		p.exhibit(e)
	}
	p.putJSON(manifestFile, p.manifest)
	if p.err != nil {
		return p.err
	}
	return p.zip.Close()
}

// packer writes files until one fails.
type packer struct {
	zip      *zip.Writer
	at       time.Time
	manifest manifest
	err      error
}

// exhibit writes the files of a choice.
func (p *packer) exhibit(e tracker.Exhibit) {
	dir := "receipts/" + url.PathEscape(e.ReceiptID) + "/"
	p.putJSON(dir+"receipt.json", ledger.Receipt{Record: e.Record, Proof: e.Proof})
	p.putJSON(dir+"today.json", ledger.Receipt{Record: e.Record, Proof: e.Today})
	if e.Details != nil && e.Salt != nil {
		p.put(dir+"details.json", e.Details)
		p.put(dir+"salt", []byte(hex.EncodeToString(e.Salt)))
	}
	for i, d := range e.Documents {
		if i < len(e.Texts) {
			p.once(textPath(d.Document, d.Version, d.Locale), []byte(e.Texts[i].Markdown))
		}
	}
	if e.Snapshot.SHA256 != "" {
		p.once(snapshotPath(e.Snapshot.SHA256), e.Snapshot.HTML)
	}
}

// textPath is where the source of a text lies in a pack.
func textPath(document, version, locale string) string {
	parts := []string{"documents", document, version, locale + ".md"}
	for i, part := range parts {
		if parts[i] = url.PathEscape(part); strings.Trim(part, ".") == "" {
			parts[i] = strings.ReplaceAll(part, ".", "%2E")
		}
	}
	return strings.Join(parts, "/")
}

// snapshotPath is where a page lies in a pack.
func snapshotPath(sha256 string) string { return "snapshots/" + sha256 + ".html" }

// once writes a file that several choices may share.
func (p *packer) once(path string, data []byte) {
	for _, f := range p.manifest.Files {
		if f.Path == path {
			return
		}
	}
	p.put(path, data)
}

func (p *packer) putJSON(path string, v any) {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil && p.err == nil {
		p.err = err
	}
	p.put(path, append(data, '\n'))
}

func (p *packer) put(path string, data []byte) {
	if p.err != nil {
		return
	}
	file, err := p.zip.CreateHeader(&zip.FileHeader{Name: path, Method: zip.Deflate, Modified: p.at})
	if err == nil {
		_, err = file.Write(data)
	}
	p.err = err
	sum := sha256.Sum256(data)
	p.manifest.Files = append(p.manifest.Files, fileEntry{Path: path, Bytes: len(data), SHA256: hex.EncodeToString(sum[:])})
}

func historyOf(d tracker.Dossier) history {
	h := history{Transitions: []move{}, Notices: []notice{}}
	for _, t := range d.Transitions {
		h.Transitions = append(h.Transitions, move{At: t.At, Campaign: t.Campaign, Plan: t.Plan, FromStage: t.From, ToStage: t.To, Cause: t.Cause})
	}
	for _, n := range d.Notices {
		h.Notices = append(h.Notices, notice{
			At: n.At, Campaign: n.Campaign, Plan: n.Plan, Stage: n.Stage, Kind: n.Kind, Channel: n.Channel,
			Presented: n.Presented, Delivered: n.Delivered,
		})
	}
	return h
}

const packReadme = `Evidence of what a person chose, and how to check it without us
================================================================

  receipts/ID/receipt.json   the choice: the record as it was logged, its place in the log, and the signed
                             checkpoint that was handed out with it
  receipts/ID/today.json     the same record, proved under the newest checkpoint
  receipts/ID/details.json   address, device and the like, and
  receipts/ID/salt           what shows that they are the ones recorded; both are gone once they were erased
  documents/...              the exact source texts that were shown, in the language in which they were shown
  snapshots/...              the pages as they were shown
  person.json                whose account it is, and the key that shows it; gone once it was erased
  history.json               the person's stages and notices before and after. Nothing proves them but our word
  checkpoint                 the newest signed state of the log
  keys                       the public keys of the log: a copy, which proves nothing by itself
  manifest.json              every file with its SHA-256

Take the public keys of the log from somewhere else than here, for example from where they were published at the
time, and check everything with

  assent verify PACK.zip --key KEYS

or without any program of ours: docs/evidence.md of Assent describes every byte, and examples/verify/verify.mjs is a
second program, written from that document alone, that runs with nothing but Node:

  node verify.mjs --key KEYS receipts/ID/receipt.json

By hand, with what every system has:

  the text    sha256sum of a file under documents/ is the sha256 of that document in the record
  the page    sha256sum of a file under snapshots/ is snapshot_sha256 in the record
  the details SHA-256 of the 32 bytes in salt (hex), followed by details.json, is details in the record
  the person  HMAC-SHA-256 of the person's id, under the key in person.json (hex), is person in the record

What it does not prove: that the server's clock was right, that there is no other history of the log (compare the
checkpoint with one that was kept elsewhere), and that no other choice was made that was never written.
`
