package models_test

import (
	"testing"
)

// TestPeopleMovedAMillionTimesAreStillMoved is about the numbers a list has room
// for, where an engine finds rows by one.
func TestPeopleMovedAMillionTimesAreStillMoved(t *testing.T) {
	t.Parallel()
	for name, fresh := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCrowd(t, fresh(t), pace())
			c.fill(100, 1)
			run(t, c.raw, "UPDATE enrollments SET seq = 1048575 WHERE campaign = 'c' AND ref <= 50")
			run(t, c.raw, "UPDATE enrollments SET seq = 1048576 WHERE campaign = 'c' AND ref BETWEEN 51 AND 100")
			c.sweep(100)
			var moved int
			if err := c.raw.QueryRow("SELECT count(*) FROM enrollments WHERE campaign = 'c' AND stage = 1 AND seq IN (1048576, 1048577)").Scan(&moved); err != nil || moved != 100 {
				t.Errorf("%d moved, %v", moved, err)
			}
		})
	}
}
