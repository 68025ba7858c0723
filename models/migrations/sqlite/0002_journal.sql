-- The journal: everything that happens to a position, one row each, only ever
-- added to. What else there is to say of a position is in its enrollment. A row
-- with a cause is a move from one stage to another; one of kind told, warned,
-- entered or restored is the notice in the app that goes with it. Only the
-- removal of an account names the person, for those who follow. The defaults are
-- for changes about a whole campaign, and ref is 0 there.
ALTER TABLE changes RENAME TO copies;
CREATE TABLE changes (
  revision   INTEGER PRIMARY KEY,
  kind       TEXT NOT NULL,
  at         INTEGER NOT NULL,
  campaign   TEXT NOT NULL,
  ref        INTEGER NOT NULL DEFAULT 0,
  seq        INTEGER NOT NULL DEFAULT 0,
  plan       INTEGER NOT NULL DEFAULT 0,
  country    TEXT NOT NULL DEFAULT '',
  stage      INTEGER NOT NULL DEFAULT 0,
  from_stage INTEGER NOT NULL DEFAULT 0,
  cause      TEXT NOT NULL DEFAULT '',
  run        TEXT NOT NULL DEFAULT '',
  person     TEXT NOT NULL DEFAULT ''
) STRICT;

INSERT INTO changes (revision, kind, at, campaign, ref, seq, plan, country, stage, from_stage, cause, run, person)
SELECT c.revision, c.kind, c.at, c.campaign, c.ref, c.seq + (c.kind = 'removed'), coalesce(t.plan, c.plan), coalesce(t.country, c.country),
  coalesce(t.to_stage, c.stage), coalesce(t.from_stage, c.stage), coalesce(t.cause, ''), coalesce(t.run, ''),
  CASE WHEN c.kind = 'removed' THEN c.person ELSE '' END
FROM copies c LEFT JOIN transitions t ON t.ref = c.ref AND t.campaign = c.campaign AND t.seq = c.seq AND c.kind <> 'removed'
ORDER BY c.revision;

-- seq is the enrollment's after the change, so nobody is moved twice from one
-- position; and this is a person's history.
CREATE UNIQUE INDEX changes_steps ON changes (ref, campaign, seq) WHERE ref <> 0;
CREATE INDEX changes_moves ON changes (campaign, revision) WHERE cause <> '';

CREATE TRIGGER changes_no_delete BEFORE DELETE ON changes
BEGIN SELECT RAISE(ABORT, 'changes is append-only'); END;

-- The notices that are rows of the journal now.
DROP TRIGGER notices_no_delete;
DELETE FROM notices WHERE kind <> 'reported' AND EXISTS (SELECT 1 FROM changes c
  WHERE c.ref = notices.ref AND c.ref <> 0 AND c.campaign = notices.campaign AND c.at = notices.at
  AND c.kind IN ('told', 'warned', 'entered', 'restored'));
CREATE TRIGGER notices_no_delete BEFORE DELETE ON notices
BEGIN SELECT RAISE(ABORT, 'notices is append-only'); END;

DROP TABLE transitions;
DROP TABLE copies; -- with its trigger
CREATE TRIGGER changes_no_update BEFORE UPDATE ON changes
BEGIN SELECT RAISE(ABORT, 'changes is append-only'); END;
