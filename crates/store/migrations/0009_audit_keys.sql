-- One audit key for each patient: what stands in plain words beside entries of the audit log is sealed
-- under it. It has a name of its own, so that a patient who comes back after an erasure gets another one.
CREATE TABLE patient_keys (
    org TEXT NOT NULL REFERENCES orgs (id),
    patient_id TEXT NOT NULL,
    key_id TEXT NOT NULL,
    PRIMARY KEY (org, patient_id)
);

-- The same table with one more scope. (SQLite cannot change a CHECK in place.)
CREATE TABLE wider_data_keys (
    org TEXT NOT NULL REFERENCES orgs (id),
    scope TEXT NOT NULL CHECK (scope IN ('org', 'visit', 'patient')),
    scope_id TEXT NOT NULL,
    wrapped BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (org, scope, scope_id)
);
INSERT INTO wider_data_keys (org, scope, scope_id, wrapped, created_at)
SELECT org, scope, scope_id, wrapped, created_at FROM data_keys;
DROP TABLE data_keys;
ALTER TABLE wider_data_keys RENAME TO data_keys;
