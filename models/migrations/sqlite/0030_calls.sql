-- Calls that ring. The server where one rings takes it away when it ends; what
-- is left here longer than calls ring was missed, because that server is gone.
CREATE TABLE chat_calls (
  id     TEXT PRIMARY KEY NOT NULL,
  caller TEXT NOT NULL,
  callee TEXT NOT NULL,
  kind   TEXT NOT NULL,
  begun  INTEGER NOT NULL,
  until  INTEGER NOT NULL -- by the real clock, which a demonstration does not move
) STRICT, WITHOUT ROWID;
