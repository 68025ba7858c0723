-- How people can be reached outside the app. Deleting a row erases it. The
-- column channels holds JSON.
CREATE TABLE contacts (
  ref      BIGINT PRIMARY KEY,
  email    TEXT COLLATE "C" NOT NULL,
  channels TEXT NOT NULL,
  zone     TEXT COLLATE "C" NOT NULL,
  changed  BIGINT NOT NULL,
  silenced BIGINT NOT NULL, -- no reminders since; 0: they may be sent
  bounced  BIGINT NOT NULL, -- the address takes no mail since; 0: it does
  soft     INTEGER NOT NULL  -- soft bounces since a mail last got through
);
CREATE INDEX contacts_by_email ON contacts (email) WHERE email <> '';

-- What is to be sent, and what became of it: a notice on a channel. It knows
-- the person by number and holds no address. next_at is when to look next, 0 for
-- not any more; lease is when the process that has claimed it is taken for dead.
CREATE TABLE deliveries (
  notice   TEXT COLLATE "C" NOT NULL,
  channel  TEXT COLLATE "C" NOT NULL,
  ref      BIGINT NOT NULL,
  campaign TEXT COLLATE "C" NOT NULL,
  plan     INTEGER NOT NULL,
  stage    INTEGER NOT NULL,
  kind     TEXT COLLATE "C" NOT NULL,
  created  BIGINT NOT NULL,
  state    TEXT COLLATE "C" NOT NULL,
  next_at  BIGINT NOT NULL,
  tries    INTEGER NOT NULL,
  claim    TEXT COLLATE "C" NOT NULL,
  lease    BIGINT NOT NULL,
  sent     BIGINT NOT NULL,
  said     BIGINT NOT NULL, -- the date it told: see Delivery.Said
  reason   TEXT NOT NULL,
  PRIMARY KEY (notice, channel)
);
CREATE INDEX deliveries_due ON deliveries (state, next_at, notice) WHERE next_at <> 0;
CREATE INDEX deliveries_claimed ON deliveries (lease) WHERE lease <> 0;
CREATE INDEX deliveries_sent ON deliveries (ref, sent) WHERE sent <> 0;
CREATE INDEX deliveries_of ON deliveries (ref, created);
CREATE INDEX deliveries_troubled ON deliveries (created, notice) WHERE state IN ('dead', 'uncertain', 'bounced');

-- How many deliveries are in each state.
CREATE TABLE delivery_counts (
  channel TEXT COLLATE "C" NOT NULL,
  state   TEXT COLLATE "C" NOT NULL,
  number  BIGINT NOT NULL,
  PRIMARY KEY (channel, state)
);

-- How far a follower of the journal has come.
CREATE TABLE places (
  name     TEXT COLLATE "C" PRIMARY KEY,
  revision BIGINT NOT NULL
);

-- A change of a whole campaign that people are told of, and how far the walk
-- that tells them has come. A newer change takes the place of an older one.
CREATE TABLE mailings (
  campaign TEXT COLLATE "C" PRIMARY KEY,
  revision BIGINT NOT NULL,
  ref      BIGINT NOT NULL
);
