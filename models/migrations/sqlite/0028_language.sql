-- The language a person chose to be spoken to in; empty for that of the account.
ALTER TABLE contacts ADD COLUMN language TEXT NOT NULL DEFAULT '';
