-- Passkeys, sign-in with the clinic's own identity provider, and the steps of signing in that are
-- under way.

-- A key of a person. Its id at the authenticator, its public key and the name that its owner gave it
-- are sealed under the organisation's key; it is found by the hash of the id.
CREATE TABLE passkeys (
    org TEXT NOT NULL,
    id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    credential_hash BYTEA NOT NULL,
    key_sealed BYTEA NOT NULL,
    sign_count BIGINT NOT NULL CHECK (sign_count >= 0),
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    PRIMARY KEY (org, id),
    UNIQUE (org, credential_hash),
    FOREIGN KEY (org, user_id) REFERENCES users (org, id)
);
CREATE INDEX passkeys_by_user ON passkeys (org, user_id);

-- Who an account is at an identity provider: a keyed hash of issuer and subject.
CREATE TABLE outside_identities (
    org TEXT NOT NULL,
    identity_hash BYTEA NOT NULL,
    user_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (org, identity_hash),
    FOREIGN KEY (org, user_id) REFERENCES users (org, id)
);
CREATE INDEX outside_identities_by_user ON outside_identities (org, user_id);

-- A step of signing in that waits for its answer: a challenge for a passkey, or a way to the identity
-- provider and back. Good once. `bound_hash` is the browser that may finish it.
CREATE TABLE sign_in_steps (
    step_hash BYTEA NOT NULL PRIMARY KEY,
    org TEXT NOT NULL REFERENCES orgs (id),
    purpose TEXT NOT NULL,
    bound_hash BYTEA,
    detail_sealed BYTEA,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sign_in_steps_by_expiry ON sign_in_steps (org, expires_at);
