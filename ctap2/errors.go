package ctap2

// ParseError says which part of a message is malformed, and how. Every error of
// a Parse function is one, and every error of an Append method: a value that
// cannot be written is one that would be refused when read.
type ParseError struct {
	// Member is the path of the malformed part, such as "rp.id", made of names
	// from the specification alone. It is "" for the message as a whole.
	Member string
	// Status is what an authenticator answers to a request like that. It is not in
	// the chain of errors: this is no authenticator's answer.
	Status StatusCode
	// Err says what was seen. It holds no piece of the message.
	Err error
}

// Error returns one sentence for people.
func (e *ParseError) Error() string {
	if e.Member == "" {
		return "ctap2: " + e.Err.Error()
	}
	return "ctap2: " + e.Member + ": " + e.Err.Error()
}

// Unwrap returns e.Err.
func (e *ParseError) Unwrap() error { return e.Err }
