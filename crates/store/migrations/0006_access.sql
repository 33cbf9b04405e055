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

-- Which visits belong to the same patient. A patient's id is a keyed hash of who it is, so that nobody
-- without the key can tell whose it is, and the same person gets the same one.
CREATE TABLE patient_visits (
    org TEXT NOT NULL,
    visit_id TEXT NOT NULL,
    seat_id TEXT NOT NULL,
    patient_id TEXT NOT NULL,
    PRIMARY KEY (org, visit_id, seat_id),
    FOREIGN KEY (org, visit_id, seat_id) REFERENCES seats (org, visit_id, id)
);
CREATE INDEX patient_visits_by_patient ON patient_visits (org, patient_id);

-- Patients whose data must not be deleted.
CREATE TABLE legal_holds (
    org TEXT NOT NULL REFERENCES orgs (id),
    patient_id TEXT NOT NULL,
    placed_at BIGINT NOT NULL,
    placed_by TEXT NOT NULL,
    reason_sealed BYTEA NOT NULL,
    lifted_at BIGINT,
    lifted_by TEXT,
    PRIMARY KEY (org, patient_id, placed_at),
    FOREIGN KEY (org, placed_by) REFERENCES users (org, id)
);

-- What was deleted of a visit because its time was over.
CREATE TABLE deleted_data (
    org TEXT NOT NULL,
    visit_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    deleted_at BIGINT NOT NULL,
    PRIMARY KEY (org, visit_id, kind),
    FOREIGN KEY (org, visit_id) REFERENCES visits (org, id)
);
CREATE INDEX visits_over ON visits (org, ended_at) WHERE is_final = 1;

-- When each kind was last looked through.
CREATE TABLE retention_sweeps (
    org TEXT NOT NULL PRIMARY KEY REFERENCES orgs (id),
    swept_at BIGINT NOT NULL
);
