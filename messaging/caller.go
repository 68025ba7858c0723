package messaging

import (
	"regexp"

	"github.com/centrifugal/centrifuge"

	"assent/tokens"
)

// Caller is who calls a method: a person, on a device that their token names.
// The device "" is whatever has no name of its own.
type Caller struct{ Person, Device string }

// Claims is what a messaging token says of its caller.
func (c Caller) Claims() tokens.Claims {
	claims := tokens.Claims{Person: c.Person}
	if c.Device != "" {
		claims.Data = map[string]string{deviceClaim: c.Device}
	}
	return claims
}

// CallerOf reads who calls from the claims of a messaging token.
func CallerOf(claims tokens.Claims) Caller { return Caller{claims.Person, claims.Data[deviceClaim]} }

const deviceClaim = "device"

var device = regexp.MustCompile(`^[A-Za-z0-9._-]{0,64}$`)

// IsDevice reports whether a device can be called so.
func IsDevice(name string) bool { return device.MatchString(name) }

// claimsKey finds what a connection's token says in its context.
type claimsKey struct{}

// callerOf is whose connection it is.
func callerOf(c *centrifuge.Client) Caller {
	claims, _ := c.Context().Value(claimsKey{}).(tokens.Claims)
	return CallerOf(claims)
}
