package models_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"assent/internal/testenv"
	"assent/tracker"
)

// TestWhatIsWrittenIsFoundByIndexWhereTheServerKnowsTablesAsEmpty has statements
// planned when the server has taken stock of tables that hold nothing yet, as it
// does before a campaign begins.
func TestWhatIsWrittenIsFoundByIndexWhereTheServerKnowsTablesAsEmpty(t *testing.T) {
	t.Parallel()
	url := testenv.Postgres(t)
	s := open(t, url)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	server, err := pgx.Connect(t.Context(), url)
	must(err)
	t.Cleanup(func() { must(server.Close(context.Background())) })
	_, err = server.Exec(t.Context(), "VACUUM ANALYZE")
	must(err)
	const rounds, together = 50, 2
	for round := range int64(rounds) {
		must(s.Update(t.Context(), func(tx tracker.Tx) error { return chooseTogether(t.Context(), tx, round*together, together) }))
	}
	must(s.Close()) // what a connection has read is counted when it ends, at the latest
	var written, read int64
	for deadline := time.Now().Add(time.Minute); written < rounds*together && time.Now().Before(deadline); {
		must(server.QueryRow(t.Context(), "SELECT n_tup_ins, seq_tup_read FROM pg_stat_user_tables WHERE relname = 'responses'").Scan(&written, &read))
	}
	if written < rounds*together || read > rounds*together/2 {
		t.Errorf("%d responses were read to write %d", read, written)
	}
}

// chooseTogether records the first choices of people, once it is known that they
// are.
func chooseTogether(ctx context.Context, tx tracker.Tx, first int64, number int) error {
	keys, list := make([]tracker.ResponseKey, number), make([]tracker.Response, number)
	for i := range list {
		leaf := first + int64(i)
		keys[i] = tracker.ResponseKey{Ref: leaf + 1, Key: "choice"}
		list[i] = tracker.Response{ReceiptID: fmt.Sprintf("rcp_%d", leaf), Ref: leaf + 1, LeafIndex: leaf, IdempotencyKey: "choice"}
	}
	if found, err := tx.ResponsesByKey(ctx, keys); err != nil || len(found) > 0 {
		return fmt.Errorf("%d responses by keys that are new: %w", len(found), err)
	}
	return tx.AddResponses(ctx, list)
}
