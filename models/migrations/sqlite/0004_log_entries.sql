-- The records of the log, of whatever kind, by their place in it. What a record
-- is about is in a table of its own, which has its leaf_index.
CREATE TABLE log_entries (
  leaf_index INTEGER PRIMARY KEY,
  record     BLOB NOT NULL
) STRICT;
INSERT INTO log_entries (leaf_index, record) SELECT leaf_index, record FROM responses ORDER BY leaf_index;
ALTER TABLE responses DROP COLUMN record;

CREATE TRIGGER log_entries_no_update BEFORE UPDATE ON log_entries
BEGIN SELECT RAISE(ABORT, 'log_entries is append-only'); END;
CREATE TRIGGER log_entries_no_delete BEFORE DELETE ON log_entries
BEGIN SELECT RAISE(ABORT, 'log_entries is append-only'); END;
