package main

// setting describes one configuration key. The table of settings is where a key
// is documented: the reference page, the flags and the checks are made from it.
type setting struct {
	key     string
	initial string   // the default, as text
	values  []string // everything allowed; nil: free text
	list    bool     // several values, separated by commas in text
	secret  bool     // redacted when printed, no flag, and …_FILE names a file that holds it
	doc     string   // Markdown, whole sentences
}

// environment is the prefix of environment variables.
const environment = "HITHER_"

// settings is every configuration key, in the order of the reference page. Each
// has a field of type config, which the decoder insists on.
func settings() []setting {
	return []setting{
		{
			key: "public_url",
			doc: "The address that people open, such as `https://id.example`: scheme, host and, if need be, port. " +
				"Origin, RP ID, cookies and every link are made from it, never from what a request says. " +
				"Without it, a listener on this machine alone is `http://localhost:PORT`, and any other is refused. " +
				"Plain `http` is for `localhost` only.",
		},
		{
			key: "listen", initial: "127.0.0.1:8080",
			doc: "Address and port to listen on. Port 0 takes a free one. When the public address is `localhost`, " +
				"both 127.0.0.1 and ::1 are listened on.",
		},
		{
			key: "metrics_listen",
			doc: "Address and port on which `/metrics` tells Prometheus how this server is doing, such as `127.0.0.1:9464`; nothing else is answered there, and `/metrics` is nowhere else. " +
				"Empty: nowhere. It asks nobody who they are, so an address that other machines reach is warned about.",
		},
		{
			key: "data_dir", initial: "./hither-data",
			doc: "Directory of database, key and lock; made when missing. One process owns it at a time.",
		},
		{
			key: "key_file",
			doc: "File of the root key: 32 random bytes, mode 0600. Without it, the key is `hither.key` in the data directory, made with a new database. " +
				"A file that is named here must exist. Without its key a database cannot be used: keep a copy somewhere else.",
		},
		{
			key: "rp_id",
			doc: "The RP ID that passkeys are bound to: the host of the public address (the default) or a parent domain of it. " +
				"It cannot be changed once the database exists, because passkeys do not move.",
		},
		{
			key: "related_origins", list: true,
			doc: "Whole origins, such as `https://shop.example`, whose own pages may use this installation's passkeys through the API. " +
				"Whoever runs one of them gets its people's sessions: name only what is yours. `http` is for `localhost` only, and `localhost` only where it is the RP ID. " +
				"Browsers ask `https://RP_ID/.well-known/webauthn`, which hitherd answers when the RP ID is the host of the public address; " +
				"they look at five different registrable names at most.",
		},
		{
			key: "name", initial: "Hither",
			doc: "Name of this installation, as people see it on pages and in their password manager.",
		},
		{
			key: "signup", initial: "closed", values: []string{"closed", "open"},
			doc: "Who may create an account: `closed` for people with an invitation, `open` for everybody.",
		},
		{
			key: "trusted_proxies", list: true,
			doc: "Addresses or networks of reverse proxies whose `X-Forwarded-For` is believed for the client's address, " +
				"such as `10.0.0.0/8`. Nothing else is read from a proxy.",
		},
		{
			key: "tls_cert_file",
			doc: "PEM file of the certificate and its chain. With it, hitherd speaks HTTPS itself. " +
				"The file is read again when it changes, without dropping a connection.",
		},
		{
			key: "tls_key_file",
			doc: "PEM file of the certificate's private key.",
		},
		{
			key: "rate_limits", initial: "on", values: []string{"on", "off"},
			doc: "Limits on how many requests one network may send. `off` is for benchmarks and is warned about; wrong tokens of links are counted all the same.",
		},
		{
			key: "attestation", initial: "ignore", values: []string{"ignore", "verify", "require"},
			doc: "What happens to an authenticator's attestation statement: `ignore` asks for none and keeps none; `verify` checks one that is sent; " +
				"`require` accepts only authenticators that the next three keys allow. " +
				"`require` shuts out synced passkeys and, on some platforms, phones.",
		},
		{
			key: "attestation_aaguids", list: true,
			doc: "Models of authenticators that `attestation: require` accepts, as AAGUIDs. Empty: every model with a trusted statement.",
		},
		{
			key: "attestation_roots_file",
			doc: "PEM file of the root certificates that attestation statements may end at.",
		},
		{
			key: "attestation_metadata_file",
			doc: "FIDO metadata (the signed MDS3 BLOB) that attestation statements are judged by.",
		},
		{
			key: "algorithms", initial: "EdDSA,ES256,RS256", list: true,
			doc: "Signature algorithms that are offered to authenticators, best first: `EdDSA`, `ES256`, `ES384`, `ES512`, `RS256`.",
		},
		{
			key: "session_idle", initial: "7d",
			doc: "A session ends when it was not used for so long. Units: `d`, `h`, `m`, `s`.",
		},
		{
			key: "session_lifetime", initial: "30d",
			doc: "A session ends so long after its sign-in, used or not.",
		},
		{
			key: "phone_wait", initial: "30s",
			doc: "Pages say what to check when somebody has waited so long for a phone: browsers stay at “Connecting” and show no error. " +
				"What a browser gives up from then on counts as timed out, not as cancelled. 1s to 5m.",
		},
		{
			key: "log_level", initial: "info", values: []string{"debug", "info", "warn", "error"},
			doc: "The least important messages that are logged. Logs go to standard error and hold no secret.",
		},
		{
			key: "log_format", initial: "text", values: []string{"text", "json"},
			doc: "Form of the log.",
		},
	}
}
