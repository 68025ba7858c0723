package config_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"assent/config"
)

func TestStaffSignInWithPasswordsUntilAProviderIsDescribed(t *testing.T) {
	t.Parallel()
	c, err := load(t, "")
	if err != nil || !c.Staff.Passwords || c.Staff.OIDC.Issuer != "" {
		t.Fatalf("%+v, %v", c.Staff, err)
	}
	c, err = load(t, `staff: {passwords: false, oidc: {issuer: "https://login.example.org", client_id: assent, role_claim: groups, viewers: [support]}}`,
		"ASSENT_STAFF_OIDC_CLIENT_SECRET=hush", "ASSENT_STAFF_OIDC_EDITORS=legal,product")
	if err != nil || string(c.Staff.OIDC.ClientSecret) != "hush" || !slices.Equal(c.Staff.OIDC.Editors, []string{"legal", "product"}) {
		t.Fatalf("%+v, %v", c.Staff, err)
	}
	if strings.Contains(c.String(), "hush") {
		t.Error("the client's secret shows")
	}
}

func TestASignInOfStaffThatWouldLetNobodyInIsRefused(t *testing.T) {
	t.Parallel()
	const good = `issuer: "https://login.example.org", client_id: x`
	for _, tc := range []struct{ file, key string }{
		{"staff: {passwords: false}", "staff.passwords"},
		{"staff: {oidc: {client_id: x}}", "staff.oidc.issuer"},
		{"staff: {oidc: {role_claim: groups, editors: [a]}}", "staff.oidc.issuer"},
		{`staff: {oidc: {issuer: "http://login.example.org", client_id: x}}`, "staff.oidc.issuer"},
		{`staff: {oidc: {issuer: "https://login.example.org"}}`, "staff.oidc.client_id"},
		{"staff: {oidc: {" + good + ", scopes: [email]}}", "staff.oidc.scopes"},
		{"staff: {oidc: {" + good + ", scopes: [openid]}}", "staff.oidc.scopes"},
		{"staff: {oidc: {" + good + ", algorithms: [HS256]}}", "staff.oidc.algorithms[0]"},
		{"staff: {oidc: {" + good + ", role_claim: groups}}", "staff.oidc.editors"},
		{"staff: {oidc: {" + good + ", editors: [a]}}", "staff.oidc.role_claim"},
		{"staff: {oidc: {" + good + `, role_claim: groups, editors: [""]}}`, "staff.oidc.editors"},
		{"staff: {oidc: {" + good + ", everybody: true}}", "staff.oidc.everybody"},
	} {
		_, err := load(t, tc.file)
		var invalid *config.Invalid
		if !errors.As(err, &invalid) || !strings.Contains(err.Error(), tc.key) {
			t.Errorf("%s: %v", tc.file, err)
		}
	}
}
