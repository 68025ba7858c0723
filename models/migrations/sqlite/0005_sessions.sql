-- Ids of tokens that may not be used any more: links that were opened, sessions
-- that were ended. They are forgotten once the token would have expired anyway.
CREATE TABLE spent (
  id      TEXT PRIMARY KEY NOT NULL,
  expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX spent_expires ON spent (expires);

-- Sessions of a person that began before this instant are over.
CREATE TABLE signed_out (
  ref INTEGER PRIMARY KEY NOT NULL,
  at  INTEGER NOT NULL
) STRICT;
