// Package simulate runs a plan with made-up people over a virtual clock: the
// real rules, the real use-cases and sweeps, on a real store, at the ticks of
// the real schedule. What it shows of a plan is what the plan would do to people
// who behave so; how they behave is an assumption that the caller states.
//
// The same options give the same result, whatever the machine.
package simulate
