package evidence

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"assent/ledger"

	"golang.org/x/mod/sumdb/note"
)

// Bounds of a pack that is read, so that a hostile one does no harm.
const (
	mostFiles    = 100_000
	largestFile  = 32 << 20
	largestTotal = 4 << 30
)

// PackReport is what a verified pack says.
type PackReport struct {
	Files    int
	Person   string // "" when the pack does not show whose it is
	Receipts []PackedReceipt
}

// PackedReceipt is one verified choice of a pack.
type PackedReceipt struct {
	ledger.Report
	Size     int64  // of the log under the pack's own checkpoint, where the record still is
	Details  string // JSON, shown to be the ones recorded; "" when the pack has none
	Texts    bool   // all texts are there and are the ones recorded
	Snapshot bool   // so is the page
}

// pack is a ZIP file being verified.
type pack struct {
	files  map[string]*zip.File
	wanted map[string]bool // files that are accounted for
	faults Unproved
}

// VerifyPack verifies an evidence pack: every file against the manifest, and
// every choice with what belongs to it against the public keys of the log. The
// error is an *Unproved where something does not hold.
func VerifyPack(r io.ReaderAt, size int64, known note.Verifiers) (PackReport, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return PackReport{}, unproved("the ZIP file", "%v", err)
	}
	p := &pack{files: map[string]*zip.File{}, wanted: map[string]bool{}}
	report := PackReport{Files: len(archive.File)}
	if err := p.index(archive); err != nil {
		return report, err
	}
	m := p.manifest()
	if p.faults.Count > 0 {
		return report, p.faults.orNil()
	}
	checkpoint := p.checkpoint(known)
	person, key := p.owner()
	report.Person = person
	for _, id := range m.Receipts {
		report.Receipts = append(report.Receipts, p.receipt(id, known, checkpoint, person, key))
	}
	for _, name := range []string{manifestFile, readmeFile, keysFile, historyFile} {
		p.read(name)
	}
	for name := range p.files {
		if !p.wanted[name] { // what is proved of documents/ and snapshots/ is said of all that lies there
			p.faults.add(name, "belongs to no receipt that the manifest names")
		}
	}
	return report, p.faults.orNil()
}

// index notes the files by name, and refuses what no pack of ours has.
func (p *pack) index(archive *zip.Reader) error {
	total := uint64(0)
	if len(archive.File) > mostFiles {
		return unproved("the ZIP file", "has %d files", len(archive.File))
	}
	for _, f := range archive.File {
		if total += f.UncompressedSize64; f.UncompressedSize64 > largestFile || total > largestTotal {
			return unproved(f.Name, "is too large to be part of a pack")
		}
		if p.files[f.Name] != nil {
			return unproved(f.Name, "is in the pack twice")
		}
		p.files[f.Name] = f
	}
	return nil
}

// read returns a file; nil, with a fault, when it is not there or damaged.
func (p *pack) read(name string) []byte {
	p.wanted[name] = true
	f := p.files[name]
	if f == nil {
		p.faults.add(name, "is missing")
		return nil
	}
	in, err := f.Open()
	if err != nil {
		p.faults.add(name, "%v", err)
		return nil
	}
	data, err := io.ReadAll(io.LimitReader(in, largestFile))
	if err = errors.Join(err, in.Close()); err != nil {
		p.faults.add(name, "%v", err)
		return nil
	}
	return data
}

// manifest reads the list of files and compares each file with it.
func (p *pack) manifest() manifest {
	var m manifest
	data := p.read(manifestFile)
	if data == nil {
		return m
	}
	if err := strict(data, &m); err != nil || m.Format != 1 {
		p.faults.add(manifestFile, "is not a manifest of format 1 (%v)", err)
		return m
	}
	listed := map[string]bool{manifestFile: true}
	for _, f := range m.Files {
		listed[f.Path] = true
		sum := sha256.Sum256(p.read(f.Path))
		if p.files[f.Path] != nil && hex.EncodeToString(sum[:]) != f.SHA256 {
			p.faults.add(f.Path, "is not the file that the manifest lists: its SHA-256 is %x", sum)
		}
	}
	for name := range p.files {
		if !listed[name] {
			p.faults.add(name, "is not in the manifest")
		}
	}
	clear(p.wanted)
	return m
}

// checkpoint reads the newest state of the log.
func (p *pack) checkpoint(known note.Verifiers) ledger.Checkpoint {
	c, err := ledger.ParseCheckpoint(string(p.read(checkpointFile)), known)
	if err != nil {
		p.faults.add(checkpointFile, "%v", err)
	}
	return c
}

// owner reads whose records these are; "" when the pack does not say.
func (p *pack) owner() (string, [32]byte) {
	var o owner
	var key [32]byte
	if p.files[personFile] == nil {
		return "", key
	}
	raw, err := []byte(nil), strict(p.read(personFile), &o)
	if err == nil {
		raw, err = hex.DecodeString(o.Key)
	}
	if err != nil || len(raw) != len(key) || o.Person == "" {
		p.faults.add(personFile, "does not hold a person and a key")
		return "", key
	}
	copy(key[:], raw)
	return o.Person, key
}

