-- Call quality of a visit: one row for each stretch in which the visit was awake. The record is sealed
-- under the visit's key; it holds figures and numbers of seats, no name and no address.
CREATE TABLE visit_quality (
    org TEXT NOT NULL,
    visit_id TEXT NOT NULL,
    began_at BIGINT NOT NULL,
    saved_at BIGINT NOT NULL,
    record_sealed BYTEA NOT NULL,
    PRIMARY KEY (org, visit_id, began_at),
    FOREIGN KEY (org, visit_id) REFERENCES visits (org, id)
);
