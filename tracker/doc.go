// Package tracker holds the use-cases of Assent: publish, enroll, respond,
// notice, sweep, hold and the questions staff and clients ask. One method is
// one transaction, in the words of the domain.
//
// It decides nothing about stages itself (package terms does) and knows nothing
// of how facts are kept: package models implements Store on SQLite and on
// PostgreSQL.
package tracker
