package authenticator

// What is inside a vault's age file, for the fuzz target.

// ParseVault reads what AppendVault wrote.
func ParseVault(b []byte) ([]Credential, error) { return parseVault(b) }

// AppendVault writes credentials.
func AppendVault(b []byte, credentials []Credential) ([]byte, error) {
	return appendVault(b, credentials)
}
