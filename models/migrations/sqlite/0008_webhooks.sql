-- Addresses of others that hear of changes. Each has its place in the journal:
-- changes up to there are delivered, or are letters. kinds and secrets hold JSON.
CREATE TABLE webhooks (
  id          TEXT PRIMARY KEY NOT NULL,
  url         TEXT NOT NULL,
  description TEXT NOT NULL,
  kinds       TEXT NOT NULL,
  secrets     TEXT NOT NULL,
  created     INTEGER NOT NULL,
  disabled    INTEGER NOT NULL,
  why         TEXT NOT NULL,
  place       INTEGER NOT NULL,
  failing     INTEGER NOT NULL,
  said        TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Changes that could not be delivered yet, or were given up. What they say is in
-- the journal; lane is the same for all that must stay in order.
CREATE TABLE webhook_letters (
  webhook  TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
  revision INTEGER NOT NULL,
  lane     INTEGER NOT NULL,
  tries    INTEGER NOT NULL,
  next_at  INTEGER NOT NULL,
  dead     INTEGER NOT NULL,
  said     TEXT NOT NULL,
  PRIMARY KEY (webhook, revision)
) STRICT, WITHOUT ROWID;
