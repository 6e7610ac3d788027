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
, epoch INTEGER NOT NULL DEFAULT 1 CHECK (epoch > 0), swept_until INTEGER NOT NULL DEFAULT 0, guesses INTEGER NOT NULL DEFAULT 0) STRICT;
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
CREATE TABLE guess (
    kind    TEXT NOT NULL CHECK (kind IN ('prefix', 'wide prefix', 'account', 'wide account')),
    subject BLOB NOT NULL, -- network address, x'' for an unknown one; hash of a folded name
    full_at INTEGER NOT NULL,
    PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX account_administrator ON account (state) WHERE administrator = 1;
CREATE UNIQUE INDEX credential_account ON credential (account_no, no);
CREATE INDEX session_expires ON session (expires_at);
CREATE INDEX spent_expires ON spent (expires_at);
CREATE INDEX tally_counting ON tally (event_no) WHERE event_no IS NOT NULL;
CREATE INDEX guess_full ON guess (full_at);
CREATE INDEX session_seen ON session (account_no, last_seen_at);
INSERT INTO goose_db_version VALUES (1, 0, 1, '2026-11-22 20:31:12');
INSERT INTO goose_db_version VALUES (2, 1, 1, '2026-11-22 20:31:12');
INSERT INTO goose_db_version VALUES (3, 2, 1, '2026-11-22 20:31:12');
INSERT INTO goose_db_version VALUES (4, 3, 1, '2026-11-22 20:31:12');
INSERT INTO goose_db_version VALUES (5, 4, 1, '2026-11-22 20:31:12');
INSERT INTO goose_db_version VALUES (6, 5, 1, '2026-11-22 20:31:12');
INSERT INTO system VALUES (1, 'localhost', X'494174FE7457544AC03EF4E7408CB4A96D6900F5EA9FDFE52A75F7AAA87C715B', 1, 1, 0, 0);
INSERT INTO key VALUES (X'2742BEFFAA02DECB', 'audit', X'F28E2708BF34F82DA8E91F67B4F25EDC487FFB5AFD5AFB722367280359B98FA671DB7E3E4C47F7CA20C35A266F3D6EE5C282BEA680E46500F5BD3E2C7C574DB26AB5CACC4DD6857C', 1795379472650, 1795379472650);
INSERT INTO key VALUES (X'2DE03BA7C5088821', 'ceremony', X'9CBFA7EBB00BC60449238815272E46D3F36DD7A04C3D6C70719E80AD82CB826CF6E6611F9EB0CE9D2CBEC886EF9908D6304636122A4CF3FB49B9B63C7DD1B3658B719A71E270C301', 1795379472518, 1795379472518);
INSERT INTO account VALUES (1, X'E8157A2CAC7473968012B5F88A3F0742', X'DD07BFD9B6763B9BE3770429EA149F5EE96EAF2A5FF1ED0E48E6F30F97FB5FEF', 'ada', 'ada', 'Ada', 0, 'active', 1795379472647);
INSERT INTO credential VALUES (1, 1, X'5E039E7841104B5BADEF98B330452BA9BCE1293B6BD36F555F240282FDA43E1B', X'A5010203262001215820F6DACFAC317D29E2E0BB5685B82EEF80F5E7B3BF1A91C5CB71B7E424B96966562258202CEC3F8EF45C61C7170B2CA7897592768E996383F683AD8E3FEACF8BF6A06988', 0, 'internal,hybrid', 'platform', X'00000000000000000000000000000000', 0, 0, 1, 'none', '', 'Passkey', 1795379472647, NULL, NULL, NULL);
INSERT INTO session VALUES (1, 1, 1, X'ED40BE085DB7A8A26183D3E54F5D603B', X'ECB251CA21166365E8E7E6FB6A478B81805268F7D90C67A3DE1FA5E23BFB3C98', 1, 1, 1795379472647, 1795379472647, 1797971472647, X'7F000001', '');
INSERT INTO spent VALUES (X'01A204F4A9069EF86BFA3E0D11A450C6', 1795379892646);
INSERT INTO invitation VALUES (X'91E0BB3B4A3BE2AE4EE87DB70027994D1C48AA8B4F79FFE00FB6EBFC6CF92B62', X'FEFA20778C44E5DF49EBE86856340452', '', 1, 1, 1795379472642, 1795465872642);
INSERT INTO event VALUES (1, 1795379472642, 'invitation.created', NULL, NULL, 'operator', NULL, '', '', 'setup', 1);
INSERT INTO event VALUES (2, 1795379472647, 'account.created', X'E8157A2CAC7473968012B5F88A3F0742', X'0A50A7B568CA795F2E6CD3507D450766', 'person', X'7F000001', '', '', '', 1);
INSERT INTO checkpoint VALUES (2, 2, 1795379472650, X'9B99E722463653252C0DD2262EDB0111F1DE0E6A5EDADB01C155FEE1F7D8CE01', 'localhost/audit
2
m5nnIkY2UyUsDdImLtsBEfHeDmpe2tsBwVX+4ffYzgE=
time 2026-11-22T20:31:12.650Z

— localhost/audit iJKILkvjCNteYRvdhDB++vFK0UDnlLiWDyIidQdjNGp/7yFrRMnmgQa8f6uE/BtWGfbfmNaDOUBme3VRs2YvZxHlAAo=
');
INSERT INTO sealer VALUES (1, NULL, 0, 2, 0);
