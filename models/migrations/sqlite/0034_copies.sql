-- What people have of the messages lies in the order of all messages, and each
-- message once by its conversation: to keep one writes beside what was kept just
-- before, but for a single place, however many people get it. Whoever is in a
-- conversation for a part of it is looked for in that part alone.
ALTER TABLE chat_members ADD COLUMN oldest INTEGER NOT NULL DEFAULT 0; -- no copy of theirs is older
ALTER TABLE chat_members ADD COLUMN newest INTEGER NOT NULL DEFAULT 9223372036854775807; -- or newer, once they are gone
UPDATE chat_members SET oldest = COALESCE((SELECT MIN(k.place) FROM chat_copies k WHERE k.person = chat_members.person AND k.chat = chat_members.chat), since);
UPDATE chat_members SET newest = COALESCE((SELECT MAX(k.place) FROM chat_copies k WHERE k.person = chat_members.person AND k.chat = chat_members.chat), since) WHERE gone;
CREATE INDEX chat_messages_in ON chat_messages (chat, place);
CREATE TABLE copies (
  place  INTEGER NOT NULL,
  person TEXT NOT NULL,
  PRIMARY KEY (place, person)
) STRICT, WITHOUT ROWID;
INSERT INTO copies (place, person) SELECT place, person FROM chat_copies ORDER BY place, person;
DROP TABLE chat_copies;
ALTER TABLE copies RENAME TO chat_copies;
