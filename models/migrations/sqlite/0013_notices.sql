-- How people can be reached outside the app. Deleting a row erases it. The
-- column channels holds JSON.
CREATE TABLE contacts (
  ref      INTEGER PRIMARY KEY,
  email    TEXT NOT NULL,
  channels TEXT NOT NULL,
  zone     TEXT NOT NULL,
  changed  INTEGER NOT NULL,
  silenced INTEGER NOT NULL, -- no reminders since; 0: they may be sent
  bounced  INTEGER NOT NULL, -- the address takes no mail since; 0: it does
  soft     INTEGER NOT NULL  -- soft bounces since a mail last got through
) STRICT;
CREATE INDEX contacts_by_email ON contacts (email) WHERE email <> '';

-- What is to be sent, and what became of it: a notice on a channel. It knows
-- the person by number and holds no address. next_at is when to look next, 0 for
-- not any more; lease is when the process that has claimed it is taken for dead.
CREATE TABLE deliveries (
  notice   TEXT NOT NULL,
  channel  TEXT NOT NULL,
  ref      INTEGER NOT NULL,
  campaign TEXT NOT NULL,
  plan     INTEGER NOT NULL,
  stage    INTEGER NOT NULL,
  kind     TEXT NOT NULL,
  created  INTEGER NOT NULL,
  state    TEXT NOT NULL,
  next_at  INTEGER NOT NULL,
  tries    INTEGER NOT NULL,
  claim    TEXT NOT NULL,
  lease    INTEGER NOT NULL,
  sent     INTEGER NOT NULL,
  said     INTEGER NOT NULL, -- the date it told: see Delivery.Said
  reason   TEXT NOT NULL,
  PRIMARY KEY (notice, channel)
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_due ON deliveries (state, next_at, notice) WHERE next_at <> 0;
CREATE INDEX deliveries_claimed ON deliveries (lease) WHERE lease <> 0;
CREATE INDEX deliveries_sent ON deliveries (ref, sent) WHERE sent <> 0;
CREATE INDEX deliveries_of ON deliveries (ref, created);
CREATE INDEX deliveries_troubled ON deliveries (created, notice) WHERE state IN ('dead', 'uncertain', 'bounced');

-- How many deliveries are in each state.
CREATE TABLE delivery_counts (
  channel TEXT NOT NULL,
  state   TEXT NOT NULL,
  number  INTEGER NOT NULL,
  PRIMARY KEY (channel, state)
) STRICT, WITHOUT ROWID;

-- How far a follower of the journal has come.
CREATE TABLE places (
  name     TEXT PRIMARY KEY NOT NULL,
  revision INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A change of a whole campaign that people are told of, and how far the walk
-- that tells them has come. A newer change takes the place of an older one.
CREATE TABLE mailings (
  campaign TEXT PRIMARY KEY NOT NULL,
  revision INTEGER NOT NULL,
  ref      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
