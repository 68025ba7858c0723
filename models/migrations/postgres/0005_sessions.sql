-- Ids of tokens that may not be used any more: links that were opened, sessions
-- that were ended. They are forgotten once the token would have expired anyway.
CREATE TABLE spent (
  id      TEXT COLLATE "C" PRIMARY KEY,
  expires BIGINT NOT NULL
);
CREATE INDEX spent_expires ON spent (expires);

-- Sessions of a person that began before this instant are over.
CREATE TABLE signed_out (
  ref BIGINT PRIMARY KEY,
  at  BIGINT NOT NULL
);
