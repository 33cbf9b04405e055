-- Who invited a member of staff into a visit, and whether a guest's held seat was given up.
ALTER TABLE seats ADD COLUMN invited_by TEXT;
ALTER TABLE seats ADD COLUMN hold_expired BIGINT NOT NULL DEFAULT 0;
