-- An API key can be given a new secret while the one before still counts for a
-- while. previous is '' when there is none.
ALTER TABLE api_keys ADD COLUMN previous TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN previous_until BIGINT NOT NULL DEFAULT 0;
CREATE INDEX api_keys_previous ON api_keys (previous) WHERE previous <> '';
