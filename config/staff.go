package config

import "slices"

func (s *Staff) check(wrong *faults) {
	o := &s.OIDC
	mapped := len(o.Editors)+len(o.Viewers) > 0
	if !checkClient(wrong, "staff.oidc", o.Issuer, o.ClientID, o.ClientSecret, o.Scopes, o.Algorithms) {
		wrong.check(s.Passwords, "staff.passwords", false, "leaves no way to sign in: set staff.oidc.issuer as well")
		wrong.check(o.RoleClaim == "" && !mapped, "staff.oidc.issuer", nil, "is missing, and roles are described")
		return
	}
	wrong.check(o.RoleClaim == "" || mapped, "staff.oidc.editors", nil, "must name a value of the claim "+o.RoleClaim+", or staff.oidc.viewers must: nobody else is let in")
	wrong.check(o.RoleClaim != "" || !mapped, "staff.oidc.role_claim", nil, "is missing, and values of it are named")
	wrong.check(o.RoleClaim != "" || slices.Contains(o.Scopes, "email"), "staff.oidc.scopes", o.Scopes, "must have email among them: without staff.oidc.role_claim, accounts are found by address")
	for _, value := range slices.Concat(o.Editors, o.Viewers) {
		wrong.check(value != "", "staff.oidc.editors", nil, "and staff.oidc.viewers must not name an empty value")
	}
}
