-- Enforcement points, as each last said of itself. counts holds JSON.
CREATE TABLE points (
  name       TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  kind       TEXT NOT NULL,
  on_silence TEXT NOT NULL,
  revision   BIGINT NOT NULL,
  behind     BIGINT NOT NULL,
  since      BIGINT NOT NULL,
  heard      BIGINT NOT NULL,
  counts     TEXT NOT NULL
);
