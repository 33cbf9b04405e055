-- Applied at every start. What is append-only refuses change, also from a slip in the program.
-- (Whoever owns the tables can drop a trigger: the hash chain is what shows that.)
-- Programs that start together take turns, since two cannot replace the same function at once.
BEGIN;
SELECT pg_advisory_xact_lock(7310010001);
CREATE OR REPLACE FUNCTION bedside_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'append-only' USING ERRCODE = '2F002';
END
$$;
CREATE OR REPLACE TRIGGER audit_entries_keep BEFORE UPDATE OR DELETE ON audit_entries
FOR EACH ROW EXECUTE FUNCTION bedside_append_only();
CREATE OR REPLACE TRIGGER audit_leaves_keep BEFORE UPDATE OR DELETE ON audit_leaves
FOR EACH ROW EXECUTE FUNCTION bedside_append_only();
CREATE OR REPLACE TRIGGER consents_keep BEFORE UPDATE OR DELETE ON consents
FOR EACH ROW EXECUTE FUNCTION bedside_append_only();
COMMIT;
