package hybrid

// What the tests need that is nobody else's business.

// Digits writes b as the digits of a QR code.
func Digits(b []byte) string { return string(appendDigits(nil, b)) }

// ParseDigits reads the digits of a QR code.
func ParseDigits(digits string) ([]byte, error) { return parseDigits(digits) }

// Derive is the key schedule with the secret and the salt of a vector.
func Derive(secret, salt []byte, p uint32, n int) []byte {
	out := make([]byte, n)
	derive(out, secret, salt, purpose(p))
	return out
}

// Reveal gives up what does not print.
func (s QRSecret) Reveal() []byte { return s.b[:] }

// Reveal gives up what does not print.
func (k EIDKey) Reveal() []byte { return k.b[:] }

// Reveal gives up what does not print.
func (p PSK) Reveal() []byte { return p.b[:] }
