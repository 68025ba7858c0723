package models_test

import (
	"testing"

	"assent/messaging/mailbox"
	"assent/models"
	"assent/models/storetest"
)

func TestAMailboxBehavesTheSameOnBothEngines(t *testing.T) {
	t.Parallel()
	for name, fresh := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.RunMailbox(t, func(t *testing.T) mailbox.Store { return models.NewMailbox(open(t, fresh(t))) })
		})
	}
}
