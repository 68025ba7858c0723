-- The few entries of the journal that still name somebody who is gone.
CREATE INDEX changes_named ON changes (at) WHERE person <> '';

-- Erasing a person takes what was asked for, and the words, off approvals of
-- acts about that person. That they were asked for, by whom, and what was
-- decided stays.
DROP TRIGGER approvals_no_update ON approvals;
CREATE TRIGGER approvals_no_update BEFORE UPDATE OF id, campaign, act, object, digest, asked_by, asked_at, expires ON approvals
EXECUTE FUNCTION refuse('what was asked for cannot be changed');
CREATE TRIGGER approvals_erase_only BEFORE UPDATE OF request ON approvals FOR EACH ROW
WHEN (NEW.request <> '{}'::bytea OR NEW.note <> '') EXECUTE FUNCTION refuse('what was asked for cannot be changed');
DROP TRIGGER approvals_decide_once ON approvals;
CREATE TRIGGER approvals_decide_once BEFORE UPDATE OF state, decided_by, decided_at ON approvals FOR EACH ROW
WHEN (OLD.state <> 'open' OR NEW.state = 'open') EXECUTE FUNCTION refuse('an approval can only be decided, once');
CREATE TRIGGER approvals_note_once BEFORE UPDATE OF note ON approvals FOR EACH ROW
WHEN (NEW.note <> '' AND (OLD.state <> 'open' OR NEW.state = 'open')) EXECUTE FUNCTION refuse('an approval can only be decided, once');
