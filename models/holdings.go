package models

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"assent/tracker"
)

// holding is a table that holds something about people. A new table that does
// belongs into the list below: a test walks the schema and says so.
type holding struct {
	table   string
	name    string // of what is handed out; "": that of the table
	columns string // "": all
	theirs  string // what finds a person's rows: see subject
	erase   string // the statement that erases them; "": they go with the account, or nothing in them leads to anybody
}

// holdings lists them in the order in which they are erased. What goes with the
// account comes first: see DeletePerson. What stays knows a person by number
// alone, and the row that tells whose number it was is gone.
func holdings() []holding {
	const (
		numbered = "ref IN @refs AND ref <> 0"
		acts     = "(ref IN @refs AND ref <> 0 OR id IN (SELECT id FROM act_details WHERE person = @id) OR object IN @holds OR object IN @approvals)"
		letters  = "revision IN (SELECT revision FROM changes WHERE " + numbered + ")"
		ofChats  = "chat IN (SELECT chat FROM chat_members WHERE person = @id)"
		choices  = "leaf_index IN (SELECT leaf_index FROM responses WHERE ref IN @refs)"
	)
	return []holding{
		{table: "people", theirs: "ref IN @refs"}, // the conversations among these: see forgetChats
		{table: "people", name: "accounts_owned", columns: "id, type", theirs: "owner = @id AND owner <> ''"},
		{table: "contacts", theirs: "ref IN @refs"},
		{table: "enrollments", theirs: "campaign IN (SELECT campaign FROM campaigns) AND ref IN @refs"},
		{table: "failures", theirs: "ref IN @refs"},
		{table: "deliveries", theirs: "ref IN @refs"},
		{table: "signed_out", theirs: "ref IN @refs"},
		{table: "chat_members", theirs: "person = @id"},
		{table: "chat_messages", columns: "place, id, chat, kind, call, whom, sent", // what was said is between those who said it
			theirs: ofChats + " AND EXISTS (SELECT 1 FROM chat_copies k WHERE k.place = chat_messages.place AND k.person = @id)"},
		{table: "chat_copies", theirs: "person = @id AND place IN (SELECT place FROM chat_messages WHERE " + ofChats + ")"},
		{table: "chat_boxes", theirs: "person = @id"},
		{table: "chat_devices", theirs: "person = @id"},
		{table: "chat_blocks", theirs: "person = @id"},
		{table: "chat_answers", theirs: "person = @id"},
		{table: "chat_calls", theirs: "caller = @id OR callee = @id"},

		{table: "notices", theirs: "ref IN @refs"},
		{table: "webhook_letters", theirs: letters, erase: "DELETE FROM webhook_letters WHERE " + letters},
		{table: "changes", theirs: numbered}, // the name of who is gone is needed for a while: see forgetNames
		{table: "responses", theirs: "ref IN @refs",
			erase: "UPDATE responses SET idempotency_key = 'erased:' || leaf_index WHERE ref IN @refs"},
		{table: "response_details", theirs: choices, erase: "DELETE FROM response_details WHERE " + choices},
		{table: "acts", theirs: acts},
		{table: "log_entries", theirs: choices + " OR leaf_index IN (SELECT leaf_index FROM acts WHERE leaf_index >= 0 AND " + acts + ")"},
		{table: "act_details", theirs: "id IN (SELECT id FROM acts WHERE " + acts + ")",
			erase: "DELETE FROM act_details WHERE id IN (SELECT id FROM acts WHERE " + acts + ")"},
		{table: "person_keys", theirs: "ref IN @refs", erase: "DELETE FROM person_keys WHERE ref IN @refs"},
		{table: "approvals", theirs: "id IN @approvals",
			erase: "UPDATE approvals SET request = @nothing, note = '' WHERE id IN @approvals"},
		{table: "holds", theirs: "person = @id", erase: `UPDATE holds SET person = @label, reason = 'erased', reference = '', message = 'null', release_reason = '',
			released_by = CASE WHEN ends = 0 OR ends > @at THEN @by ELSE released_by END, ends = CASE WHEN ends = 0 OR ends > @at THEN @at ELSE ends END
			WHERE person = @id`},
	}
}

