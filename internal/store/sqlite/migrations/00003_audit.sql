-- +goose Up

-- Signed checkpoints over the event rows: see internal/audit.
CREATE TABLE checkpoint (
    size INTEGER PRIMARY KEY CHECK (size > 0), -- how many rows it covers
    last INTEGER NOT NULL,                     -- event.no of the newest of them
    at   INTEGER NOT NULL,
    edge BLOB NOT NULL,                        -- of the tree, from which the next one goes on
    note TEXT NOT NULL
) STRICT;

CREATE TABLE sealer (
    only    INTEGER PRIMARY KEY CHECK (only = 1),
    holder  BLOB CHECK (length(holder) = 16), -- NULL: nobody
    until   INTEGER NOT NULL,
    size    INTEGER NOT NULL,                 -- of the newest checkpoint
    thinned INTEGER NOT NULL                  -- from which checkpoint on more may be kept than needed
) STRICT;

INSERT INTO sealer (only, holder, until, size, thinned) VALUES (1, NULL, 0, 0, 0);

-- The event rows that still count.
CREATE INDEX tally_counting ON tally (event_no) WHERE event_no IS NOT NULL;

-- +goose Down
DROP INDEX tally_counting;
DROP TABLE sealer;
DROP TABLE checkpoint;
