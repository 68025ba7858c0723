CREATE TABLE act_details (
  id      INTEGER PRIMARY KEY REFERENCES acts (id),
  person  TEXT NOT NULL,
  salt    BLOB NOT NULL,
  details BLOB NOT NULL
) STRICT;
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
CREATE TABLE api_keys (
  id      TEXT PRIMARY KEY NOT NULL,
  hash    TEXT NOT NULL UNIQUE,
  name    TEXT NOT NULL,
  scopes  TEXT NOT NULL,
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  revoked INTEGER NOT NULL
, previous TEXT NOT NULL DEFAULT '', previous_until INTEGER NOT NULL DEFAULT 0) STRICT;
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
CREATE TABLE campaigns (
  campaign     TEXT PRIMARY KEY NOT NULL,
  plan         INTEGER NOT NULL,
  activated_at INTEGER NOT NULL,
  enrolled_to  INTEGER NOT NULL
, confirmed INTEGER NOT NULL DEFAULT 0, ruled INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;
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
CREATE TABLE chat_answers (
  person TEXT NOT NULL,
  id     TEXT NOT NULL,
  PRIMARY KEY (person, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE chat_blocks (
  person TEXT NOT NULL,
  peer   TEXT NOT NULL,
  PRIMARY KEY (person, peer)
) STRICT, WITHOUT ROWID;
CREATE TABLE chat_boxes (
  person TEXT PRIMARY KEY NOT NULL,
  newest INTEGER NOT NULL,
  handed INTEGER NOT NULL,
  waits  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE chat_calls (
  id     TEXT PRIMARY KEY NOT NULL,
  caller TEXT NOT NULL,
  callee TEXT NOT NULL,
  kind   TEXT NOT NULL,
  begun  INTEGER NOT NULL,
  until  INTEGER NOT NULL -- by the real clock, which a demonstration does not move
) STRICT, WITHOUT ROWID;
CREATE TABLE "chat_copies" (
  place  INTEGER NOT NULL,
  person TEXT NOT NULL,
  PRIMARY KEY (place, person)
) STRICT, WITHOUT ROWID;
CREATE TABLE chat_devices (
  person TEXT NOT NULL,
  device TEXT NOT NULL,
  handed INTEGER NOT NULL,
  PRIMARY KEY (person, device)
) STRICT, WITHOUT ROWID;
CREATE TABLE chat_members (
  person TEXT NOT NULL,
  chat   INTEGER NOT NULL,
  peer   TEXT NOT NULL,    -- the other one; '' in a group
  admin  INTEGER NOT NULL,
  since  INTEGER NOT NULL, -- place of the newest message when they came in
  gone   INTEGER NOT NULL,
  seen   INTEGER NOT NULL, oldest INTEGER NOT NULL DEFAULT 0, newest INTEGER NOT NULL DEFAULT 9223372036854775807, -- place up to which it is read
  PRIMARY KEY (person, chat)
) STRICT, WITHOUT ROWID;
CREATE TABLE chat_messages (
  place     INTEGER PRIMARY KEY AUTOINCREMENT, -- never given twice
  id        TEXT NOT NULL UNIQUE,
  chat      INTEGER NOT NULL,
  sender    TEXT NOT NULL,
  client_id TEXT NOT NULL,
  kind      TEXT NOT NULL,
  body      TEXT NOT NULL,
  call      TEXT NOT NULL,
  whom      TEXT NOT NULL,
  sent      INTEGER NOT NULL
) STRICT;
CREATE TABLE chats (
  chat     INTEGER PRIMARY KEY,
  group_id TEXT NOT NULL, -- '' between two people
  title    TEXT NOT NULL
) STRICT;
CREATE TABLE contacts (
  ref      INTEGER PRIMARY KEY,
  email    TEXT NOT NULL,
  channels TEXT NOT NULL,
  zone     TEXT NOT NULL,
  changed  INTEGER NOT NULL,
  silenced INTEGER NOT NULL, -- no reminders since; 0: they may be sent
  bounced  INTEGER NOT NULL, -- the address takes no mail since; 0: it does
  soft     INTEGER NOT NULL  -- soft bounces since a mail last got through
, language TEXT NOT NULL DEFAULT '') STRICT;
CREATE TABLE counts (
  campaign TEXT NOT NULL,
  country  TEXT NOT NULL,
  status   TEXT NOT NULL,
  stage    INTEGER NOT NULL,
  people   INTEGER NOT NULL,
  PRIMARY KEY (campaign, country, status, stage)
) STRICT, WITHOUT ROWID;
CREATE TABLE days (
  campaign TEXT NOT NULL,
  day      TEXT NOT NULL,
  tally    TEXT NOT NULL,
  people   INTEGER NOT NULL,
  PRIMARY KEY (campaign, day, tally)
) STRICT, WITHOUT ROWID;
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
CREATE TABLE delivery_counts (
  channel  TEXT NOT NULL,
  campaign TEXT NOT NULL,
  state    TEXT NOT NULL,
  number   INTEGER NOT NULL,
  PRIMARY KEY (channel, campaign, state)
) STRICT, WITHOUT ROWID;
CREATE TABLE enrollments (
  campaign      TEXT NOT NULL,
  ref           INTEGER NOT NULL,
  person        TEXT NOT NULL,
  seq           INTEGER NOT NULL,
  plan          INTEGER NOT NULL,
  country       TEXT NOT NULL,
  locale        TEXT NOT NULL,
  created       INTEGER NOT NULL,
  joined        INTEGER NOT NULL,
  status        TEXT NOT NULL,
  effect        TEXT NOT NULL,
  stage         INTEGER NOT NULL,
  entered       INTEGER NOT NULL,
  told          INTEGER NOT NULL,
  noticed       INTEGER NOT NULL,
  warned        INTEGER NOT NULL,
  first_notice  INTEGER NOT NULL,
  not_before    INTEGER NOT NULL,
  snoozed_until INTEGER NOT NULL,
  snoozes       INTEGER NOT NULL,
  answered      INTEGER NOT NULL,
  next_at       INTEGER NOT NULL, attributes TEXT NOT NULL DEFAULT '', excused INTEGER NOT NULL DEFAULT 0, exempt_until INTEGER NOT NULL DEFAULT 0, bound INTEGER NOT NULL DEFAULT 0, extensions INTEGER NOT NULL DEFAULT 0, unreached INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (campaign, ref)
) STRICT, WITHOUT ROWID;
CREATE TABLE erasures (
  id         TEXT PRIMARY KEY NOT NULL,
  leaf_index INTEGER NOT NULL,
  ref        INTEGER NOT NULL,
  at         INTEGER NOT NULL,
  scrubbed   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE failures (
  campaign TEXT NOT NULL,
  ref      INTEGER NOT NULL,
  tries    INTEGER NOT NULL,
  error    TEXT NOT NULL,
  at       INTEGER NOT NULL,
  PRIMARY KEY (campaign, ref)
) STRICT, WITHOUT ROWID;
CREATE TABLE holds (
  campaign    TEXT NOT NULL REFERENCES campaigns (campaign),
  id          TEXT NOT NULL,
  region      TEXT NOT NULL,
  person      TEXT NOT NULL,
  reason      TEXT NOT NULL,
  reference   TEXT NOT NULL,
  clock       TEXT NOT NULL,
  effect      TEXT NOT NULL,
  starts      INTEGER NOT NULL,
  ends        INTEGER NOT NULL,
  placed_by   TEXT NOT NULL,
  placed_at   INTEGER NOT NULL,
  released_by TEXT NOT NULL, attributes TEXT NOT NULL DEFAULT '', reminders INTEGER NOT NULL DEFAULT 0, message TEXT NOT NULL DEFAULT 'null', spread INTEGER NOT NULL DEFAULT 0, release_reason TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (campaign, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE leases (
  name    TEXT PRIMARY KEY NOT NULL,
  holder  TEXT NOT NULL,
  fence   INTEGER NOT NULL,
  expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE log_entries (
  leaf_index INTEGER PRIMARY KEY,
  record     BLOB NOT NULL
) STRICT;
CREATE TABLE log_head (
  one        INTEGER PRIMARY KEY CHECK (one = 1),
  size       INTEGER NOT NULL,
  root       BLOB NOT NULL,
  checkpoint BLOB NOT NULL
) STRICT;
CREATE TABLE mailings (
  campaign TEXT PRIMARY KEY NOT NULL,
  revision INTEGER NOT NULL,
  ref      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE notices (
  ref       INTEGER NOT NULL,
  id        TEXT NOT NULL,
  campaign  TEXT NOT NULL,
  plan      INTEGER NOT NULL,
  stage     INTEGER NOT NULL,
  kind      TEXT NOT NULL,
  channel   TEXT NOT NULL,
  presented INTEGER NOT NULL,
  delivered INTEGER NOT NULL,
  at        INTEGER NOT NULL,
  PRIMARY KEY (ref, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE pause (
  one    INTEGER PRIMARY KEY CHECK (one = 1),
  at     INTEGER NOT NULL,
  reason TEXT NOT NULL,
  actor  TEXT NOT NULL,
  seen   INTEGER NOT NULL DEFAULT 0 -- when the last run started, by the clock it went by
) STRICT;
CREATE TABLE people (
  ref     INTEGER PRIMARY KEY AUTOINCREMENT,
  id      TEXT NOT NULL UNIQUE,
  country TEXT NOT NULL,
  locale  TEXT NOT NULL,
  type    TEXT NOT NULL,
  created INTEGER NOT NULL
, attributes TEXT NOT NULL DEFAULT '', owner TEXT NOT NULL DEFAULT '') STRICT;
CREATE TABLE person_keys (
  ref INTEGER PRIMARY KEY,
  key BLOB NOT NULL
) STRICT;
CREATE TABLE places (
  name     TEXT PRIMARY KEY NOT NULL,
  revision INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE plans (
  campaign     TEXT NOT NULL REFERENCES campaigns (campaign),
  number       INTEGER NOT NULL,
  plan_json    TEXT NOT NULL,
  source       BLOB NOT NULL,
  created      INTEGER NOT NULL,
  actor        TEXT NOT NULL,
  activated_at INTEGER NOT NULL,
  PRIMARY KEY (campaign, number)
) STRICT;
CREATE TABLE points (
  name       TEXT PRIMARY KEY NOT NULL,
  kind       TEXT NOT NULL,
  on_silence TEXT NOT NULL,
  revision   INTEGER NOT NULL,
  behind     INTEGER NOT NULL,
  since      INTEGER NOT NULL,
  heard      INTEGER NOT NULL,
  counts     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE response_details (
  leaf_index INTEGER PRIMARY KEY REFERENCES responses (leaf_index),
  person     TEXT NOT NULL,
  salt       BLOB NOT NULL,
  details    BLOB NOT NULL
) STRICT;
CREATE TABLE responses (
  leaf_index      INTEGER PRIMARY KEY,
  receipt_id      TEXT NOT NULL UNIQUE,
  ref             INTEGER NOT NULL,
  campaign        TEXT NOT NULL,
  plan            INTEGER NOT NULL,
  action          TEXT NOT NULL,
  documents       TEXT NOT NULL,
  effect          TEXT NOT NULL,
  idempotency_key TEXT NOT NULL,
  fingerprint     TEXT NOT NULL,
  recorded_at     INTEGER NOT NULL,
  checkpoint      BLOB NOT NULL,
  UNIQUE (ref, idempotency_key)
) STRICT;
CREATE TABLE restrictions (
  campaign TEXT NOT NULL,
  hour     INTEGER NOT NULL,
  people   INTEGER NOT NULL,
  PRIMARY KEY (campaign, hour)
) STRICT, WITHOUT ROWID;
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
CREATE TABLE revision (
  one   INTEGER PRIMARY KEY CHECK (one = 1),
  value INTEGER NOT NULL
) STRICT;
CREATE TABLE runs (
  id       TEXT PRIMARY KEY NOT NULL,
  job      TEXT NOT NULL,
  planned  INTEGER NOT NULL,
  started  INTEGER NOT NULL,
  finished INTEGER NOT NULL,
  examined INTEGER NOT NULL,
  moved    INTEGER NOT NULL,
  told     INTEGER NOT NULL,
  held     INTEGER NOT NULL,
  waiting  INTEGER NOT NULL,
  failed   INTEGER NOT NULL,
  error    TEXT NOT NULL
, stopped INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;
CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL);
CREATE TABLE signed_out (
  ref INTEGER PRIMARY KEY NOT NULL,
  at  INTEGER NOT NULL
) STRICT;
CREATE TABLE snapshots (
  sha256 TEXT PRIMARY KEY NOT NULL,
  html   BLOB NOT NULL,
  stored INTEGER NOT NULL
) STRICT;
CREATE TABLE spent (
  id      TEXT PRIMARY KEY NOT NULL,
  expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE sqlite_sequence(name,seq);
CREATE TABLE staff (
  name     TEXT PRIMARY KEY NOT NULL,
  password TEXT NOT NULL,
  created  INTEGER NOT NULL
, role    TEXT NOT NULL DEFAULT 'editor', email   TEXT NOT NULL DEFAULT '', issuer  TEXT NOT NULL DEFAULT '', subject TEXT NOT NULL DEFAULT '') STRICT;
CREATE TABLE texts (
  document TEXT NOT NULL,
  version  TEXT NOT NULL,
  locale   TEXT NOT NULL,
  markdown BLOB NOT NULL, -- bytes, not text: the hash is of exactly these
  summary  TEXT NOT NULL,
  sha256   TEXT NOT NULL,
  PRIMARY KEY (document, version, locale),
  FOREIGN KEY (document, version) REFERENCES versions (document, version)
) STRICT;
CREATE TABLE tiles (
  path TEXT PRIMARY KEY NOT NULL,
  data BLOB NOT NULL
) STRICT;
CREATE TABLE versions (
  document     TEXT NOT NULL,
  version      TEXT NOT NULL,
  title        TEXT NOT NULL,
  material     INTEGER NOT NULL,
  effective_at INTEGER NOT NULL,
  published    INTEGER NOT NULL,
  PRIMARY KEY (document, version)
) STRICT, WITHOUT ROWID;
CREATE TABLE webhook_letters (
  webhook  TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
  revision INTEGER NOT NULL,
  lane     INTEGER NOT NULL,
  tries    INTEGER NOT NULL,
  next_at  INTEGER NOT NULL,
  dead     INTEGER NOT NULL,
  said     TEXT NOT NULL,
  PRIMARY KEY (webhook, revision)
) STRICT, WITHOUT ROWID;
CREATE TABLE webhooks (
  id          TEXT PRIMARY KEY NOT NULL,
  url         TEXT NOT NULL,
  description TEXT NOT NULL,
  kinds       TEXT NOT NULL,
  secrets     TEXT NOT NULL,
  created     INTEGER NOT NULL,
  disabled    INTEGER NOT NULL,
  why         TEXT NOT NULL,
  place       INTEGER NOT NULL,
  failing     INTEGER NOT NULL,
  said        TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX act_details_about ON act_details (person) WHERE person <> '';
CREATE INDEX acts_about ON acts (ref) WHERE ref <> 0;
CREATE UNIQUE INDEX acts_names ON acts (act) WHERE act <> '';
CREATE TRIGGER acts_no_delete BEFORE DELETE ON acts
BEGIN SELECT RAISE(ABORT, 'acts is append-only'); END;
CREATE TRIGGER acts_no_update BEFORE UPDATE ON acts
BEGIN SELECT RAISE(ABORT, 'acts is append-only'); END;
CREATE INDEX api_keys_previous ON api_keys (previous) WHERE previous <> '';
CREATE TRIGGER approvals_decide_once BEFORE UPDATE OF state, decided_by, decided_at ON approvals
WHEN OLD.state <> 'open' OR NEW.state = 'open'
BEGIN SELECT RAISE(ABORT, 'an approval can only be decided, once'); END;
CREATE TRIGGER approvals_erase_only BEFORE UPDATE OF request ON approvals WHEN NEW.request <> x'7b7d' OR NEW.note <> ''
BEGIN SELECT RAISE(ABORT, 'what was asked for cannot be changed'); END;
CREATE INDEX approvals_newest ON approvals (asked_at, id);
CREATE TRIGGER approvals_no_delete BEFORE DELETE ON approvals
BEGIN SELECT RAISE(ABORT, 'an approval cannot be deleted'); END;
CREATE TRIGGER approvals_no_update BEFORE UPDATE OF id, campaign, act, object, digest, asked_by, asked_at, expires ON approvals
BEGIN SELECT RAISE(ABORT, 'what was asked for cannot be changed'); END;
CREATE TRIGGER approvals_note_once BEFORE UPDATE OF note ON approvals
WHEN NEW.note <> '' AND (OLD.state <> 'open' OR NEW.state = 'open')
BEGIN SELECT RAISE(ABORT, 'an approval can only be decided, once'); END;
CREATE TRIGGER changes_erase_only BEFORE UPDATE ON changes WHEN OLD.kind <> 'removed' OR NEW.person <> ''
BEGIN SELECT RAISE(ABORT, 'changes is append-only'); END;
CREATE INDEX changes_moves ON changes (campaign, revision) WHERE cause <> '';
CREATE INDEX changes_named ON changes (at) WHERE person <> '';
CREATE TRIGGER changes_no_delete BEFORE DELETE ON changes
BEGIN SELECT RAISE(ABORT, 'changes is append-only'); END;
CREATE TRIGGER changes_no_update
BEFORE UPDATE OF revision, kind, at, campaign, ref, seq, plan, country, stage, from_stage, cause, run ON changes
BEGIN SELECT RAISE(ABORT, 'changes is append-only'); END;
CREATE UNIQUE INDEX changes_steps ON changes (ref, campaign, seq) WHERE ref <> 0;
CREATE INDEX chat_boxes_waiting ON chat_boxes (waits) WHERE waits <> 0;
CREATE INDEX chat_members_of ON chat_members (chat);
CREATE UNIQUE INDEX chat_members_with ON chat_members (person, peer) WHERE peer <> '';
CREATE INDEX chat_messages_in ON chat_messages (chat, place);
CREATE UNIQUE INDEX chat_messages_sent ON chat_messages (sender, client_id) WHERE client_id <> '';
CREATE UNIQUE INDEX chats_by_group ON chats (group_id) WHERE group_id <> '';
CREATE INDEX contacts_by_email ON contacts (email) WHERE email <> '';
CREATE INDEX deliveries_claimed ON deliveries (lease) WHERE lease <> 0;
CREATE INDEX deliveries_due ON deliveries (state, next_at, notice) WHERE next_at <> 0;
CREATE INDEX deliveries_of ON deliveries (ref, created);
CREATE INDEX deliveries_sent ON deliveries (ref, sent) WHERE sent <> 0;
CREATE INDEX deliveries_troubled ON deliveries (created, notice) WHERE state IN ('dead', 'uncertain', 'bounced');
CREATE INDEX enrollments_due ON enrollments (campaign, next_at, ref) WHERE next_at <> 0;
CREATE INDEX enrollments_unreached ON enrollments (campaign, ref) WHERE unreached;
CREATE TRIGGER log_entries_no_delete BEFORE DELETE ON log_entries
BEGIN SELECT RAISE(ABORT, 'log_entries is append-only'); END;
CREATE TRIGGER log_entries_no_update BEFORE UPDATE ON log_entries
BEGIN SELECT RAISE(ABORT, 'log_entries is append-only'); END;
CREATE TRIGGER notices_no_delete BEFORE DELETE ON notices
BEGIN SELECT RAISE(ABORT, 'notices is append-only'); END;
CREATE TRIGGER notices_no_update BEFORE UPDATE ON notices
BEGIN SELECT RAISE(ABORT, 'notices is append-only'); END;
CREATE INDEX people_owned ON people (owner) WHERE owner <> '';
CREATE TRIGGER plans_no_delete BEFORE DELETE ON plans
BEGIN SELECT RAISE(ABORT, 'a plan cannot be deleted'); END;
CREATE TRIGGER plans_no_update BEFORE UPDATE OF campaign, number, plan_json, source, created, actor ON plans
BEGIN SELECT RAISE(ABORT, 'a plan cannot be changed'); END;
CREATE INDEX response_details_about ON response_details (person);
CREATE TRIGGER responses_erase_only BEFORE UPDATE ON responses WHEN NEW.idempotency_key <> 'erased:' || OLD.leaf_index
BEGIN SELECT RAISE(ABORT, 'responses is append-only'); END;
CREATE TRIGGER responses_no_delete BEFORE DELETE ON responses
BEGIN SELECT RAISE(ABORT, 'responses is append-only'); END;
CREATE TRIGGER responses_no_update
BEFORE UPDATE OF leaf_index, receipt_id, ref, campaign, plan, action, documents, effect, fingerprint, recorded_at, checkpoint ON responses
BEGIN SELECT RAISE(ABORT, 'responses is append-only'); END;
CREATE TRIGGER reversals_no_delete BEFORE DELETE ON reversals
BEGIN SELECT RAISE(ABORT, 'a reversal cannot be deleted'); END;
CREATE TRIGGER reversals_no_update
BEFORE UPDATE OF campaign, id, region, stage, reminders, reason, reference, at, undo_until, made_by, counts ON reversals
BEGIN SELECT RAISE(ABORT, 'a reversal cannot be changed'); END;
CREATE TRIGGER reversals_undo_once BEFORE UPDATE ON reversals WHEN OLD.undone <> 0 OR NEW.undone = 0
BEGIN SELECT RAISE(ABORT, 'a reversal can only be undone, once'); END;
CREATE INDEX runs_newest ON runs (started, id);
CREATE TRIGGER runs_no_delete BEFORE DELETE ON runs
BEGIN SELECT RAISE(ABORT, 'runs is append-only'); END;
CREATE TRIGGER runs_no_update BEFORE UPDATE ON runs
WHEN OLD.finished <> 0 OR NEW.finished = 0 OR NEW.id <> OLD.id OR NEW.job <> OLD.job OR NEW.planned <> OLD.planned OR NEW.started <> OLD.started
BEGIN SELECT RAISE(ABORT, 'a run can only be finished, once'); END;
CREATE INDEX spent_expires ON spent (expires);
CREATE UNIQUE INDEX staff_email ON staff (email) WHERE email <> '';
CREATE UNIQUE INDEX staff_subject ON staff (issuer, subject) WHERE subject <> '';
CREATE TRIGGER texts_no_delete BEFORE DELETE ON texts
WHEN EXISTS (SELECT 1 FROM versions v WHERE v.document = OLD.document AND v.version = OLD.version AND v.published <> 0)
BEGIN SELECT RAISE(ABORT, 'a text of a published version cannot be deleted'); END;
CREATE TRIGGER texts_no_insert BEFORE INSERT ON texts
WHEN EXISTS (SELECT 1 FROM versions v WHERE v.document = NEW.document AND v.version = NEW.version AND v.published <> 0)
BEGIN SELECT RAISE(ABORT, 'a text cannot be added to a published version'); END;
CREATE TRIGGER texts_no_update BEFORE UPDATE ON texts
WHEN EXISTS (SELECT 1 FROM versions v WHERE v.document = OLD.document AND v.version = OLD.version AND v.published <> 0)
BEGIN SELECT RAISE(ABORT, 'a text of a published version cannot be changed'); END;
CREATE TRIGGER versions_no_delete BEFORE DELETE ON versions WHEN OLD.published <> 0
BEGIN SELECT RAISE(ABORT, 'a published version cannot be deleted'); END;
CREATE TRIGGER versions_no_update BEFORE UPDATE ON versions WHEN OLD.published <> 0
BEGIN SELECT RAISE(ABORT, 'a published version cannot be changed'); END;
