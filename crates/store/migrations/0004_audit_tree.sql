-- The place of each audit entry in the one tree of the log, and what a reader looks for. What an entry
-- says stands in its bytes; these columns only find it.
CREATE TABLE audit_leaves (
    idx BIGINT NOT NULL PRIMARY KEY,
    writer TEXT NOT NULL,
    seq BIGINT NOT NULL,
    org TEXT NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT,
    visit TEXT,
    seat TEXT,
    person TEXT,
    UNIQUE (writer, seq),
    FOREIGN KEY (writer, seq) REFERENCES audit_entries (writer, seq)
);
CREATE INDEX audit_leaves_by_visit ON audit_leaves (org, visit, idx);
CREATE INDEX audit_leaves_by_actor ON audit_leaves (org, actor, idx);
CREATE INDEX audit_leaves_by_person ON audit_leaves (org, person, idx);

-- How far the tree reaches: one row, from the first signed checkpoint on.
CREATE TABLE audit_tree (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    size BIGINT NOT NULL,
    edge BYTEA NOT NULL,
    note BYTEA NOT NULL
);
