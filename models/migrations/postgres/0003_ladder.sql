-- Columns named message, counts and undo_counts hold JSON; a request holds the
-- bytes it was asked with.

ALTER TABLE people ADD COLUMN attributes TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE people ADD COLUMN owner TEXT COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX people_owned ON people (owner) WHERE owner <> '';

ALTER TABLE enrollments ADD COLUMN attributes TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE enrollments ADD COLUMN excused BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE enrollments ADD COLUMN exempt_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE enrollments ADD COLUMN bound BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE enrollments ADD COLUMN extensions INTEGER NOT NULL DEFAULT 0;
ALTER TABLE enrollments ADD COLUMN unreached BOOLEAN NOT NULL DEFAULT FALSE;

-- Not next_at > 0, which SQLite would take for where to begin: a walk has to
-- begin where it left off.
DROP INDEX enrollments_due;
CREATE INDEX enrollments_due ON enrollments (campaign, next_at, ref) WHERE next_at <> 0;
CREATE INDEX enrollments_unreached ON enrollments (campaign, ref) WHERE unreached;


-- Until now every active plan bound those who were in before it.
ALTER TABLE campaigns ADD COLUMN confirmed INTEGER NOT NULL DEFAULT 0;
UPDATE campaigns SET confirmed = plan;

ALTER TABLE holds ADD COLUMN attributes TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE holds ADD COLUMN reminders BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE holds ADD COLUMN message TEXT NOT NULL DEFAULT 'null';
ALTER TABLE holds ADD COLUMN spread BIGINT NOT NULL DEFAULT 0; -- nanoseconds
ALTER TABLE holds ADD COLUMN release_reason TEXT NOT NULL DEFAULT '';

ALTER TABLE runs ADD COLUMN stopped INTEGER NOT NULL DEFAULT 0;

CREATE TABLE reversals (
  campaign    TEXT COLLATE "C" NOT NULL REFERENCES campaigns (campaign),
  id          TEXT COLLATE "C" NOT NULL,
  region      TEXT COLLATE "C" NOT NULL,
  stage       TEXT COLLATE "C" NOT NULL,
  reminders   TEXT COLLATE "C" NOT NULL,
  reason      TEXT NOT NULL,
  reference   TEXT NOT NULL,
  at          BIGINT NOT NULL,
  undo_until  BIGINT NOT NULL,
  made_by     TEXT COLLATE "C" NOT NULL,
  counts      TEXT NOT NULL,
  undone      BIGINT NOT NULL,
  undone_by   TEXT COLLATE "C" NOT NULL,
  undo_reason TEXT NOT NULL,
  undo_counts TEXT NOT NULL,
  PRIMARY KEY (campaign, id)
);

CREATE TRIGGER reversals_no_update
BEFORE UPDATE OF campaign, id, region, stage, reminders, reason, reference, at, undo_until, made_by, counts ON reversals
EXECUTE FUNCTION refuse('a reversal cannot be changed');
CREATE TRIGGER reversals_undo_once BEFORE UPDATE ON reversals FOR EACH ROW
WHEN (OLD.undone <> 0 OR NEW.undone = 0)
EXECUTE FUNCTION refuse('a reversal can only be undone, once');
CREATE TRIGGER reversals_no_delete BEFORE DELETE OR TRUNCATE ON reversals
EXECUTE FUNCTION refuse('a reversal cannot be deleted');

CREATE TABLE breakers (
  campaign       TEXT COLLATE "C" PRIMARY KEY NOT NULL REFERENCES campaigns (campaign),
  approved       BIGINT NOT NULL,
  approved_at    BIGINT NOT NULL,
  approved_until BIGINT NOT NULL,
  approved_by    TEXT COLLATE "C" NOT NULL,
  reason         TEXT NOT NULL,
  tripped_at     BIGINT NOT NULL,
  would          BIGINT NOT NULL,
  recent         BIGINT NOT NULL,
  allowed        BIGINT NOT NULL,
  run            TEXT COLLATE "C" NOT NULL
);

-- How many people were newly restricted in the hour that starts at this instant.
CREATE TABLE restrictions (
  campaign TEXT COLLATE "C" NOT NULL,
  hour     BIGINT NOT NULL,
  people   BIGINT NOT NULL,
  PRIMARY KEY (campaign, hour)
);

CREATE TABLE pause (
  one    INTEGER PRIMARY KEY CHECK (one = 1),
  at     BIGINT NOT NULL,
  reason TEXT NOT NULL,
  actor  TEXT COLLATE "C" NOT NULL,
  seen   BIGINT NOT NULL DEFAULT 0 -- when the last run started, by the clock it went by
);
INSERT INTO pause (one, at, reason, actor) VALUES (1, 0, '', '');

CREATE TABLE leases (
  name    TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  holder  TEXT COLLATE "C" NOT NULL,
  fence   BIGINT NOT NULL,
  expires BIGINT NOT NULL
);

CREATE TABLE failures (
  campaign TEXT COLLATE "C" NOT NULL,
  ref      BIGINT NOT NULL,
  tries    INTEGER NOT NULL,
  error    TEXT NOT NULL,
  at       BIGINT NOT NULL,
  PRIMARY KEY (campaign, ref)
);

CREATE TABLE approvals (
  id         TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  campaign   TEXT COLLATE "C" NOT NULL,
  act        TEXT COLLATE "C" NOT NULL,
  object     TEXT NOT NULL,
  request    BYTEA NOT NULL,
  digest     TEXT COLLATE "C" NOT NULL,
  asked_by   TEXT COLLATE "C" NOT NULL,
  asked_at   BIGINT NOT NULL,
  expires    BIGINT NOT NULL,
  state      TEXT COLLATE "C" NOT NULL,
  decided_by TEXT COLLATE "C" NOT NULL,
  decided_at BIGINT NOT NULL,
  note       TEXT NOT NULL
);
CREATE INDEX approvals_newest ON approvals (asked_at, id);

CREATE TRIGGER approvals_no_update BEFORE UPDATE OF id, campaign, act, object, request, digest, asked_by, asked_at, expires ON approvals
EXECUTE FUNCTION refuse('what was asked for cannot be changed');
CREATE TRIGGER approvals_decide_once BEFORE UPDATE ON approvals FOR EACH ROW
WHEN (OLD.state <> 'open' OR NEW.state = 'open')
EXECUTE FUNCTION refuse('an approval can only be decided, once');
CREATE TRIGGER approvals_no_delete BEFORE DELETE OR TRUNCATE ON approvals
EXECUTE FUNCTION refuse('an approval cannot be deleted');
