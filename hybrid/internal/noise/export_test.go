package noise

// Skip pretends that c has had messages up to sequence number n.
func Skip(c *CipherState, n uint32) { c.next = n }
