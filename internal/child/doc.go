// Package child runs programs that belong to this one: they end with it, however
// that happens, and nothing of theirs is left when they have been closed.
package child
