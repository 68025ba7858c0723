package cli_test

import (
	"strings"
	"testing"
)

func TestTheLaunchGateIsAskedOnTheCommandLine(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.launch()
	code, out, errs := m.run("doctor", "--campaign", "c")
	if code != 1 {
		t.Errorf("exit code %d", code)
	}
	m.says(out, "launch    campaign c, plan 1", "There was no dry run of this plan.", "terms-of-service 1 has no summary")
	m.says(errs, "stand in the way of plan 1 of campaign c")
	if code, _, errs := m.run("doctor", "--campaign", "c", "--plan", "7"); code == 0 || !strings.Contains(errs, "7") {
		t.Errorf("a plan there is not: exit code %d, %s", code, errs)
	}
}

func TestAPlanIsPutIntoForceAgainstTheLaunchGateOnlyWithAReason(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.launch()
	m.more = append(m.more, "ASSENT_LAUNCH_REQUIRED=true")
	later := m.file("plan2.yaml", strings.Replace(campaign, "deadline: 2021-05-15", "deadline: 2021-06-15", 1))
	m.says(m.fails("apply", later, "--activate"), "the launch gate refuses plan 2", "There was no dry run of this plan.", "say why it may stay")
	m.says(m.succeeds("apply", later, "--activate", "--anyway", "The court set the date"), "The launch gate finds:", "plan 3 is in force")
}
