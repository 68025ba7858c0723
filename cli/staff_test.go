package cli_test

import (
	"strings"
	"testing"
)

func TestAMemberOfStaffIsRemovedButNotTheLastWhoMayAct(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.launch()
	m.says(m.fails("staff", "remove", "mei"), `member of staff "mei" does not exist`)
	tracker := m.tracker()
	for _, name := range []string{"mei", "ada"} {
		if err := tracker.AddStaff(t.Context(), name, "correct horse battery", "ops"); err != nil {
			t.Fatal(err)
		}
	}
	m.succeeds("staff", "invite", "ben", "ben@example.org", "--role", "viewer")
	m.succeeds("staff", "invite", "eve", "eve@example.org")
	m.says(m.succeeds("staff", "list"), "mei\teditor\tby password\tsince 20", "ben\tviewer\tinvited as ben@example.org\tsince ")

	m.says(m.succeeds("staff", "remove", "mei"), "mei is signed out and cannot sign in")
	m.says(m.fails("staff", "remove", "mei"), "mei was removed already")
	m.says(m.fails("staff", "remove", "ada"), "ada is the last editor who can sign in; add another first")
	m.succeeds("staff", "remove", "eve") // whose invitation nobody has taken up
	m.succeeds("staff", "remove", "ben")
	m.succeeds("staff", "invite", "ben", "ben@example.org")

	list := m.succeeds("staff", "list")
	m.says(list, "ada\teditor\tby password", "ben\teditor\tinvited as ben@example.org", "mei\tremoved 20")
	if strings.Contains(list, "eve@example.org") {
		t.Errorf("the address of who was removed is kept:\n%s", list)
	}
}
