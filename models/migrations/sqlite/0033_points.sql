-- Enforcement points, as each last said of itself. counts holds JSON.
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
