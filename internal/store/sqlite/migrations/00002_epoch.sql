-- +goose Up

-- A restored backup begins a new epoch: what was one-time or signed somebody in
-- before it is void.
ALTER TABLE system ADD COLUMN epoch INTEGER NOT NULL DEFAULT 1 CHECK (epoch > 0);

-- +goose Down
ALTER TABLE system DROP COLUMN epoch;
