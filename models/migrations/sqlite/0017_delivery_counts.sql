-- How many deliveries of a campaign are in each state.
DROP TABLE delivery_counts;
CREATE TABLE delivery_counts (
  channel  TEXT NOT NULL,
  campaign TEXT NOT NULL,
  state    TEXT NOT NULL,
  number   INTEGER NOT NULL,
  PRIMARY KEY (channel, campaign, state)
) STRICT, WITHOUT ROWID;
INSERT INTO delivery_counts (channel, campaign, state, number)
  SELECT channel, campaign, state, count(*) FROM deliveries GROUP BY channel, campaign, state;
