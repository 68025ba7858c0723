-- Columns named message, counts and undo_counts hold JSON; a request holds the
-- bytes it was asked with.

ALTER TABLE people ADD COLUMN attributes TEXT NOT NULL DEFAULT '';
ALTER TABLE people ADD COLUMN owner TEXT NOT NULL DEFAULT '';
CREATE INDEX people_owned ON people (owner) WHERE owner <> '';

ALTER TABLE enrollments ADD COLUMN attributes TEXT NOT NULL DEFAULT '';
ALTER TABLE enrollments ADD COLUMN excused INTEGER NOT NULL DEFAULT 0;
ALTER TABLE enrollments ADD COLUMN exempt_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE enrollments ADD COLUMN bound INTEGER NOT NULL DEFAULT 0;
ALTER TABLE enrollments ADD COLUMN extensions INTEGER NOT NULL DEFAULT 0;
ALTER TABLE enrollments ADD COLUMN unreached INTEGER NOT NULL DEFAULT 0;

-- Not next_at > 0, which SQLite would take for where to begin: a walk has to
-- begin where it left off.
DROP INDEX enrollments_due;
CREATE INDEX enrollments_due ON enrollments (campaign, next_at, ref) WHERE next_at <> 0;
CREATE INDEX enrollments_unreached ON enrollments (campaign, ref) WHERE unreached;


-- Until now every active plan bound those who were in before it.
ALTER TABLE campaigns ADD COLUMN confirmed INTEGER NOT NULL DEFAULT 0;
UPDATE campaigns SET confirmed = plan;

ALTER TABLE holds ADD COLUMN attributes TEXT NOT NULL DEFAULT '';
ALTER TABLE holds ADD COLUMN reminders INTEGER NOT NULL DEFAULT 0;
ALTER TABLE holds ADD COLUMN message TEXT NOT NULL DEFAULT 'null';
ALTER TABLE holds ADD COLUMN spread INTEGER NOT NULL DEFAULT 0; -- nanoseconds
ALTER TABLE holds ADD COLUMN release_reason TEXT NOT NULL DEFAULT '';

ALTER TABLE runs ADD COLUMN stopped INTEGER NOT NULL DEFAULT 0;

CREATE TABLE reversals (
  campaign    TEXT NOT NULL REFERENCES campaigns (campaign),
  id          TEXT NOT NULL,
  region      TEXT NOT NULL,
  stage       TEXT NOT NULL,
  reminders   TEXT NOT NULL,
  reason      TEXT NOT NULL,
  reference   TEXT NOT NULL,
  at          INTEGER NOT NULL,
  undo_until  INTEGER NOT NULL,
  made_by     TEXT NOT NULL,
  counts      TEXT NOT NULL,
  undone      INTEGER NOT NULL,
  undone_by   TEXT NOT NULL,
  undo_reason TEXT NOT NULL,
  undo_counts TEXT NOT NULL,
  PRIMARY KEY (campaign, id)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER reversals_no_update
BEFORE UPDATE OF campaign, id, region, stage, reminders, reason, reference, at, undo_until, made_by, counts ON reversals
BEGIN SELECT RAISE(ABORT, 'a reversal cannot be changed'); END;
CREATE TRIGGER reversals_undo_once BEFORE UPDATE ON reversals WHEN OLD.undone <> 0 OR NEW.undone = 0
BEGIN SELECT RAISE(ABORT, 'a reversal can only be undone, once'); END;
CREATE TRIGGER reversals_no_delete BEFORE DELETE ON reversals
BEGIN SELECT RAISE(ABORT, 'a reversal cannot be deleted'); END;

CREATE TABLE breakers (
  campaign       TEXT PRIMARY KEY NOT NULL REFERENCES campaigns (campaign),
  approved       INTEGER NOT NULL,
  approved_at    INTEGER NOT NULL,
  approved_until INTEGER NOT NULL,
  approved_by    TEXT NOT NULL,
  reason         TEXT NOT NULL,
  tripped_at     INTEGER NOT NULL,
  would          INTEGER NOT NULL,
  recent         INTEGER NOT NULL,
  allowed        INTEGER NOT NULL,
  run            TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- How many people were newly restricted in the hour that starts at this instant.
CREATE TABLE restrictions (
  campaign TEXT NOT NULL,
  hour     INTEGER NOT NULL,
  people   INTEGER NOT NULL,
  PRIMARY KEY (campaign, hour)
) STRICT, WITHOUT ROWID;

CREATE TABLE pause (
  one    INTEGER PRIMARY KEY CHECK (one = 1),
  at     INTEGER NOT NULL,
  reason TEXT NOT NULL,
  actor  TEXT NOT NULL,
  seen   INTEGER NOT NULL DEFAULT 0 -- when the last run started, by the clock it went by
) STRICT;
INSERT INTO pause (one, at, reason, actor) VALUES (1, 0, '', '');

CREATE TABLE leases (
  name    TEXT PRIMARY KEY NOT NULL,
  holder  TEXT NOT NULL,
  fence   INTEGER NOT NULL,
  expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE failures (
  campaign TEXT NOT NULL,
  ref      INTEGER NOT NULL,
  tries    INTEGER NOT NULL,
  error    TEXT NOT NULL,
  at       INTEGER NOT NULL,
  PRIMARY KEY (campaign, ref)
) STRICT, WITHOUT ROWID;

CREATE TABLE approvals (
  id         TEXT PRIMARY KEY NOT NULL,
  campaign   TEXT NOT NULL,
  act        TEXT NOT NULL,
  object     TEXT NOT NULL,
  request    BLOB NOT NULL,
  digest     TEXT NOT NULL,
  asked_by   TEXT NOT NULL,
  asked_at   INTEGER NOT NULL,
  expires    INTEGER NOT NULL,
  state      TEXT NOT NULL,
  decided_by TEXT NOT NULL,
  decided_at INTEGER NOT NULL,
  note       TEXT NOT NULL
) STRICT;
CREATE INDEX approvals_newest ON approvals (asked_at, id);

CREATE TRIGGER approvals_no_update BEFORE UPDATE OF id, campaign, act, object, request, digest, asked_by, asked_at, expires ON approvals
BEGIN SELECT RAISE(ABORT, 'what was asked for cannot be changed'); END;
CREATE TRIGGER approvals_decide_once BEFORE UPDATE ON approvals WHEN OLD.state <> 'open' OR NEW.state = 'open'
BEGIN SELECT RAISE(ABORT, 'an approval can only be decided, once'); END;
CREATE TRIGGER approvals_no_delete BEFORE DELETE ON approvals
BEGIN SELECT RAISE(ABORT, 'an approval cannot be deleted'); END;
