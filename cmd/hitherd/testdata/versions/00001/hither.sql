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
) STRICT;
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
INSERT INTO goose_db_version VALUES (1, 0, 1, '2026-11-22 20:02:05');
INSERT INTO goose_db_version VALUES (2, 1, 1, '2026-11-22 20:02:05');
INSERT INTO system VALUES (1, 'localhost', X'D9894FBDC7F8B31DC5CAFC5A81AF1D55EE4194643B48BB0104F8E41BD841249D', 1);
INSERT INTO key VALUES (X'326BC943A4E25960', 'ceremony', X'37C6E56B07131FE215BEA360BD82E843251D420B98CEC36924A295B228336D65DEF474FEAABC912285CD2E1E097FC6AEE79DD7ED13D87BB8B5C909C648C77123CD1C1114283B9309', 1795377725881, 1795377725881);
INSERT INTO account VALUES (1, X'447B29CC88FFEF699434C92259E2C914', X'720E1572196616B19A7E332C743D25EC4538BFB3E36DEB48BB95353A53144EBF', 'ada', 'ada', 'Ada', 0, 'active', 1795377725970);
INSERT INTO credential VALUES (1, 1, X'5E039E7841104B5BADEF98B330452BA9BCE1293B6BD36F555F240282FDA43E1B', X'A5010203262001215820F6DACFAC317D29E2E0BB5685B82EEF80F5E7B3BF1A91C5CB71B7E424B96966562258202CEC3F8EF45C61C7170B2CA7897592768E996383F683AD8E3FEACF8BF6A06988', 0, 'internal,hybrid', 'platform', X'00000000000000000000000000000000', 0, 0, 1, 'none', '', 'Passkey', 1795377725970, NULL, NULL, NULL);
INSERT INTO session VALUES (1, 1, 1, X'3B4DA7F93C330803BAB12179A58AF949', X'FA08160C4EDABE8BF9A86056241E6084A3502CA356A296974D80120CC1EBB26F', 1, 1, 1795377725970, 1795377725970, 1797969725970, X'7F000001', '');
INSERT INTO spent VALUES (X'F67CB53AD739246F300E771637FBBE94', 1795378145969);
INSERT INTO invitation VALUES (X'7A7B82CC20711FCEE14DF179AF205630234E629743ACD859E4AA91DD4DBEBBF4', X'86E3A41C9842E1603A4950465945F4C5', '', 1, 1, 1795377725948, 1795464125948);
INSERT INTO event VALUES (1, 1795377725948, 'invitation.created', NULL, NULL, 'operator', NULL, '', '', 'setup', 1);
INSERT INTO event VALUES (2, 1795377725970, 'account.created', X'447B29CC88FFEF699434C92259E2C914', X'0A50A7B568CA795F2E6CD3507D450766', 'person', X'7F000001', '', '', '', 1);