// receipt verifies one choice and what belongs to it.
func (p *pack) receipt(id string, known note.Verifiers, checkpoint ledger.Checkpoint, person string, key [32]byte) PackedReceipt {
	dir := "receipts/" + id + "/"
	out := PackedReceipt{Report: p.proved(dir+"receipt.json", known)}
	today := p.proved(dir+"today.json", known)
	record := out.Record
	if record.ReceiptID == "" || today.Record.ReceiptID == "" {
		return out // said already
	}
	if record.ReceiptID != id {
		p.faults.add(dir+"receipt.json", "is the receipt %q", record.ReceiptID)
	}
	if today.Leaf != out.Leaf || today.Index != out.Index || today.Checkpoint.Text != checkpoint.Text {
		p.faults.add(dir+"today.json", "does not prove the record of receipt.json under the checkpoint of the pack")
	}
	out.Size = today.Checkpoint.Head.Size
	if person != "" && ledger.Pseudonym(key, person) != record.Person {
		p.faults.add(personFile, "does not lead to the pseudonym in %sreceipt.json", dir)
	}
	out.Details = p.details(dir, record)
	out.Texts = p.texts(record)
	if record.Snapshot != "" && p.files[snapshotPath(record.Snapshot)] != nil {
		if out.Snapshot = digestOf(p.read(snapshotPath(record.Snapshot))) == record.Snapshot; !out.Snapshot {
			p.faults.add(snapshotPath(record.Snapshot), "is not the page in the record")
		}
	}
	return out
}

// proved reads and verifies a receipt; a zero report, with a fault, when it
// does not hold.
func (p *pack) proved(name string, known note.Verifiers) ledger.Report {
	data := p.read(name)
	if data == nil {
		return ledger.Report{}
	}
	r, err := ledger.ParseReceipt(data)
	if err != nil {
		p.faults.add(name, "%v", err)
		return ledger.Report{}
	}
	report, err := ledger.VerifyBy(r, known)
	if err != nil {
		p.faults.add(name, "%v", err)
		return ledger.Report{}
	}
	return report
}

// details checks the commitment to the personal details, where they are.
func (p *pack) details(dir string, record ledger.Record) string {
	if p.files[dir+"details.json"] == nil && p.files[dir+"salt"] == nil {
		return ""
	}
	details, text := p.read(dir+"details.json"), p.read(dir+"salt")
	var salt [32]byte
	raw, err := hex.DecodeString(string(text))
	if err != nil || len(raw) != len(salt) {
		p.faults.add(dir+"salt", "is not 32 bytes in hex")
		return ""
	}
	copy(salt[:], raw)
	if ledger.Commit(salt, details) != record.Details {
		p.faults.add(dir+"details.json", "is not what the record commits to, with that salt")
		return ""
	}
	return string(details)
}

// texts compares the sources of the documents with the record.
func (p *pack) texts(record ledger.Record) bool {
	whole := true
	for _, d := range record.Documents {
		path := textPath(d.Document, d.Version, d.Locale)
		if p.files[path] == nil {
			whole = false
			continue
		}
		if digestOf(p.read(path)) != d.SHA256 {
			p.faults.add(path, "is not the text in the record of receipt %s", record.ReceiptID)
		}
	}
	return whole
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// strict reads exactly one JSON value that has no names we do not know.
func strict(data []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("has something after its end")
	}
	return nil
}

// String is the whole report for a reader.
func (r PackReport) String() string {
	var b strings.Builder
	for _, one := range r.Receipts {
		fmt.Fprintf(&b, "Receipt %s\n\n%s\n", one.Record.ReceiptID, report(one.proved(r.Person), one.open(r.Person)))
	}
	fmt.Fprintf(&b, "All %d files are those of the manifest.\n", r.Files)
	return b.String()
}

func (r PackedReceipt) proved(person string) []string {
	out := slices.Concat(r.Proved(), []string{fmt.Sprintf("The record is still there in the log of %d records.", r.Size)})
	if person != "" {
		out = append(out, fmt.Sprintf("The pseudonym in it is that of the person %q.", person))
	}
	if r.Details != "" {
		out = append(out, "The details are those recorded then: "+r.Details)
	}
	if r.Texts {
		out = append(out, "The texts under documents/ are the ones in the record, byte for byte.")
	}
	if r.Snapshot {
		out = append(out, "The page under snapshots/ is the one in the record, byte for byte.")
	}
	return out
}

func (r PackedReceipt) open(person string) []string {
	out := []string{
		"The time: it is that of the server's own clock.",
		"The stages and notices in history.json: they are the operator's account.",
		"That this is the only history: compare the checkpoint with one that was kept elsewhere.",
	}
	if person == "" {
		out = append(out, "Who the person is: the pack does not show it; it may have been erased.")
	}
	if r.Details == "" {
		out = append(out, "The details, such as the address: the pack does not show them; they may have been erased.")
	}
	if !r.Texts {
		out = append(out, "What the texts say: not all of them are in the pack.")
	}
	if !r.Snapshot {
		out = append(out, "What the page looked like: it is not in the pack, or somebody else showed it.")
	}
	return out
}
