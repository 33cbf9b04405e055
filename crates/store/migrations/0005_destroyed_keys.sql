-- Rises with every destruction of a data key. Each process looks at it every few seconds and then forgets
-- the keys that it holds unwrapped.
CREATE TABLE key_epoch (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    epoch BIGINT NOT NULL
);
INSERT INTO key_epoch (id, epoch) VALUES (1, 0);
