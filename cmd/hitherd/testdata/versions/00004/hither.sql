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
CREATE INDEX session_owner ON session (account_no, credential_no);
CREATE INDEX session_expires ON session (expires_at);
CREATE INDEX spent_expires ON spent (expires_at);
CREATE INDEX tally_counting ON tally (event_no) WHERE event_no IS NOT NULL;
CREATE INDEX guess_full ON guess (full_at);
INSERT INTO goose_db_version VALUES (1, 0, 1, '2026-11-22 20:30:58');
INSERT INTO goose_db_version VALUES (2, 1, 1, '2026-11-22 20:30:58');
INSERT INTO goose_db_version VALUES (3, 2, 1, '2026-11-22 20:30:58');
INSERT INTO goose_db_version VALUES (4, 3, 1, '2026-11-22 20:30:58');
INSERT INTO goose_db_version VALUES (5, 4, 1, '2026-11-22 20:30:58');
INSERT INTO system VALUES (1, 'localhost', X'291AC0028156FA378D4F964ACA816D9082EDE62DB572FD41263D166E756695A6', 1, 1, 0, 0);
INSERT INTO key VALUES (X'25769806478142E8', 'audit', X'8D0C0833EBD83B3C9068BBD7A2BEEADEE0E10BBC0CC2DC86431518966EAB96C5E08502CBF785BEB13614DD7579EAB7B3B80F12D27F231F9B8266E83CA9DB2D9257BE4714C6454675', 1795379458367, 1795379458367);
INSERT INTO key VALUES (X'5F3B08AEC1D79606', 'ceremony', X'F367A6D3B9C7C5A28052DBD18C4E276D6D45A6F434B7C619973099CB1E8E58FEEEDB076D112F01DD46188372D18CA3CFFC1B13FF9DDD266E5985A2C98CCBDBA5BDF6B1270F61009F', 1795379458331, 1795379458331);
INSERT INTO account VALUES (1, X'C21DEC9DB6F3DF1E2E0609C78CA3722A', X'983FC0CB2B46471E8478A2BD13ED4B08E1D7D8312045E794BC16300AF5293E2C', 'ada', 'ada', 'Ada', 0, 'active', 1795379458362);
INSERT INTO credential VALUES (1, 1, X'5E039E7841104B5BADEF98B330452BA9BCE1293B6BD36F555F240282FDA43E1B', X'A5010203262001215820F6DACFAC317D29E2E0BB5685B82EEF80F5E7B3BF1A91C5CB71B7E424B96966562258202CEC3F8EF45C61C7170B2CA7897592768E996383F683AD8E3FEACF8BF6A06988', 0, 'internal,hybrid', 'platform', X'00000000000000000000000000000000', 0, 0, 1, 'none', '', 'Passkey', 1795379458362, NULL, NULL, NULL);
INSERT INTO session VALUES (1, 1, 1, X'AEF9CE3A5F444D5AACE6696812BEA920', X'560BF9192466ACA337CECC6A58143B096F588D83A61FB44EE7A314CAE0257072', 1, 1, 1795379458362, 1795379458362, 1797971458362, X'7F000001', '');
INSERT INTO spent VALUES (X'6D173ADB49FC20DC4BDFCA14A0619552', 1795379878360);
INSERT INTO invitation VALUES (X'C452EB35B0A22F95C8845AA239BEE323C1F1A1D0F128ED9A66DFDB16D96752C5', X'D769424502BF4CAB332B55FB02889B3B', '', 1, 1, 1795379458347, 1795465858347);
INSERT INTO event VALUES (1, 1795379458347, 'invitation.created', NULL, NULL, 'operator', NULL, '', '', 'setup', 1);
INSERT INTO event VALUES (2, 1795379458362, 'account.created', X'C21DEC9DB6F3DF1E2E0609C78CA3722A', X'0A50A7B568CA795F2E6CD3507D450766', 'person', X'7F000001', '', '', '', 1);
INSERT INTO checkpoint VALUES (2, 2, 1795379458367, X'94B0BF78BD603B6201081EAB873BAA129EAF29868139397BB944E3C8C46BA7A1', 'localhost/audit
2
lLC/eL1gO2IBCB6rhzuqEp6vKYaBOTl7uUTjyMRrp6E=
time 2026-11-22T20:30:58.367Z

— localhost/audit DFBo+vkt2i+9Ha41/ld0iQOudGzVFnXYKXR4pvgsTIj5g1Lmw0Q8EtB2LaxklG2azRDTFsUU7BO9JiE2JxpMxGqdYAc=
');
INSERT INTO sealer VALUES (1, NULL, 0, 2, 0);
