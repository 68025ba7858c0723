// Package ledger is the evidence: it turns what a person chose into bytes that
// can be checked years later, offline, with one public key.
//
// A response becomes a Record in one canonical form. The SHA-256 of that form
// is a leaf of an append-only Merkle tree (RFC 6962), kept as C2SP tlog-tiles.
// The head of the tree is signed as a checkpoint, and a Receipt carries the
// record, its path to the head and the checkpoint. Any later change to a
// record, or to the order of records, shows: the log is tamper-evident. It is
// not tamper-proof, and Verify says what a receipt does not prove.
//
// The package is pure: no I/O, no clock, no database. Whoever keeps the log
// stores what Append returns in the transaction that stores the records.
// docs/evidence.md describes every format byte for byte.
package ledger
