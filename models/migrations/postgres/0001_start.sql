-- Instants are microseconds since 1970 in UTC; 0 means "not yet" or "never".
-- Keys compare byte by byte (COLLATE "C"), as they do in Go and in SQLite.
-- Columns named title, plan_json, documents and scopes hold JSON.

CREATE TABLE versions (
  document     TEXT COLLATE "C" NOT NULL,
  version      TEXT COLLATE "C" NOT NULL,
  title        TEXT NOT NULL,
  material     BOOLEAN NOT NULL,
  effective_at BIGINT NOT NULL,
  published    BIGINT NOT NULL,
  PRIMARY KEY (document, version)
);

CREATE TABLE texts (
  document TEXT COLLATE "C" NOT NULL,
  version  TEXT COLLATE "C" NOT NULL,
  locale   TEXT COLLATE "C" NOT NULL,
  markdown BYTEA NOT NULL, -- bytes, not text: the hash is of exactly these
  summary  TEXT NOT NULL,
  sha256   TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (document, version, locale),
  FOREIGN KEY (document, version) REFERENCES versions (document, version)
);

CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER versions_no_update BEFORE UPDATE ON versions FOR EACH ROW WHEN (OLD.published <> 0)
EXECUTE FUNCTION refuse('a published version cannot be changed');
CREATE TRIGGER versions_no_delete BEFORE DELETE ON versions FOR EACH ROW WHEN (OLD.published <> 0)
EXECUTE FUNCTION refuse('a published version cannot be deleted');
CREATE TRIGGER versions_no_truncate BEFORE TRUNCATE ON versions
EXECUTE FUNCTION refuse('a published version cannot be deleted');

CREATE FUNCTION refuse_published() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM versions v WHERE v.published <> 0
      AND (v.document, v.version) IN ((OLD.document, OLD.version), (NEW.document, NEW.version))) THEN
    RAISE EXCEPTION 'a text of a published version cannot be added, changed or deleted'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF TG_OP = 'DELETE' THEN
    RETURN OLD;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER texts_fixed BEFORE INSERT OR UPDATE OR DELETE ON texts FOR EACH ROW
EXECUTE FUNCTION refuse_published();
CREATE TRIGGER texts_no_truncate BEFORE TRUNCATE ON texts
EXECUTE FUNCTION refuse('a text of a published version cannot be deleted');

CREATE TABLE campaigns (
  campaign     TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  plan         INTEGER NOT NULL,
  activated_at BIGINT NOT NULL,
  enrolled_to  BIGINT NOT NULL
);

CREATE TABLE plans (
  campaign     TEXT COLLATE "C" NOT NULL REFERENCES campaigns (campaign),
  number       INTEGER NOT NULL,
  plan_json    TEXT NOT NULL,
  source       BYTEA NOT NULL,
  created      BIGINT NOT NULL,
  actor        TEXT COLLATE "C" NOT NULL,
  activated_at BIGINT NOT NULL,
  PRIMARY KEY (campaign, number)
);

CREATE TRIGGER plans_no_update BEFORE UPDATE OF campaign, number, plan_json, source, created, actor ON plans
EXECUTE FUNCTION refuse('a plan cannot be changed');
CREATE TRIGGER plans_no_delete BEFORE DELETE OR TRUNCATE ON plans
EXECUTE FUNCTION refuse('a plan cannot be deleted');

CREATE TABLE holds (
  campaign    TEXT COLLATE "C" NOT NULL REFERENCES campaigns (campaign),
  id          TEXT COLLATE "C" NOT NULL,
  region      TEXT COLLATE "C" NOT NULL,
  person      TEXT COLLATE "C" NOT NULL,
  reason      TEXT NOT NULL,
  reference   TEXT NOT NULL,
  clock       TEXT COLLATE "C" NOT NULL,
  effect      TEXT COLLATE "C" NOT NULL,
  starts      BIGINT NOT NULL,
  ends        BIGINT NOT NULL,
  placed_by   TEXT COLLATE "C" NOT NULL,
  placed_at   BIGINT NOT NULL,
  released_by TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (campaign, id)
);

-- An identity: the number of a deleted person is never given to another. Tables
-- that are only added to know people by this number alone, so that deleting the
-- row here takes the name off everything that stays.
CREATE TABLE people (
  ref     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id      TEXT COLLATE "C" NOT NULL UNIQUE,
  country TEXT COLLATE "C" NOT NULL,
  locale  TEXT COLLATE "C" NOT NULL,
  type    TEXT COLLATE "C" NOT NULL,
  created BIGINT NOT NULL
);

