// Package battery holds the tests that the whole must pass and no single room
// can: a year of the real scheduler on a real database under a clock that the
// test turns, and servers that are killed, stopped and woken at random while
// they share one database.
package battery
