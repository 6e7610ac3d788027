// Package bench measures how fast a running server signs people in, and what
// that costs beside what it cannot cost less than.
//
// A [Meter] measures one server at one number of workers, in short rounds:
// sign-ins (begin and finish), pairs of empty requests to the same server, bare
// ES256 verifications in this process. Whatever else the machine does meanwhile,
// it does to all three. Several meters that take turns compare servers in the
// same way.
//
// The limit of a sign-in is the server's CPU for two empty requests and the time
// of one verification: a server that does nothing but receive, verify and
// answer. Figures are those of a load generator that shares the machine, unless
// it runs on another one.
package bench
