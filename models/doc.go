// Package models keeps the facts of Assent: it implements tracker.Store on
// SQLite and on PostgreSQL 15 or newer, through gorm.
//
// Each engine has its own SQL migrations, and one conformance suite
// (models/storetest) holds both to the same behaviour. Rows and SQL stay in
// here; what comes in and goes out are the types of package tracker.
//
// Both engines are used the same way. There is one writer at a time: a process
// has one connection that writes and a pool that only reads, and a write
// transaction starts by taking the row of the newest revision, for which other
// processes wait. Revisions and people's numbers are therefore given out in
// the order of commit, and two writers cannot deadlock. Instants are stored as
// whole microseconds in UTC, where 0 is the zero time.
package models
