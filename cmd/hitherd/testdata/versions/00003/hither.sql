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
CREATE INDEX account_administrator ON account (state) WHERE administrator = 1;
CREATE UNIQUE INDEX credential_account ON credential (account_no, no);
CREATE INDEX session_owner ON session (account_no, credential_no);
CREATE INDEX session_expires ON session (expires_at);
CREATE INDEX spent_expires ON spent (expires_at);
CREATE INDEX tally_counting ON tally (event_no) WHERE event_no IS NOT NULL;
INSERT INTO goose_db_version VALUES (1, 0, 1, '2026-11-22 20:24:34');
INSERT INTO goose_db_version VALUES (2, 1, 1, '2026-11-22 20:24:34');
INSERT INTO goose_db_version VALUES (3, 2, 1, '2026-11-22 20:24:34');
INSERT INTO goose_db_version VALUES (4, 3, 1, '2026-11-22 20:24:34');
INSERT INTO system VALUES (1, 'localhost', X'A9C4FCC6DD0F753D8D909AA83C95561CEA28011036026F0F1EC5FCF11A4EF582', 1, 1);
INSERT INTO key VALUES (X'63D9BA104F537E97', 'ceremony', X'3BE4DB5C32C70741CAD4B2BD3BEBA3D4668BB828B16099E938C90E155FBA6D5AC414C120DE8253800CB0438BAE1B4BDF4F0016684AE41A49930085DAC8969D9B36440E704F232D2F', 1795379074479, 1795379074479);
INSERT INTO key VALUES (X'E949B2C16D85C446', 'audit', X'E966201D855F51457BD40241C846674822E53DEC6F56BD364730D98A442C2F2373834D1F0E44B009337C0EEA35C090BBB610D4376DFAE0A9005669724F195C2D0EF3425FEA75CE1B', 1795379074494, 1795379074494);
INSERT INTO account VALUES (1, X'58F2BC85490657A02523F4C507C7F423', X'2D4A2DD019F197A9A1DB65C3C833EE863B8D2C074049C2F59CB3A8CA82674942', 'ada', 'ada', 'Ada', 0, 'active', 1795379074565);
INSERT INTO credential VALUES (1, 1, X'5E039E7841104B5BADEF98B330452BA9BCE1293B6BD36F555F240282FDA43E1B', X'A5010203262001215820F6DACFAC317D29E2E0BB5685B82EEF80F5E7B3BF1A91C5CB71B7E424B96966562258202CEC3F8EF45C61C7170B2CA7897592768E996383F683AD8E3FEACF8BF6A06988', 0, 'internal,hybrid', 'platform', X'00000000000000000000000000000000', 0, 0, 1, 'none', '', 'Passkey', 1795379074565, NULL, NULL, NULL);
INSERT INTO session VALUES (1, 1, 1, X'9992BCCA6BAE2113C74B312B0D5A2BB2', X'909D322B15AE7D6C397FD47541A3C5DDC70157F65D4C066C7C8F919E12B423D7', 1, 1, 1795379074565, 1795379074565, 1797971074565, X'7F000001', '');
INSERT INTO spent VALUES (X'EB209B473F9A1BB0F1AC04DE67DED26D', 1795379494562);
INSERT INTO invitation VALUES (X'1035016F07DD3406F4F6CFD52DF5CD4BB6E66E50DECB4A1CE863E807E7CEA22D', X'54C5F82778E7B9668D9BAD3D3768CD60', '', 1, 1, 1795379074503, 1795465474503);
INSERT INTO event VALUES (1, 1795379074503, 'invitation.created', NULL, NULL, 'operator', NULL, '', '', 'setup', 1);
INSERT INTO event VALUES (2, 1795379074565, 'account.created', X'58F2BC85490657A02523F4C507C7F423', X'0A50A7B568CA795F2E6CD3507D450766', 'person', X'7F000001', '', '', '', 1);
INSERT INTO checkpoint VALUES (2, 2, 1795379074569, X'FFEB2548FA876BCDE8AB798520A9617D0BF21A75B4AC62E4A3BE6E1AAADB855D', 'localhost/audit
2
/+slSPqHa83oq3mFIKlhfQvyGnW0rGLko75uGqrbhV0=
time 2026-11-22T20:24:34.569Z
epoch 1

— localhost/audit Wop1UtSpjk6ldbugc4Gj7zi2EL/RMGLHgZj/CV4eI5gN7jT76s9irtXnEuZT6LDMDNS7jUzcMfaVppjXxS24i1Mf2Q4=
');
INSERT INTO sealer VALUES (1, NULL, 0, 2, 0);
