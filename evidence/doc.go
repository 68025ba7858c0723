// Package evidence is what leaves the house: a whole log in a directory, and
// the evidence pack of a person or a receipt in one ZIP file. It writes both,
// and verifies both offline, with the public keys of the log alone.
//
// A verification never stops at "wrong": it names the piece, and of a log the
// first record that is not what was logged. docs/evidence.md describes the
// layouts.
package evidence
