-- Calls that ring. The server where one rings takes it away when it ends; what
-- is left here longer than calls ring was missed, because that server is gone.
CREATE TABLE chat_calls (
  id     TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  caller TEXT COLLATE "C" NOT NULL,
  callee TEXT COLLATE "C" NOT NULL,
  kind   TEXT COLLATE "C" NOT NULL,
  begun  BIGINT NOT NULL,
  until  BIGINT NOT NULL -- by the real clock, which a demonstration does not move
);