-- The sweep walks one campaign in order of (next_at, ref), and start-up one in
-- order of ref, so the campaign leads; a person is found in each by two numbers.
CREATE TABLE enrollments (
  campaign      TEXT COLLATE "C" NOT NULL,
  ref           BIGINT NOT NULL,
  person        TEXT COLLATE "C" NOT NULL,
  seq           BIGINT NOT NULL,
  plan          INTEGER NOT NULL,
  country       TEXT COLLATE "C" NOT NULL,
  locale        TEXT COLLATE "C" NOT NULL,
  created       BIGINT NOT NULL,
  joined        BIGINT NOT NULL,
  status        TEXT COLLATE "C" NOT NULL,
  effect        TEXT COLLATE "C" NOT NULL,
  stage         INTEGER NOT NULL,
  entered       BIGINT NOT NULL,
  told          BIGINT NOT NULL,
  noticed       BIGINT NOT NULL,
  warned        BIGINT NOT NULL,
  first_notice  BIGINT NOT NULL,
  not_before    BIGINT NOT NULL,
  snoozed_until BIGINT NOT NULL,
  snoozes       INTEGER NOT NULL,
  answered      BOOLEAN NOT NULL,
  next_at       BIGINT NOT NULL,
  PRIMARY KEY (campaign, ref)
);
CREATE INDEX enrollments_due ON enrollments (campaign, next_at, ref) WHERE next_at > 0;

-- seq is the enrollment's after the move, so nobody is moved twice from one position.
CREATE TABLE transitions (
  id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  ref        BIGINT NOT NULL,
  campaign   TEXT COLLATE "C" NOT NULL,
  seq        BIGINT NOT NULL,
  plan       INTEGER NOT NULL,
  country    TEXT COLLATE "C" NOT NULL,
  from_stage INTEGER NOT NULL,
  to_stage   INTEGER NOT NULL,
  cause      TEXT COLLATE "C" NOT NULL,
  at         BIGINT NOT NULL,
  run        TEXT COLLATE "C" NOT NULL,
  UNIQUE (ref, campaign, seq)
);
CREATE INDEX transitions_newest ON transitions (campaign, id);

CREATE TABLE notices (
  ref       BIGINT NOT NULL,
  id        TEXT COLLATE "C" NOT NULL,
  campaign  TEXT COLLATE "C" NOT NULL,
  plan      INTEGER NOT NULL,
  stage     INTEGER NOT NULL,
  kind      TEXT COLLATE "C" NOT NULL,
  channel   TEXT COLLATE "C" NOT NULL,
  presented BOOLEAN NOT NULL,
  delivered BOOLEAN NOT NULL,
  at        BIGINT NOT NULL,
  PRIMARY KEY (ref, id)
);

-- The position in the log is the key, so that rows arrive in order of the key.
CREATE TABLE responses (
  leaf_index      BIGINT PRIMARY KEY,
  receipt_id      TEXT COLLATE "C" NOT NULL UNIQUE,
  ref             BIGINT NOT NULL,
  campaign        TEXT COLLATE "C" NOT NULL,
  plan            INTEGER NOT NULL,
  action          TEXT COLLATE "C" NOT NULL,
  documents       TEXT NOT NULL,
  effect          TEXT COLLATE "C" NOT NULL,
  idempotency_key TEXT COLLATE "C" NOT NULL,
  fingerprint     TEXT COLLATE "C" NOT NULL,
  recorded_at     BIGINT NOT NULL,
  record          BYTEA NOT NULL,
  checkpoint      BYTEA NOT NULL,
  UNIQUE (ref, idempotency_key)
);

-- The personal part of a response. Deleting a row here erases it.
CREATE TABLE response_details (
  leaf_index BIGINT PRIMARY KEY REFERENCES responses (leaf_index),
  person     TEXT COLLATE "C" NOT NULL,
  salt       BYTEA NOT NULL,
  details    BYTEA NOT NULL
);

-- The key of a person's pseudonym in the log. Deleting a row here erases it.
CREATE TABLE person_keys (
  ref BIGINT PRIMARY KEY,
  key BYTEA NOT NULL
);

CREATE TABLE snapshots (
  sha256 TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  html   BYTEA NOT NULL,
  stored BIGINT NOT NULL
);

CREATE TABLE counts (
  campaign TEXT COLLATE "C" NOT NULL,
  country  TEXT COLLATE "C" NOT NULL,
  status   TEXT COLLATE "C" NOT NULL,
  stage    INTEGER NOT NULL,
  people   BIGINT NOT NULL,
  PRIMARY KEY (campaign, country, status, stage)
);

CREATE TABLE days (
  campaign TEXT COLLATE "C" NOT NULL,
  day      TEXT COLLATE "C" NOT NULL,
  tally    TEXT COLLATE "C" NOT NULL,
  people   BIGINT NOT NULL,
  PRIMARY KEY (campaign, day, tally)
);

