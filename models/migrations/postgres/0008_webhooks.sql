-- Addresses of others that hear of changes. Each has its place in the journal:
-- changes up to there are delivered, or are letters. kinds and secrets hold JSON.
CREATE TABLE webhooks (
  id          TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  url         TEXT NOT NULL,
  description TEXT NOT NULL,
  kinds       TEXT NOT NULL,
  secrets     TEXT NOT NULL,
  created     BIGINT NOT NULL,
  disabled    BIGINT NOT NULL,
  why         TEXT NOT NULL,
  place       BIGINT NOT NULL,
  failing     INTEGER NOT NULL,
  said        TEXT NOT NULL
);

-- Changes that could not be delivered yet, or were given up. What they say is in
-- the journal; lane is the same for all that must stay in order.
CREATE TABLE webhook_letters (
  webhook  TEXT COLLATE "C" NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
  revision BIGINT NOT NULL,
  lane     BIGINT NOT NULL,
  tries    INTEGER NOT NULL,
  next_at  BIGINT NOT NULL,
  dead     BIGINT NOT NULL,
  said     TEXT NOT NULL,
  PRIMARY KEY (webhook, revision)
);
