// Package cli holds the commands of assent and the wiring of a running server.
// It is the only room that sees all others, reads the real clock and exits.
package cli