CREATE TABLE runs (
  id       TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  job      TEXT COLLATE "C" NOT NULL,
  planned  BIGINT NOT NULL,
  started  BIGINT NOT NULL,
  finished BIGINT NOT NULL,
  examined INTEGER NOT NULL,
  moved    INTEGER NOT NULL,
  told     INTEGER NOT NULL,
  held     INTEGER NOT NULL,
  waiting  INTEGER NOT NULL,
  failed   INTEGER NOT NULL,
  error    TEXT NOT NULL
);
CREATE INDEX runs_newest ON runs (started, id);

-- The newest revision. Whoever writes holds this row until the end of the
-- transaction, so revisions have no gaps and come in the order of commit.
CREATE TABLE revision (
  one   INTEGER PRIMARY KEY CHECK (one = 1),
  value BIGINT NOT NULL
);
INSERT INTO revision (one, value) VALUES (1, 0);

-- A change with the enrollment as it was after it, copied so that it can still
-- be read when the person is gone. The defaults are for changes about a whole
-- campaign. Old rows may be deleted, none is changed.
CREATE TABLE changes (
  revision      BIGINT PRIMARY KEY,
  kind          TEXT COLLATE "C" NOT NULL,
  at            BIGINT NOT NULL,
  campaign      TEXT COLLATE "C" NOT NULL,
  ref           BIGINT NOT NULL DEFAULT 0,
  person        TEXT COLLATE "C" NOT NULL DEFAULT '',
  seq           BIGINT NOT NULL DEFAULT 0,
  plan          INTEGER NOT NULL DEFAULT 0,
  country       TEXT COLLATE "C" NOT NULL DEFAULT '',
  locale        TEXT COLLATE "C" NOT NULL DEFAULT '',
  created       BIGINT NOT NULL DEFAULT 0,
  joined        BIGINT NOT NULL DEFAULT 0,
  status        TEXT COLLATE "C" NOT NULL DEFAULT '',
  effect        TEXT COLLATE "C" NOT NULL DEFAULT '',
  stage         INTEGER NOT NULL DEFAULT 0,
  entered       BIGINT NOT NULL DEFAULT 0,
  told          BIGINT NOT NULL DEFAULT 0,
  noticed       BIGINT NOT NULL DEFAULT 0,
  warned        BIGINT NOT NULL DEFAULT 0,
  first_notice  BIGINT NOT NULL DEFAULT 0,
  not_before    BIGINT NOT NULL DEFAULT 0,
  snoozed_until BIGINT NOT NULL DEFAULT 0,
  snoozes       INTEGER NOT NULL DEFAULT 0,
  answered      BOOLEAN NOT NULL DEFAULT FALSE,
  next_at       BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE log_head (
  one        INTEGER PRIMARY KEY CHECK (one = 1),
  size       BIGINT NOT NULL,
  root       BYTEA NOT NULL,
  checkpoint BYTEA NOT NULL
);
INSERT INTO log_head (one, size, root, checkpoint) VALUES (1, 0, '', '');

CREATE TABLE tiles (
  path TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  data BYTEA NOT NULL
);

CREATE TABLE api_keys (
  id      TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  hash    TEXT COLLATE "C" NOT NULL UNIQUE,
  name    TEXT COLLATE "C" NOT NULL,
  scopes  TEXT NOT NULL,
  created BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  revoked BIGINT NOT NULL
);

CREATE TABLE staff (
  name     TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  password TEXT NOT NULL,
  created  BIGINT NOT NULL
);

CREATE TABLE acts (
  id     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at     BIGINT NOT NULL,
  actor  TEXT COLLATE "C" NOT NULL,
  action TEXT COLLATE "C" NOT NULL,
  object TEXT COLLATE "C" NOT NULL,
  reason TEXT NOT NULL,
  detail TEXT NOT NULL
);

-- What proves something is only ever added to.
CREATE TRIGGER transitions_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON transitions
EXECUTE FUNCTION refuse('transitions is append-only');
CREATE TRIGGER notices_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON notices
EXECUTE FUNCTION refuse('notices is append-only');
CREATE TRIGGER responses_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON responses
EXECUTE FUNCTION refuse('responses is append-only');
CREATE TRIGGER acts_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON acts
EXECUTE FUNCTION refuse('acts is append-only');
CREATE TRIGGER changes_no_update BEFORE UPDATE ON changes
EXECUTE FUNCTION refuse('changes are never changed');
-- A run is written twice: when it starts, and once when it finishes.
CREATE TRIGGER runs_no_update BEFORE UPDATE ON runs FOR EACH ROW
WHEN (OLD.finished <> 0 OR NEW.finished = 0 OR (NEW.id, NEW.job, NEW.planned, NEW.started) <> (OLD.id, OLD.job, OLD.planned, OLD.started))
EXECUTE FUNCTION refuse('a run can only be finished, once');
CREATE TRIGGER runs_no_delete BEFORE DELETE OR TRUNCATE ON runs
EXECUTE FUNCTION refuse('runs is append-only');
