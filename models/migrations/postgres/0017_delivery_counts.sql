-- How many deliveries of a campaign are in each state.
DROP TABLE delivery_counts;
CREATE TABLE delivery_counts (
  channel  TEXT COLLATE "C" NOT NULL,
  campaign TEXT COLLATE "C" NOT NULL,
  state    TEXT COLLATE "C" NOT NULL,
  number   BIGINT NOT NULL,
  PRIMARY KEY (channel, campaign, state)
);
INSERT INTO delivery_counts (channel, campaign, state, number)
  SELECT channel, campaign, state, count(*) FROM deliveries GROUP BY channel, campaign, state;
