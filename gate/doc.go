// Package gate is the hot path: it keeps every enrolled person's position in
// memory and answers "may this person do this now?" without touching a
// database.
//
// People in the same position share one interned Profile, which carries the
// evaluated capabilities and the answers already rendered; what differs from
// person to person is a handful of instants in the entry. The gate is rebuilt
// from the store at start and then follows the log of changes by revision. A
// person it does not know has every default: an outage of ours never
// restricts anybody.
package gate
