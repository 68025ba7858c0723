package scheduler_test

import (
	"testing"
	"time"

	"assent/scheduler"
)

func TestTicksAreThoseAJobWouldRunAt(t *testing.T) {
	t.Parallel()
	next, err := scheduler.Ticks("*/5 * * * *")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2021, 6, 19, 23, 58, 30, 0, time.FixedZone("elsewhere", 3600))
	for _, want := range []string{"2021-06-19T23:00:00Z", "2021-06-19T23:05:00Z"} {
		if at = next(at); at.Format(time.RFC3339) != want {
			t.Fatalf("the next tick is %s, want %s", at.Format(time.RFC3339), want)
		}
	}
	if _, err := scheduler.Ticks("TZ=Europe/Paris 0 * * * *"); err == nil {
		t.Fatal("a specification with a time zone is taken")
	}
}
