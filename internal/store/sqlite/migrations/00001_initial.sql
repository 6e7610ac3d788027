-- +goose Up

-- "HTHR": how a database of ours is known from any other file.
PRAGMA application_id = 1213483090;

-- Times are milliseconds since 1970 UTC. Addresses are 4 or 16 bytes.
-- "no" is the engine's own number of a row; it never leaves the engine.

CREATE TABLE system (
    only      INTEGER PRIMARY KEY CHECK (only = 1),
    rp_id     TEXT,
    key_check BLOB,
    opened    INTEGER NOT NULL -- how often a writer began; each begins with a write
) STRICT;

INSERT INTO system (only, opened) VALUES (1, 0);

CREATE TABLE key (
    id         BLOB PRIMARY KEY CHECK (length(id) = 8),
    purpose    TEXT NOT NULL,
    wrapped    BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    not_before INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE account (
    no            INTEGER PRIMARY KEY,
    id            BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    user_handle   BLOB NOT NULL CHECK (length(user_handle) BETWEEN 1 AND 64),
    name          TEXT NOT NULL,
    folded        TEXT NOT NULL UNIQUE, -- account.FoldName(name)
    display_name  TEXT NOT NULL,
    administrator INTEGER NOT NULL CHECK (administrator IN (0, 1)),
    state         TEXT NOT NULL CHECK (state IN ('active', 'disabled')),
    created_at    INTEGER NOT NULL
) STRICT;

CREATE INDEX account_administrator ON account (state) WHERE administrator = 1;

CREATE TABLE credential (
    no                 INTEGER PRIMARY KEY,
    account_no         INTEGER NOT NULL REFERENCES account (no) ON DELETE CASCADE,
    id                 BLOB NOT NULL UNIQUE CHECK (length(id) BETWEEN 1 AND 1023),
    public_key         BLOB NOT NULL,
    sign_count         INTEGER NOT NULL CHECK (sign_count BETWEEN 0 AND 4294967295),
    transports         TEXT NOT NULL, -- with commas between
    attachment         TEXT NOT NULL,
    aaguid             BLOB NOT NULL CHECK (length(aaguid) = 16),
    backup_eligible    INTEGER CHECK (backup_eligible IN (0, 1)), -- NULL: not known yet
    backup_state       INTEGER NOT NULL CHECK (backup_state IN (0, 1)),
    discoverable       INTEGER CHECK (discoverable IN (0, 1)),    -- NULL: the client did not say
    attestation_format TEXT NOT NULL,
    attestation_type   TEXT NOT NULL,
    name               TEXT NOT NULL,
    created_at         INTEGER NOT NULL,
    last_used_at       INTEGER, -- NULL: not used yet
    last_used_address  BLOB,
    last_used_browser  TEXT
) STRICT;

-- Unique although "no" alone is: sessions refer to both, so that a session can
-- only belong to the account that owns its credential, and ends with either.
CREATE UNIQUE INDEX credential_account ON credential (account_no, no);

CREATE TABLE session (
    no               INTEGER PRIMARY KEY,
    account_no       INTEGER NOT NULL,
    credential_no    INTEGER NOT NULL,
    id               BLOB NOT NULL CHECK (length(id) = 16),
    token_hash       BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    bearer           INTEGER NOT NULL CHECK (bearer IN (0, 1)),
    user_verified    INTEGER NOT NULL CHECK (user_verified IN (0, 1)),
    authenticated_at INTEGER NOT NULL,
    last_seen_at     INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL,
    address          BLOB,
    browser          TEXT NOT NULL,
    FOREIGN KEY (account_no, credential_no) REFERENCES credential (account_no, no) ON DELETE CASCADE
) STRICT;

CREATE INDEX session_owner ON session (account_no, credential_no);
CREATE INDEX session_expires ON session (expires_at);

CREATE TABLE spent (
    ceremony   BLOB PRIMARY KEY CHECK (length(ceremony) = 16),
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX spent_expires ON spent (expires_at);

CREATE TABLE invitation (
    token_hash    BLOB PRIMARY KEY CHECK (length(token_hash) = 32),
    id            BLOB NOT NULL CHECK (length(id) = 16),
    name          TEXT NOT NULL, -- '': the person chooses
    administrator INTEGER NOT NULL CHECK (administrator IN (0, 1)),
    setup         INTEGER NOT NULL CHECK (setup IN (0, 1)),
    created_at    INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Events outlive the accounts they are about: no reference.
CREATE TABLE event (
    no         INTEGER PRIMARY KEY,
    at         INTEGER NOT NULL,
    type       TEXT NOT NULL,
    account    BLOB, -- account.id
    credential BLOB, -- account.CredentialHash
    actor      TEXT NOT NULL,
    address    BLOB,
    browser    TEXT NOT NULL,
    failed     TEXT NOT NULL, -- the check that refused a ceremony
    detail     TEXT NOT NULL,
    count      INTEGER NOT NULL CHECK (count > 0)
) STRICT;

-- How many events strangers have caused, for as long as their minute lasts.
CREATE TABLE tally (
    minute   INTEGER NOT NULL,
    type     TEXT NOT NULL,
    account  BLOB NOT NULL, -- x'': none
    prefix   BLOB NOT NULL, -- /24 or /56; x'': unknown
    n        INTEGER NOT NULL,
    event_no INTEGER, -- the row that counts, once there is one
    PRIMARY KEY (minute, type, account, prefix)
) STRICT, WITHOUT ROWID;

-- +goose Down
-- There is no way back behind the first version: restore a backup.
