-- The revision of the newest change of a campaign's rules: its plans, holds and
-- reversals. Whoever decided by rules asks this one number whether they still stand.
ALTER TABLE campaigns ADD COLUMN ruled INTEGER NOT NULL DEFAULT 0;
