// Package child runs programs that belong to this one: they end with it, however
// that happens, and nothing of theirs is left when they have been closed.
//
// A program leads a process group of its own, and the group ends as a whole: when the
// program ends, when it is closed, and when a context is done. When this process
// is killed, the kernel ends the program itself; what it has started must notice, or
// a [Warden] ends it, who also removes files.
//
// It needs Linux. Elsewhere [Start] returns [errors.ErrUnsupported].
package child
