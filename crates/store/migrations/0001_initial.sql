-- The first schema, for SQLite and PostgreSQL alike. Types that mean the same on both: TEXT for ids
-- (ULID), codes and JSON; BIGINT for numbers, 0/1 flags and times (microseconds since the Unix epoch,
-- UTC); BYTEA for hashes and sealed values. Columns that end in _sealed hold AES-256-GCM, bound to
-- their row. Every row names its organisation, and composite keys keep references inside it.

CREATE TABLE orgs (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    settings TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- Wrapped data keys: one for the staff data of an organisation, one for each visit.
CREATE TABLE data_keys (
    org TEXT NOT NULL REFERENCES orgs (id),
    scope TEXT NOT NULL CHECK (scope IN ('org', 'visit')),
    scope_id TEXT NOT NULL,
    wrapped BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (org, scope, scope_id)
);

CREATE TABLE users (
    org TEXT NOT NULL REFERENCES orgs (id),
    id TEXT NOT NULL,
    role TEXT NOT NULL,
    state TEXT NOT NULL,
    email_index BYTEA NOT NULL,
    person_sealed BYTEA NOT NULL,
    password_hash TEXT,
    totp_sealed BYTEA,
    totp_confirmed BIGINT NOT NULL,
    totp_last_step BIGINT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (org, id),
    UNIQUE (org, email_index)
);

CREATE TABLE recovery_codes (
    org TEXT NOT NULL,
    user_id TEXT NOT NULL,
    code_hash BYTEA NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (org, user_id, code_hash),
    FOREIGN KEY (org, user_id) REFERENCES users (org, id)
);

CREATE TABLE sessions (
    id_hash BYTEA NOT NULL PRIMARY KEY,
    org TEXT NOT NULL,
    user_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    mfa BIGINT NOT NULL CHECK (mfa IN (0, 1)),
    revoked_at BIGINT,
    FOREIGN KEY (org, user_id) REFERENCES users (org, id)
);
CREATE INDEX sessions_by_user ON sessions (org, user_id);

CREATE TABLE staff_links (
    link_hash BYTEA NOT NULL PRIMARY KEY,
    org TEXT NOT NULL,
    user_id TEXT NOT NULL,
    purpose TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    FOREIGN KEY (org, user_id) REFERENCES users (org, id)
);
CREATE INDEX staff_links_by_user ON staff_links (org, user_id);

CREATE TABLE login_attempts (
    org TEXT NOT NULL REFERENCES orgs (id),
    key_hash BYTEA NOT NULL,
    failures BIGINT NOT NULL,
    window_started_at BIGINT NOT NULL,
    locked_until BIGINT,
    PRIMARY KEY (org, key_hash)
);

CREATE TABLE visits (
    org TEXT NOT NULL REFERENCES orgs (id),
    id TEXT NOT NULL,
    host_user_id TEXT NOT NULL,
    state TEXT NOT NULL,
    is_final BIGINT NOT NULL CHECK (is_final IN (0, 1)),
    scheduled_at BIGINT NOT NULL,
    duration_min BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    opened_at BIGINT,
    started_at BIGINT,
    ended_at BIGINT,
    empty_since BIGINT,
    options TEXT NOT NULL,
    version BIGINT NOT NULL,
    last_chat_seq BIGINT NOT NULL,
    text_sealed BYTEA NOT NULL,
    PRIMARY KEY (org, id),
    FOREIGN KEY (org, host_user_id) REFERENCES users (org, id)
);
CREATE INDEX visits_by_time ON visits (org, scheduled_at);
CREATE INDEX visits_by_host ON visits (org, host_user_id, scheduled_at);
CREATE INDEX visits_not_final ON visits (org, scheduled_at) WHERE is_final = 0;

CREATE TABLE seats (
    org TEXT NOT NULL,
    visit_id TEXT NOT NULL,
    id TEXT NOT NULL,
    role TEXT NOT NULL,
    user_id TEXT,
    state TEXT NOT NULL,
    person_sealed BYTEA NOT NULL,
    invited_at BIGINT NOT NULL,
    came_at BIGINT,
    waiting_since BIGINT,
    admitted_at BIGINT,
    in_call_at BIGINT,
    away_since BIGINT,
    left_at BIGINT,
    device_check TEXT,
    rating BIGINT,
    locale TEXT,
    PRIMARY KEY (org, visit_id, id),
    FOREIGN KEY (org, visit_id) REFERENCES visits (org, id),
    FOREIGN KEY (org, user_id) REFERENCES users (org, id)
);

CREATE TABLE seat_links (
    link_hash BYTEA NOT NULL PRIMARY KEY,
    org TEXT NOT NULL,
    visit_id TEXT NOT NULL,
    seat_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    opened_at BIGINT,
    revoked_at BIGINT,
    tries_left BIGINT NOT NULL CHECK (tries_left >= 0),
    FOREIGN KEY (org, visit_id, seat_id) REFERENCES seats (org, visit_id, id)
);
CREATE INDEX seat_links_by_seat ON seat_links (org, visit_id, seat_id);

CREATE TABLE device_bindings (
    device_hash BYTEA NOT NULL,
    org TEXT NOT NULL,
    visit_id TEXT NOT NULL,
    seat_id TEXT NOT NULL,
    bound_at BIGINT NOT NULL,
    PRIMARY KEY (device_hash, org, visit_id, seat_id),
    FOREIGN KEY (org, visit_id, seat_id) REFERENCES seats (org, visit_id, id)
);
CREATE INDEX device_bindings_by_seat ON device_bindings (org, visit_id, seat_id);

CREATE TABLE join_tokens (
    token_hash BYTEA NOT NULL PRIMARY KEY,
    org TEXT NOT NULL REFERENCES orgs (id),
    scope TEXT NOT NULL CHECK (scope IN ('seat', 'board')),
    visit_id TEXT,
    seat_id TEXT,
    user_id TEXT,
    device_hash BYTEA,
    expires_at BIGINT NOT NULL
);
CREATE INDEX join_tokens_by_expiry ON join_tokens (org, expires_at);

-- Append-only: the latest answer for a purpose holds, all earlier ones stay.
CREATE TABLE consents (
    org TEXT NOT NULL,
    visit_id TEXT NOT NULL,
    seat_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    purpose TEXT NOT NULL,
    decision TEXT NOT NULL,
    text_version TEXT NOT NULL,
    locale TEXT NOT NULL,
    given_at BIGINT NOT NULL,
    PRIMARY KEY (org, visit_id, seat_id, number),
    FOREIGN KEY (org, visit_id, seat_id) REFERENCES seats (org, visit_id, id)
);

CREATE TABLE chat_messages (
    org TEXT NOT NULL,
    visit_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    seat_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    audience_seat_id TEXT,
    body_sealed BYTEA NOT NULL,
    sent_at BIGINT NOT NULL,
    PRIMARY KEY (org, visit_id, seq),
    UNIQUE (org, visit_id, seat_id, client_id),
    FOREIGN KEY (org, visit_id, seat_id) REFERENCES seats (org, visit_id, id)
);

-- Where each writer of the audit log stands. Belongs to the program, not to an organisation.
CREATE TABLE audit_writers (
    writer TEXT NOT NULL PRIMARY KEY,
    next_seq BIGINT NOT NULL,
    last_leaf BYTEA NOT NULL,
    last_at BIGINT NOT NULL
);

CREATE TABLE audit_entries (
    writer TEXT NOT NULL REFERENCES audit_writers (writer),
    seq BIGINT NOT NULL,
    org TEXT NOT NULL REFERENCES orgs (id),
    leaf BYTEA NOT NULL,
    entry BYTEA NOT NULL,
    PRIMARY KEY (writer, seq)
);
