PRAGMA application_id = 1213483090;
CREATE TABLE goose_db_version (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		version_id INTEGER NOT NULL,
		is_applied INTEGER NOT NULL,
		tstamp TIMESTAMP DEFAULT (datetime('now'))
	);
CREATE TABLE system (
    only      INTEGER PRIMARY KEY CHECK (only = 1),
    rp_id     TEXT,
    key_check BLOB,
    opened    INTEGER NOT NULL -- how often a writer began; each begins with a write
, epoch INTEGER NOT NULL DEFAULT 1 CHECK (epoch > 0)) STRICT;
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
CREATE TABLE spent (
    ceremony   BLOB PRIMARY KEY CHECK (length(ceremony) = 16),
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE invitation (
    token_hash    BLOB PRIMARY KEY CHECK (length(token_hash) = 32),
    id            BLOB NOT NULL CHECK (length(id) = 16),
    name          TEXT NOT NULL, -- '': the person chooses
    administrator INTEGER NOT NULL CHECK (administrator IN (0, 1)),
    setup         INTEGER NOT NULL CHECK (setup IN (0, 1)),
    created_at    INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
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
CREATE TABLE tally (
    minute   INTEGER NOT NULL,
    type     TEXT NOT NULL,
    account  BLOB NOT NULL, -- x'': none
    prefix   BLOB NOT NULL, -- /24 or /56; x'': unknown
    n        INTEGER NOT NULL,
    event_no INTEGER, -- the row that counts, once there is one
    PRIMARY KEY (minute, type, account, prefix)
) STRICT, WITHOUT ROWID;
CREATE INDEX account_administrator ON account (state) WHERE administrator = 1;
CREATE UNIQUE INDEX credential_account ON credential (account_no, no);
CREATE INDEX session_owner ON session (account_no, credential_no);
CREATE INDEX session_expires ON session (expires_at);
CREATE INDEX spent_expires ON spent (expires_at);
INSERT INTO goose_db_version VALUES (1, 0, 1, '2026-11-22 20:02:14');
INSERT INTO goose_db_version VALUES (2, 1, 1, '2026-11-22 20:02:14');
INSERT INTO goose_db_version VALUES (3, 2, 1, '2026-11-22 20:02:14');
INSERT INTO system VALUES (1, 'localhost', X'AE80B93131BA87210FA953EEDEB54A5E5380FA7B996BD3CB03FCA0E5681DD5C9', 1, 1);
INSERT INTO key VALUES (X'0CD1F97E518BA7A3', 'ceremony', X'6FE7D6E99DBDD5A344320A9950676522CB9E4274CFD08B837BF16CE1FC96340C00BE55DC4B67054C5B9B596ACDD132DAF8DA1CCF98CACDE69B7E37D57B0F53ADA8DCEC06BCCED12A', 1795377734317, 1795377734317);
INSERT INTO account VALUES (1, X'934F70F8993C259B0D566DB5578C0A0E', X'7B092A077CFC92974108421982D26340E2DB7C0C5AC6FC0DBB03197960EB7DA3', 'ada', 'ada', 'Ada', 0, 'active', 1795377734353);
INSERT INTO credential VALUES (1, 1, X'5E039E7841104B5BADEF98B330452BA9BCE1293B6BD36F555F240282FDA43E1B', X'A5010203262001215820F6DACFAC317D29E2E0BB5685B82EEF80F5E7B3BF1A91C5CB71B7E424B96966562258202CEC3F8EF45C61C7170B2CA7897592768E996383F683AD8E3FEACF8BF6A06988', 0, 'internal,hybrid', 'platform', X'00000000000000000000000000000000', 0, 0, 1, 'none', '', 'Passkey', 1795377734353, NULL, NULL, NULL);
INSERT INTO session VALUES (1, 1, 1, X'5ED90396F3D8915CC9D0181A2D346B10', X'608164FAB451E5333FAD4B94EF51C218FFF341BBD4F8A835F0E19EDE727B031A', 1, 1, 1795377734353, 1795377734353, 1797969734353, X'7F000001', '');
INSERT INTO spent VALUES (X'6778F4E650713E5AE5B1303AE9E62489', 1795378154347);
INSERT INTO invitation VALUES (X'83514A0782F93383EB32F1DBA092CF85D7B7CDEB20E57581EFAC608ED89645A2', X'B9412E752C2F13E018568F6F05EA9C99', '', 1, 1, 1795377734342, 1795464134342);
INSERT INTO event VALUES (1, 1795377734342, 'invitation.created', NULL, NULL, 'operator', NULL, '', '', 'setup', 1);
INSERT INTO event VALUES (2, 1795377734353, 'account.created', X'934F70F8993C259B0D566DB5578C0A0E', X'0A50A7B568CA795F2E6CD3507D450766', 'person', X'7F000001', '', '', '', 1);
