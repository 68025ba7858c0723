-- Staff sign in at the company's provider as well. An account is found there by
-- issuer and subject once it is bound to them, and by its address the first time.
ALTER TABLE staff ADD COLUMN role    TEXT NOT NULL DEFAULT 'editor';
ALTER TABLE staff ADD COLUMN email   TEXT NOT NULL DEFAULT '';
ALTER TABLE staff ADD COLUMN issuer  TEXT NOT NULL DEFAULT '';
ALTER TABLE staff ADD COLUMN subject TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX staff_email ON staff (email) WHERE email <> '';
CREATE UNIQUE INDEX staff_subject ON staff (issuer, subject) WHERE subject <> '';
