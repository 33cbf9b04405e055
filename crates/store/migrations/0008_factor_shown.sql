-- When the person of a session last showed a second factor again, after what began it.
ALTER TABLE sessions ADD COLUMN factor_at BIGINT;
