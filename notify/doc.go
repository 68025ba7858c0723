// Package notify delivers changes to others: webhooks by the specification
// Standard Webhooks (https://www.standardwebhooks.com).
//
// The log of changes is the outbox. Each webhook has a place in it, so that
// nothing is lost between a commit and a call, and a change that could not be
// delivered is a letter that is tried again, in the order of the person it is
// about. What is sent twice has the same webhook-id.
package notify
