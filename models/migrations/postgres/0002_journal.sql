-- The journal: everything that happens to a position, one row each, only ever
-- added to. What else there is to say of a position is in its enrollment. A row
-- with a cause is a move from one stage to another; one of kind told, warned,
-- entered or restored is the notice in the app that goes with it. Only the
-- removal of an account names the person, for those who follow. The defaults are
-- for changes about a whole campaign, and ref is 0 there.
ALTER TABLE changes RENAME TO copies;
ALTER INDEX changes_pkey RENAME TO copies_pkey;
CREATE TABLE changes (
  revision   BIGINT PRIMARY KEY,
  kind       TEXT COLLATE "C" NOT NULL,
  at         BIGINT NOT NULL,
  campaign   TEXT COLLATE "C" NOT NULL,
  ref        BIGINT NOT NULL DEFAULT 0,
  seq        BIGINT NOT NULL DEFAULT 0,
  plan       INTEGER NOT NULL DEFAULT 0,
  country    TEXT COLLATE "C" NOT NULL DEFAULT '',
  stage      INTEGER NOT NULL DEFAULT 0,
  from_stage INTEGER NOT NULL DEFAULT 0,
  cause      TEXT COLLATE "C" NOT NULL DEFAULT '',
  run        TEXT COLLATE "C" NOT NULL DEFAULT '',
  person     TEXT COLLATE "C" NOT NULL DEFAULT ''
);

INSERT INTO changes (revision, kind, at, campaign, ref, seq, plan, country, stage, from_stage, cause, run, person)
SELECT c.revision, c.kind, c.at, c.campaign, c.ref, c.seq + (c.kind = 'removed')::int, coalesce(t.plan, c.plan), coalesce(t.country, c.country),
  coalesce(t.to_stage, c.stage), coalesce(t.from_stage, c.stage), coalesce(t.cause, ''), coalesce(t.run, ''),
  CASE WHEN c.kind = 'removed' THEN c.person ELSE '' END
FROM copies c LEFT JOIN transitions t ON t.ref = c.ref AND t.campaign = c.campaign AND t.seq = c.seq AND c.kind <> 'removed'
ORDER BY c.revision;

-- seq is the enrollment's after the change, so nobody is moved twice from one
-- position; and this is a person's history.
CREATE UNIQUE INDEX changes_steps ON changes (ref, campaign, seq) WHERE ref <> 0;
CREATE INDEX changes_moves ON changes (campaign, revision) WHERE cause <> '';

-- The notices that are rows of the journal now.
ALTER TABLE notices DISABLE TRIGGER notices_no_change;
DELETE FROM notices WHERE kind <> 'reported' AND EXISTS (SELECT 1 FROM changes c
  WHERE c.ref = notices.ref AND c.ref <> 0 AND c.campaign = notices.campaign AND c.at = notices.at
  AND c.kind IN ('told', 'warned', 'entered', 'restored'));
ALTER TABLE notices ENABLE TRIGGER notices_no_change;

DROP TABLE transitions;
DROP TABLE copies;
CREATE TRIGGER changes_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON changes
EXECUTE FUNCTION refuse('changes is append-only');
