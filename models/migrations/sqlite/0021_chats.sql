-- Conversations of the messaging layer. Every table that is read for a person
-- leads with the person, and no text is looked into. Bodies are content: they
-- are deleted with their last copy's owner, and never logged.
CREATE TABLE chats (
  chat     INTEGER PRIMARY KEY,
  group_id TEXT NOT NULL, -- '' between two people
  title    TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX chats_by_group ON chats (group_id) WHERE group_id <> '';

-- Who is in a conversation, or has been.
CREATE TABLE chat_members (
  person TEXT NOT NULL,
  chat   INTEGER NOT NULL,
  peer   TEXT NOT NULL,    -- the other one; '' in a group
  admin  INTEGER NOT NULL,
  since  INTEGER NOT NULL, -- place of the newest message when they came in
  gone   INTEGER NOT NULL,
  seen   INTEGER NOT NULL, -- place up to which it is read
  PRIMARY KEY (person, chat)
) STRICT, WITHOUT ROWID;
CREATE INDEX chat_members_of ON chat_members (chat);
CREATE UNIQUE INDEX chat_members_with ON chat_members (person, peer) WHERE peer <> '';

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
CREATE UNIQUE INDEX chat_messages_sent ON chat_messages (sender, client_id) WHERE client_id <> '';

-- What each person has of them.
CREATE TABLE chat_copies (
  person TEXT NOT NULL,
  place  INTEGER NOT NULL,
  chat   INTEGER NOT NULL,
  own    INTEGER NOT NULL, -- they wrote it
  PRIMARY KEY (person, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX chat_copies_in ON chat_copies (person, chat, place, own);

-- How far each person has come: copies after handed wait, since the instant in
-- waits or later; 0 when none do.
CREATE TABLE chat_boxes (
  person TEXT PRIMARY KEY NOT NULL,
  newest INTEGER NOT NULL,
  handed INTEGER NOT NULL,
  waits  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX chat_boxes_waiting ON chat_boxes (waits) WHERE waits <> 0;

CREATE TABLE chat_devices (
  person TEXT NOT NULL,
  device TEXT NOT NULL,
  handed INTEGER NOT NULL,
  PRIMARY KEY (person, device)
) STRICT, WITHOUT ROWID;

CREATE TABLE chat_blocks (
  person TEXT NOT NULL,
  peer   TEXT NOT NULL,
  PRIMARY KEY (person, peer)
) STRICT, WITHOUT ROWID;

-- Messages whose notification has been replied to.
CREATE TABLE chat_answers (
  person TEXT NOT NULL,
  id     TEXT NOT NULL,
  PRIMARY KEY (person, id)
) STRICT, WITHOUT ROWID;
