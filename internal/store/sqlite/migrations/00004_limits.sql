-- +goose Up

-- Wrong guesses of the last hour. A budget is one moment: when it will be whole
-- again. "wide" rows are for many subjects at once, once there are too many of
-- the others.
CREATE TABLE guess (
    kind    TEXT NOT NULL CHECK (kind IN ('prefix', 'wide prefix', 'account', 'wide account')),
    subject BLOB NOT NULL, -- network address, x'' for an unknown one; hash of a folded name
    full_at INTEGER NOT NULL,
    PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;

CREATE INDEX guess_full ON guess (full_at);

-- The latest spent.expires_at that was swept; 0: none since the keys are new.
ALTER TABLE system ADD COLUMN swept_until INTEGER NOT NULL DEFAULT 0;

-- How many rows guess has.
ALTER TABLE system ADD COLUMN guesses INTEGER NOT NULL DEFAULT 0;

-- +goose Down
DROP TABLE guess;
ALTER TABLE system DROP COLUMN guesses;
ALTER TABLE system DROP COLUMN swept_until;
