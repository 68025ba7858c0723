// Package demo is a sample messenger company, Harbor, to try Assent on: its
// terms before and after a change in six languages, the plan of the change, a
// population of made-up people and the way they behave while the clock moves.
//
// Everything is deterministic: the same seed gives the same people doing the
// same things on the same days. Nothing here runs outside demo mode, and
// everything reaches the store through the use-cases a real deployment has.
package demo
