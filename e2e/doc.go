// Package e2e holds the tests that know Assent as its users do: they build the
// program once, start it as an operator would, and then only talk to it, over
// HTTP, over a socket, with its commands and in a browser. What they promise is
// what the documentation promises; how it is done inside is not their business.
//
// They need what every test of the project needs: PostgreSQL and Chromium.
package e2e
