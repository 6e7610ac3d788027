// Package account holds people, their credentials, sessions, invitations and
// audit events, and the rules between them.
//
// # Rules here, rows there
//
// [Accounts] decides: who may make an account, when a session has ended, what
// needs a fresh authentication, which names are good. [Store] keeps: an engine
// (internal/store/sqlite) gets one [Change] at a time and makes all of it
// durable or none of it. What a change decided from an earlier read is judged
// again by the engine inside its transaction, so two requests that race cannot
// both win: a ceremony is spent once, an invitation makes one account, the
// last credential stays.
//
// Ceremonies are judged elsewhere (package relyingparty). This package takes
// the outcome and the ceremony's id, and spends the id in the transaction that
// acts on the outcome.
//
// # Secrets
//
// A [Token] opens something. It is made here, shown once, and kept as its
// SHA-256 ([TokenHash]) only. It does not print, log or marshal.
//
// # Time
//
// Every moment comes from [Config.Now], cut to whole milliseconds. A clock that
// goes back revives nothing: what was seen to have expired is removed, and what
// claims to come from the future is refused.
//
// The package does no HTTP, knows no cookie and writes no log.
package account