// subject is somebody by everything that rows know them by.
type subject struct {
	id        string
	refs      []int64  // under which the id is known, or was
	holds     []string // for this person alone, as acts name them
	approvals []string // of acts about these
}

// arguments are those of the conditions above.
func (s subject) arguments() map[string]any {
	return map[string]any{"id": s.id, "refs": s.refs, "holds": s.holds, "approvals": s.approvals}
}

// subject finds everything that rows know a person by, also once the account is
// gone. A number that was erased counts no more, though the journal may name it.
func (r reader) subject(ctx context.Context, id string) (subject, error) {
	s := subject{id: id}
	err := r.in(ctx).Raw(`SELECT ref FROM (SELECT ref FROM people WHERE id = @id
		UNION SELECT r.ref FROM response_details d JOIN responses r ON r.leaf_index = d.leaf_index WHERE d.person = @id
		UNION SELECT a.ref FROM act_details d JOIN acts a ON a.id = d.id WHERE d.person = @id AND a.ref <> 0
		UNION SELECT ref FROM changes WHERE person = @id AND person <> '') AS known
		WHERE ref NOT IN (SELECT ref FROM erasures) ORDER BY 1`, map[string]any{"id": id}).Scan(&s.refs).Error
	if err != nil {
		return s, r.translate(err, personName(id))
	}
	if err := r.in(ctx).Raw("SELECT campaign || '/' || id FROM holds WHERE person = ?", id).Scan(&s.holds).Error; err != nil {
		return s, r.translate(err, personName(id))
	}
	err = r.in(ctx).Raw("SELECT id FROM approvals WHERE object IN ?", s.holds).Scan(&s.approvals).Error
	return s, r.translate(err, personName(id))
}

// Held reads what there is about a person, table by table, in the words of the
// schema.
func (r reader) Held(ctx context.Context, person string) ([]tracker.Holding, error) {
	s, err := r.subject(ctx, person)
	if err != nil {
		return nil, err
	}
	list := []tracker.Holding{}
	for _, h := range holdings() {
		one := tracker.Holding{Name: h.called()}
		if one.Rows, err = r.rowsOf(ctx, h, s); err != nil {
			return nil, r.translate(err, "what is held in "+h.table)
		}
		list = append(list, one)
	}
	return list, nil
}

func (h holding) called() string {
	if h.name != "" {
		return h.name
	}
	return h.table
}

func (r reader) rowsOf(ctx context.Context, h holding, s subject) ([]map[string]any, error) {
	columns := "*"
	if h.columns != "" {
		columns = h.columns
	}
	rows, err := r.in(ctx).Raw("SELECT "+columns+" FROM "+h.table+" WHERE "+h.theirs, s.arguments()).Rows()
	if err != nil {
		return nil, err
	}
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	list := []map[string]any{}
	err = eachValues(rows, func(v *values) {
		row := make(map[string]any, len(names))
		for _, name := range names {
			row[name] = plainly(name, v.take())
		}
		list = append(list, row)
	})
	return list, err
}

// plainly puts a stored value as JSON has it: instants as text, nil for none;
// what is JSON as that; bytes as the text they are, or in hex.
func plainly(column string, value any) any {
	number, isNumber := value.(int64)
	switch {
	case isNumber && slices.Contains(strings.Fields(instants), column):
		if number == 0 {
			return nil
		}
		return instant(number).time()
	case isNumber && slices.Contains(strings.Fields(flags), column):
		return number != 0
	}
	data, isBytes := value.([]byte)
	if text, isText := value.(string); isText {
		data = []byte(text)
	}
	switch {
	case isBytes && slices.Contains(strings.Fields(secrets), column), isBytes && !utf8.Valid(data):
		return hex.EncodeToString(data)
	case slices.Contains(strings.Fields(documents), column) && json.Valid(data):
		return json.RawMessage(slices.Clone(data))
	case isBytes:
		return string(data)
	}
	return value
}

// The columns of the tables above that are more than what they are stored as.
const (
	instants = "at created joined entered told noticed warned first_notice not_before snoozed_until next_at exempt_until " +
		"changed silenced bounced waits recorded_at starts ends placed_at sent said lease dead asked_at expires decided_at"
	flags     = "answered excused bound unreached presented delivered reminders own admin"
	secrets   = "key salt"
	documents = "documents channels message request details record"
)
