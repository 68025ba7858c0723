-- Conversations of the messaging layer. Every table that is read for a person
-- leads with the person, and no text is looked into. Bodies are content: they
-- are deleted with their last copy's owner, and never logged.
CREATE TABLE chats (
  chat     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  group_id TEXT COLLATE "C" NOT NULL, -- '' between two people
  title    TEXT NOT NULL
);
CREATE UNIQUE INDEX chats_by_group ON chats (group_id) WHERE group_id <> '';

-- Who is in a conversation, or has been.
CREATE TABLE chat_members (
  person TEXT COLLATE "C" NOT NULL,
  chat   BIGINT NOT NULL,
  peer   TEXT COLLATE "C" NOT NULL,    -- the other one; '' in a group
  admin  BOOLEAN NOT NULL,
  since  BIGINT NOT NULL, -- place of the newest message when they came in
  gone   BOOLEAN NOT NULL,
  seen   BIGINT NOT NULL, -- place up to which it is read
  PRIMARY KEY (person, chat)
);
CREATE INDEX chat_members_of ON chat_members (chat);
CREATE UNIQUE INDEX chat_members_with ON chat_members (person, peer) WHERE peer <> '';

CREATE TABLE chat_messages (
  place     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- in the order of commit
  id        TEXT COLLATE "C" NOT NULL UNIQUE,
  chat      BIGINT NOT NULL,
  sender    TEXT COLLATE "C" NOT NULL,
  client_id TEXT COLLATE "C" NOT NULL,
  kind      TEXT COLLATE "C" NOT NULL,
  body      TEXT NOT NULL,
  call      TEXT COLLATE "C" NOT NULL,
  whom      TEXT COLLATE "C" NOT NULL,
  sent      BIGINT NOT NULL
);
CREATE UNIQUE INDEX chat_messages_sent ON chat_messages (sender, client_id) WHERE client_id <> '';

-- What each person has of them.
CREATE TABLE chat_copies (
  person TEXT COLLATE "C" NOT NULL,
  place  BIGINT NOT NULL,
  chat   BIGINT NOT NULL,
  own    BOOLEAN NOT NULL, -- they wrote it
  PRIMARY KEY (person, place)
);
CREATE INDEX chat_copies_in ON chat_copies (person, chat, place, own);

-- How far each person has come: copies after handed wait, since the instant in
-- waits or later; 0 when none do.
CREATE TABLE chat_boxes (
  person TEXT COLLATE "C" PRIMARY KEY,
  newest BIGINT NOT NULL,
  handed BIGINT NOT NULL,
  waits  BIGINT NOT NULL
);
CREATE INDEX chat_boxes_waiting ON chat_boxes (waits) WHERE waits <> 0;

CREATE TABLE chat_devices (
  person TEXT COLLATE "C" NOT NULL,
  device TEXT COLLATE "C" NOT NULL,
  handed BIGINT NOT NULL,
  PRIMARY KEY (person, device)
);

CREATE TABLE chat_blocks (
  person TEXT COLLATE "C" NOT NULL,
  peer   TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (person, peer)
);

-- Messages whose notification has been replied to.
CREATE TABLE chat_answers (
  person TEXT COLLATE "C" NOT NULL,
  id     TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (person, id)
);
