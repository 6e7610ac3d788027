-- +goose Up

-- In the order in which sessions are listed and, when there are too many, ended:
-- each sign-in looks for the one too many.
CREATE INDEX session_seen ON session (account_no, last_seen_at);
DROP INDEX session_owner;

-- +goose Down
CREATE INDEX session_owner ON session (account_no, credential_no);
DROP INDEX session_seen;
