// Package enforce lets a Go server ask Assent what a person may do now, from
// its own memory: in a fraction of a microsecond, without a request, and also
// while Assent cannot be reached.
//
//	assent, err := enforce.New(enforce.Options{URL: "https://terms.example.org", Key: key})
//	go assent.Run(ctx)
//	mux.Handle("/messages", assent.Require("messages.send", signedInPerson)(send))
//
// Run reads everybody to whom not everything applies by default, and then
// follows whoever's rules change. Nothing is ever made worse by silence: while
// Assent is away the last known answers stay, and a person or capability that is
// not known is allowed. Only what Assent recorded restricts anybody. With
// Options.AllowAfter a long silence lets everybody through; with Options.Point
// Assent's console shows how far the server has come.
//
// The package stands alone: it needs nothing but the standard library.
package enforce
