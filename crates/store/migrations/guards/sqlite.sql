-- Applied at every start. What is append-only refuses change, also from a slip in the program.
-- (Whoever owns the file can drop a trigger: the hash chain is what shows that.)
CREATE TRIGGER IF NOT EXISTS audit_entries_keep BEFORE UPDATE ON audit_entries
BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER IF NOT EXISTS audit_entries_stay BEFORE DELETE ON audit_entries
BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER IF NOT EXISTS audit_leaves_keep BEFORE UPDATE ON audit_leaves
BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER IF NOT EXISTS audit_leaves_stay BEFORE DELETE ON audit_leaves
BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER IF NOT EXISTS consents_keep BEFORE UPDATE ON consents
BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER IF NOT EXISTS consents_stay BEFORE DELETE ON consents
BEGIN SELECT RAISE(ABORT, 'append-only'); END;
