// Package terms holds the nouns of Assent and the pure rules over them: what a
// plan may say, what is due for a person now, and what a person may do.
//
// Everything here is a total, deterministic function of facts and an instant.
// The scheduler's sweep, the preview, the explain endpoint and the staff
// console all call Step and Plan.Standing, so they cannot disagree. There is no
// I/O, no clock and no third-party code in this package.
package terms
