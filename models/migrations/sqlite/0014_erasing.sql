-- The few entries of the journal that still name somebody who is gone.
CREATE INDEX changes_named ON changes (at) WHERE person <> '';

-- Erasing a person takes what was asked for, and the words, off approvals of
-- acts about that person. That they were asked for, by whom, and what was
-- decided stays.
DROP TRIGGER approvals_no_update;
CREATE TRIGGER approvals_no_update BEFORE UPDATE OF id, campaign, act, object, digest, asked_by, asked_at, expires ON approvals
BEGIN SELECT RAISE(ABORT, 'what was asked for cannot be changed'); END;
CREATE TRIGGER approvals_erase_only BEFORE UPDATE OF request ON approvals WHEN NEW.request <> x'7b7d' OR NEW.note <> ''
BEGIN SELECT RAISE(ABORT, 'what was asked for cannot be changed'); END;
DROP TRIGGER approvals_decide_once;
CREATE TRIGGER approvals_decide_once BEFORE UPDATE OF state, decided_by, decided_at ON approvals
WHEN OLD.state <> 'open' OR NEW.state = 'open'
BEGIN SELECT RAISE(ABORT, 'an approval can only be decided, once'); END;
CREATE TRIGGER approvals_note_once BEFORE UPDATE OF note ON approvals
WHEN NEW.note <> '' AND (OLD.state <> 'open' OR NEW.state = 'open')
BEGIN SELECT RAISE(ABORT, 'an approval can only be decided, once'); END;
