package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// cookieName is a token of RFC 6265 that needs no thought.
var cookieName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

func (p *People) check(wrong *faults) {
	wrong.check(p.SessionTTL > 0, "people.session_ttl", p.SessionTTL, "must be longer than 0")
	p.OIDC.check(wrong)
	p.JWT.check(wrong)
}

func (o *OIDC) check(wrong *faults) {
	if checkClient(wrong, "people.oidc", o.Issuer, o.ClientID, o.ClientSecret, o.Scopes, o.Algorithms) {
		wrong.check(o.PersonClaim != "", "people.oidc.person_claim", nil, "must name a claim, such as sub")
	}
}

// checkClient checks how a provider is asked, and reports whether there is one.
func checkClient(wrong *faults, key, issuer, id string, secret Secret, scopes, algorithms []string) bool {
	if issuer == "" {
		wrong.check(id == "" && secret == "", key+".issuer", nil, "is missing, and there is a client")
		return false
	}
	wrong.check(isSecure(issuer), key+".issuer", issuer, secureRule)
	wrong.check(id != "", key+".client_id", nil, "is missing: register a client with the provider")
	wrong.check(slices.Contains(scopes, "openid"), key+".scopes", strings.Join(scopes, ","), "must have openid among them")
	checkAlgorithms(wrong, key+".algorithms", algorithms)
	return true
}

func (j *JWT) check(wrong *faults) {
	if j.Issuer == "" {
		wrong.check(j.KeysURL == "" && j.Audience == "" && j.Cookie == "", "people.jwt.issuer", nil, "is missing, and tokens are described")
		return
	}
	wrong.check(isPlain(j.Issuer), "people.jwt.issuer", j.Issuer, "must be the iss of the tokens, letter by letter")
	wrong.check(isSecure(j.KeysURL), "people.jwt.keys_url", j.KeysURL, secureRule)
	wrong.check(j.Audience != "", "people.jwt.audience", nil, "is missing: a token that was made for somebody else must not open these pages")
	checkAlgorithms(wrong, "people.jwt.algorithms", j.Algorithms)
	wrong.check(j.Type == strings.ToLower(j.Type), "people.jwt.type", j.Type, "must be in lower case, such as at+jwt, or empty")
	wrong.check(j.PersonClaim != "", "people.jwt.person_claim", nil, "must name a claim, such as sub")
	wrong.check(j.Cookie == "" || cookieName.MatchString(j.Cookie), "people.jwt.cookie", j.Cookie, "must be the name of a cookie, or empty")
}

func checkAlgorithms(wrong *faults, key string, list []string) {
	wrong.check(len(list) > 0, key, nil, "must name at least one of "+strings.Join(Algorithms(), ", "))
	for i, one := range list {
		wrong.check(slices.Contains(Algorithms(), one), fmt.Sprintf("%s[%d]", key, i), one, "must be one of "+strings.Join(Algorithms(), ", "))
	}
}

const secureRule = "must be an https address, or http on this very machine"

// isSecure reports whether nobody on the way can change what an address answers.
func isSecure(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || err == nil && ip.IsLoopback())
}
