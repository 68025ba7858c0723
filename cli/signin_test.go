package cli_test

import (
	"strings"
	"testing"
)

func TestTheKeyOfLinksIsRotatedAndTheOneBeforeItTaken(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.launch()
	keys := func() []string { return strings.Fields(m.read("secrets", "links.key")) }
	first := keys()
	m.says(m.succeeds("key", "rotate-links"), "restart every server")
	second := keys()
	if len(first) != 1 || len(second) != 2 || second[1] != first[0] || second[0] == first[0] {
		t.Fatalf("the keys went from %d to %d", len(first), len(second))
	}
	m.succeeds("key", "rotate-links")
	if third := keys(); len(third) != 2 || third[1] != second[0] {
		t.Fatalf("the keys are %d", len(third))
	}
	m.succeeds("doctor")
}
