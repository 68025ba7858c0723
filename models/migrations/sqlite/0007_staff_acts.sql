-- Acts of staff are records of the log. What may be about a person, before and
-- after and the reason, stands apart and can be erased, as with responses: the
-- row that stays knows the person by number alone. leaf_index is -1 for acts
-- from before they were in the log; details is JSON.
ALTER TABLE acts RENAME TO old_acts;
CREATE TABLE acts (
  id         INTEGER PRIMARY KEY,
  act        TEXT NOT NULL,
  leaf_index INTEGER NOT NULL,
  at         INTEGER NOT NULL,
  actor      TEXT NOT NULL,
  action     TEXT NOT NULL,
  object     TEXT NOT NULL,
  ref        INTEGER NOT NULL,
  request_id TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX acts_names ON acts (act) WHERE act <> '';
CREATE INDEX acts_about ON acts (ref) WHERE ref <> 0;

-- Deleting a row here erases it.
CREATE TABLE act_details (
  id      INTEGER PRIMARY KEY REFERENCES acts (id),
  person  TEXT NOT NULL,
  salt    BLOB NOT NULL,
  details BLOB NOT NULL
) STRICT;
CREATE INDEX act_details_about ON act_details (person) WHERE person <> '';

CREATE TEMP TABLE told AS
  SELECT o.*, CASE WHEN action = 'person.delete' THEN object
    WHEN action IN ('person.extend', 'person.exempt', 'person.recall', 'failure.retry') THEN substr(object, instr(object, '/') + 1)
    ELSE '' END AS person
  FROM old_acts o;
INSERT INTO acts (id, act, leaf_index, at, actor, action, object, ref, request_id)
  SELECT id, '', -1, at, actor, action,
    CASE WHEN person = '' THEN object WHEN action = 'person.delete' THEN '' ELSE substr(object, 1, instr(object, '/') - 1) END,
    CASE WHEN person = '' THEN 0 ELSE coalesce((SELECT p.ref FROM people p WHERE p.id = person),
      (SELECT r.ref FROM response_details d JOIN responses r ON r.leaf_index = d.leaf_index WHERE d.person = told.person LIMIT 1),
      (SELECT c.ref FROM changes c WHERE c.person = told.person LIMIT 1), 0) END, ''
  FROM told ORDER BY id;
INSERT INTO act_details (id, person, salt, details)
  SELECT id, person, x'', CAST('{' || CASE WHEN detail = '' THEN '' ELSE '"after":' || detail END ||
    CASE WHEN detail <> '' AND reason <> '' THEN ',' ELSE '' END ||
    CASE WHEN reason = '' THEN '' ELSE '"reason":' || json_quote(reason) END || '}' AS BLOB)
  FROM told ORDER BY id;
DROP TABLE told;
DROP TABLE old_acts; -- with its triggers
CREATE TRIGGER acts_no_update BEFORE UPDATE ON acts
BEGIN SELECT RAISE(ABORT, 'acts is append-only'); END;
CREATE TRIGGER acts_no_delete BEFORE DELETE ON acts
BEGIN SELECT RAISE(ABORT, 'acts is append-only'); END;

-- Whose details were erased, by number, and when what was left in free pages of
-- the file was overwritten; 0: not yet.
CREATE TABLE erasures (
  id         TEXT PRIMARY KEY NOT NULL,
  leaf_index INTEGER NOT NULL,
  ref        INTEGER NOT NULL,
  at         INTEGER NOT NULL,
  scrubbed   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Erasing takes the client's key off a response, and the name off the journal's
-- entry of a removed account. Nothing else of either ever changes.
CREATE INDEX response_details_about ON response_details (person);
DROP TRIGGER responses_no_update;
CREATE TRIGGER responses_no_update
BEFORE UPDATE OF leaf_index, receipt_id, ref, campaign, plan, action, documents, effect, fingerprint, recorded_at, checkpoint ON responses
BEGIN SELECT RAISE(ABORT, 'responses is append-only'); END;
CREATE TRIGGER responses_erase_only BEFORE UPDATE ON responses WHEN NEW.idempotency_key <> 'erased:' || OLD.leaf_index
BEGIN SELECT RAISE(ABORT, 'responses is append-only'); END;
DROP TRIGGER changes_no_update;
CREATE TRIGGER changes_no_update
BEFORE UPDATE OF revision, kind, at, campaign, ref, seq, plan, country, stage, from_stage, cause, run ON changes
BEGIN SELECT RAISE(ABORT, 'changes is append-only'); END;
CREATE TRIGGER changes_erase_only BEFORE UPDATE ON changes WHEN OLD.kind <> 'removed' OR NEW.person <> ''
BEGIN SELECT RAISE(ABORT, 'changes is append-only'); END;
