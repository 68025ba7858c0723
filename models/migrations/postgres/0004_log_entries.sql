-- The records of the log, of whatever kind, by their place in it. What a record
-- is about is in a table of its own, which has its leaf_index.
CREATE TABLE log_entries (
  leaf_index BIGINT PRIMARY KEY,
  record     BYTEA NOT NULL
);
INSERT INTO log_entries (leaf_index, record) SELECT leaf_index, record FROM responses ORDER BY leaf_index;
ALTER TABLE responses DROP COLUMN record;

CREATE TRIGGER log_entries_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON log_entries
EXECUTE FUNCTION refuse('log_entries is append-only');
