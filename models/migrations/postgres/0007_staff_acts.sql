-- Acts of staff are records of the log. What may be about a person, before and
-- after and the reason, stands apart and can be erased, as with responses: the
-- row that stays knows the person by number alone. leaf_index is -1 for acts
-- from before they were in the log; details is JSON.
ALTER TABLE acts RENAME TO old_acts;
ALTER INDEX acts_pkey RENAME TO old_acts_pkey;
CREATE TABLE acts (
  id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  act        TEXT COLLATE "C" NOT NULL,
  leaf_index BIGINT NOT NULL,
  at         BIGINT NOT NULL,
  actor      TEXT COLLATE "C" NOT NULL,
  action     TEXT COLLATE "C" NOT NULL,
  object     TEXT COLLATE "C" NOT NULL,
  ref        BIGINT NOT NULL,
  request_id TEXT COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX acts_names ON acts (act) WHERE act <> '';
CREATE INDEX acts_about ON acts (ref) WHERE ref <> 0;

-- Deleting a row here erases it.
CREATE TABLE act_details (
  id      BIGINT PRIMARY KEY REFERENCES acts (id),
  person  TEXT COLLATE "C" NOT NULL,
  salt    BYTEA NOT NULL,
  details BYTEA NOT NULL
);
CREATE INDEX act_details_about ON act_details (person) WHERE person <> '';

CREATE TEMP TABLE told ON COMMIT DROP AS
  SELECT o.*, CASE WHEN action = 'person.delete' THEN object
    WHEN action IN ('person.extend', 'person.exempt', 'person.recall', 'failure.retry') THEN substr(object, strpos(object, '/') + 1)
    ELSE '' END AS person
  FROM old_acts o;
INSERT INTO acts (id, act, leaf_index, at, actor, action, object, ref, request_id) OVERRIDING SYSTEM VALUE
  SELECT id, '', -1, at, actor, action,
    CASE WHEN person = '' THEN object WHEN action = 'person.delete' THEN '' ELSE split_part(object, '/', 1) END,
    CASE WHEN person = '' THEN 0 ELSE coalesce((SELECT p.ref FROM people p WHERE p.id = person),
      (SELECT r.ref FROM response_details d JOIN responses r ON r.leaf_index = d.leaf_index WHERE d.person = told.person LIMIT 1),
      (SELECT c.ref FROM changes c WHERE c.person = told.person LIMIT 1), 0) END, ''
  FROM told ORDER BY id;
SELECT setval(pg_get_serial_sequence('acts', 'id'), max(id)) FROM acts HAVING max(id) IS NOT NULL;
INSERT INTO act_details (id, person, salt, details)
  SELECT id, person, '', convert_to('{' || CASE WHEN detail = '' THEN '' ELSE '"after":' || detail END ||
    CASE WHEN detail <> '' AND reason <> '' THEN ',' ELSE '' END ||
    CASE WHEN reason = '' THEN '' ELSE '"reason":' || to_json(reason)::text END || '}', 'UTF8')
  FROM told ORDER BY id;
DROP TABLE old_acts;
CREATE TRIGGER acts_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON acts
EXECUTE FUNCTION refuse('acts is append-only');

-- Whose details were erased, by number, and when what was left of them in the
-- tables' files was cleared away; 0: not yet.
CREATE TABLE erasures (
  id         TEXT COLLATE "C" PRIMARY KEY,
  leaf_index BIGINT NOT NULL,
  ref        BIGINT NOT NULL,
  at         BIGINT NOT NULL,
  scrubbed   BIGINT NOT NULL
);

-- Erasing takes the client's key off a response, and the name off the journal's
-- entry of a removed account. Nothing else of either ever changes.
CREATE INDEX response_details_about ON response_details (person);
DROP TRIGGER responses_no_change ON responses;
CREATE TRIGGER responses_no_delete BEFORE DELETE OR TRUNCATE ON responses
EXECUTE FUNCTION refuse('responses is append-only');
CREATE TRIGGER responses_no_update
BEFORE UPDATE OF leaf_index, receipt_id, ref, campaign, plan, action, documents, effect, fingerprint, recorded_at, checkpoint ON responses
EXECUTE FUNCTION refuse('responses is append-only');
CREATE TRIGGER responses_erase_only BEFORE UPDATE ON responses FOR EACH ROW
WHEN (NEW.idempotency_key <> 'erased:' || OLD.leaf_index) EXECUTE FUNCTION refuse('responses is append-only');
DROP TRIGGER changes_no_change ON changes;
CREATE TRIGGER changes_no_delete BEFORE DELETE OR TRUNCATE ON changes
EXECUTE FUNCTION refuse('changes is append-only');
CREATE TRIGGER changes_no_update
BEFORE UPDATE OF revision, kind, at, campaign, ref, seq, plan, country, stage, from_stage, cause, run ON changes
EXECUTE FUNCTION refuse('changes is append-only');
CREATE TRIGGER changes_erase_only BEFORE UPDATE ON changes FOR EACH ROW
WHEN (OLD.kind <> 'removed' OR NEW.person <> '') EXECUTE FUNCTION refuse('changes is append-only');
