-- Emergency access to restricted visits. The reason is sealed under the visit's key and the reviewer's
-- note too, since both may speak of the patient.
CREATE TABLE emergency_access (
    org TEXT NOT NULL,
    id TEXT NOT NULL,
    visit_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    reason_sealed BYTEA NOT NULL,
    began_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    -- The end is on record.
    end_noted BIGINT NOT NULL CHECK (end_noted IN (0, 1)),
    reviewed_by TEXT,
    reviewed_at BIGINT,
    justified BIGINT CHECK (justified IN (0, 1)),
    note_sealed BYTEA,
    PRIMARY KEY (org, id),
    FOREIGN KEY (org, visit_id) REFERENCES visits (org, id),
    FOREIGN KEY (org, user_id) REFERENCES users (org, id)
);
CREATE INDEX emergency_access_by_visit ON emergency_access (org, visit_id);
CREATE INDEX emergency_access_open ON emergency_access (org, began_at) WHERE reviewed_at IS NULL;
