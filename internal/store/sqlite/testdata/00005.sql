-- A database of version 5 with one of everything. Never edited: this is what
-- somebody's database looks like.
INSERT INTO account (no, id, user_handle, name, folded, display_name, administrator, state, created_at)
VALUES (1, x'000102030405060708090a0b0c0d0e0f', x'aaaa', 'Ada', 'ada', 'Ada Lovelace', 1, 'active', 1764000000123);
INSERT INTO credential (no, account_no, id, public_key, sign_count, transports, attachment, aaguid, backup_eligible, backup_state,
    discoverable, attestation_format, attestation_type, name, created_at, last_used_at, last_used_address, last_used_browser)
VALUES (1, 1, x'c0ffee', x'a1', 5, 'hybrid,internal', 'platform', x'101112131415161718191a1b1c1d1e1f', 1, 1,
    NULL, 'none', '', 'Phone', 1764000000124, 1764000000125, x'c0000207', 'Firefox on Linux');
INSERT INTO session (no, account_no, credential_no, id, token_hash, bearer, user_verified, authenticated_at, last_seen_at, expires_at, address, browser)
VALUES (1, 1, 1, x'202122232425262728292a2b2c2d2e2f', x'303132333435363738393a3b3c3d3e3f303132333435363738393a3b3c3d3e3f', 0, 1,
    1764000000125, 1764000000126, 4102444800000, x'20010db8000000000000000000000001', 'Firefox on Linux');
INSERT INTO spent (ceremony, expires_at) VALUES (x'404142434445464748494a4b4c4d4e4f', 4102444800000);
INSERT INTO invitation (token_hash, id, name, administrator, setup, created_at, expires_at)
VALUES (x'505152535455565758595a5b5c5d5e5f505152535455565758595a5b5c5d5e5f', x'606162636465666768696a6b6c6d6e6f', 'bob', 0, 0, 1764000000127, 4102444800000);
INSERT INTO event (no, at, type, account, credential, actor, address, browser, failed, detail, count)
VALUES (1, 1764000000125, 'session.opened', x'000102030405060708090a0b0c0d0e0f', x'707172737475767778797a7b7c7d7e7f', 'person', x'c0000207', 'Firefox on Linux', '', '', 1);
INSERT INTO key (id, purpose, wrapped, created_at, not_before) VALUES (x'8081828384858687', 'ceremony', x'90', 1764000000128, 1764000060128);
INSERT INTO guess (kind, subject, full_at) VALUES ('prefix', x'c0000200', 4102444800000);
UPDATE system SET rp_id = 'id.example', key_check = x'a0a1', guesses = 1 WHERE only = 1;
