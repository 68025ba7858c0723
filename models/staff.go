package models

import (
	"context"
	"fmt"
	"time"

	"assent/terms"
	"assent/tracker"
)

type keyRow struct {
	ID      string
	Hash    string
	Name    string
	Scopes  object[[]string]
	Created instant
	Expires instant
	Revoked instant

	Previous      string // hash of the secret before the last rotation
	PreviousUntil instant
}

func (keyRow) TableName() string { return "api_keys" }

func (k keyRow) key() tracker.APIKey {
	return tracker.APIKey{
		ID: k.ID, Hash: k.Hash, Name: k.Name, Scopes: k.Scopes.it,
		Created: k.Created.time(), Expires: k.Expires.time(), Revoked: k.Revoked.time(),
		Previous: k.Previous, PreviousUntil: k.PreviousUntil.time(),
	}
}

func keyName(id string) string { return fmt.Sprintf("API key %q", id) }

func (r reader) Key(ctx context.Context, hash string) (tracker.APIKey, error) {
	var row keyRow
	err := r.in(ctx).Take(&row, "hash = ? OR previous = ? AND previous <> ''", hash, hash).Error
	return row.key(), r.translate(err, "this API key")
}

// Keys lists them in order of creation, those that are no longer in force too.
func (r reader) Keys(ctx context.Context) ([]tracker.APIKey, error) {
	var rows []keyRow
	err := r.in(ctx).Order("created, id").Find(&rows).Error
	return all(rows, keyRow.key), r.translate(err, "API keys")
}

func (t *tx) AddKey(ctx context.Context, k tracker.APIKey) error {
	return t.insert(ctx, keyName(k.ID), &keyRow{
		ID: k.ID, Hash: k.Hash, Name: k.Name, Scopes: object[[]string]{k.Scopes},
		Created: at(k.Created), Expires: at(k.Expires), Revoked: at(k.Revoked),
	})
}

// RotateKey replaces the secret of a key that is in force and has not been
// rotated meanwhile.
func (t *tx) RotateKey(ctx context.Context, k tracker.APIKey) error {
	missed := func() error {
		return terms.Errorf(terms.Conflict, "%s is revoked or was rotated just now", keyName(k.ID))
	}
	return t.set(ctx, keyName(k.ID), missed, "UPDATE api_keys SET hash = ?, previous = ?, previous_until = ? WHERE id = ? AND revoked = 0 AND hash = ?",
		k.Hash, k.Previous, at(k.PreviousUntil), k.ID, k.Previous)
}

func (t *tx) RevokeKey(ctx context.Context, id string, when time.Time) error {
	missed := func() error {
		if err := t.in(ctx).Take(&keyRow{}, "id = ?", id).Error; err != nil {
			return t.translate(err, keyName(id))
		}
		return terms.Errorf(terms.Conflict, "%s is revoked already", keyName(id))
	}
	return t.set(ctx, keyName(id), missed, "UPDATE api_keys SET revoked = ? WHERE id = ? AND revoked = 0", at(when), id)
}

type staffRow struct {
	Name     string
	Password string
	Created  instant
	Role     string
	Email    string
	Issuer   string
	Subject  string
}

func (staffRow) TableName() string { return "staff" }

func (s staffRow) member() tracker.StaffMember {
	return tracker.StaffMember{
		Name: s.Name, Password: s.Password, Created: s.Created.time(), Role: tracker.Role(s.Role), Email: s.Email, Issuer: s.Issuer, Subject: s.Subject,
	}
}

func staffName(name string) string { return fmt.Sprintf("member of staff %q", name) }

func (r reader) StaffMember(ctx context.Context, name string) (tracker.StaffMember, error) {
	return r.staff(ctx, staffName(name), "name = ?", name)
}

func (r reader) StaffAt(ctx context.Context, issuer, subject string) (tracker.StaffMember, error) {
	return r.staff(ctx, "this account", "issuer = ? AND subject = ? AND subject <> ''", issuer, subject)
}

func (r reader) StaffOf(ctx context.Context, email string) (tracker.StaffMember, error) {
	return r.staff(ctx, "a member of staff with this address", "email = ? AND email <> ''", email)
}

func (r reader) staff(ctx context.Context, thing, condition string, args ...any) (tracker.StaffMember, error) {
	var row staffRow
	err := r.in(ctx).Where(condition, args...).Take(&row).Error
	return row.member(), r.translate(err, thing)
}

func (r reader) StaffMembers(ctx context.Context) ([]tracker.StaffMember, error) {
	var rows []staffRow
	err := r.in(ctx).Order("name").Find(&rows).Error
	return all(rows, staffRow.member), r.translate(err, "staff")
}

func (r reader) Staffed(ctx context.Context) (bool, error) {
	var yes bool
	err := r.in(ctx).Raw("SELECT EXISTS (SELECT 1 FROM staff WHERE role <> '')").Row().Scan(&yes)
	return yes, r.translate(err, "staff")
}

func (t *tx) AddStaff(ctx context.Context, s tracker.StaffMember) error {
	return t.insert(ctx, staffName(s.Name), &staffRow{s.Name, s.Password, at(s.Created), string(s.Role), s.Email, s.Issuer, s.Subject})
}

func (t *tx) SetStaff(ctx context.Context, s tracker.StaffMember) error {
	missed := func() error { return terms.Errorf(terms.NotFound, "%s does not exist", staffName(s.Name)) }
	return t.set(ctx, staffName(s.Name), missed, "UPDATE staff SET password = ?, created = ?, role = ?, email = ?, issuer = ?, subject = ? WHERE name = ?",
		s.Password, at(s.Created), string(s.Role), s.Email, s.Issuer, s.Subject, s.Name)
}
