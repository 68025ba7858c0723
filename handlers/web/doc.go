// Package web holds what the three groups of handlers share: the gin engine
// with its edge (request ids, access log, recovery, security headers), handlers
// that return errors and the one place that turns an error into an answer,
// strict reading of JSON, the client's address, cookies and pages.
//
// It knows no use-case. *gin.Context goes no further than the handlers.
package web
