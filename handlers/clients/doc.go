// Package clients holds the HTTP interface for programs: the management API
// under /api/v1, flags by OFREP 0.3, decisions by AuthZEN 1.0, the tamper-evident
// log by C2SP tlog-tiles, the messaging layer's methods, and what operators
// watch.
//
// A handler reads one request, calls one use-case and writes one answer. Flags
// and decisions come from the gate's memory and never touch the database.
package clients
