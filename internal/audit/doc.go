// Package audit makes tampering with audit events visible.
//
// The event rows are the leaves of a Merkle tree [RFC 6962], in the order of
// their numbers. A [Sealer] follows the committed rows and signs the tree's root
// each second when there is something new: a checkpoint, which is a signed note
// [C2SP tlog-checkpoint] of Ed25519. [Verify] computes the tree again from the
// rows and holds it against every checkpoint that was kept, and against copies
// that somebody has kept elsewhere.
//
// What this proves: whoever changes, removes or inserts a row that is covered
// has to sign again everything behind it, for which they need the root key. What
// it does not prove without a copy of a checkpoint kept elsewhere: that the log
// was not cut off, or put back to an older state. See docs/audit.md.
//
// The package knows no HTTP and no SQL. Engines implement [Store].
//
// # Leaves
//
// A leaf is the bytes of one row, all columns, as [Row.AppendLeaf] draws them.
//
// # Rows that still change
//
// A row that counts strangers' events can change while its minute lasts. An
// engine gives the sealer no row from such a row on, so that a covered row never
// changes; see [Store].
//
// [RFC 6962]: https://www.rfc-editor.org/rfc/rfc6962#section-2.1
// [C2SP tlog-checkpoint]: https://c2sp.org/tlog-checkpoint
package audit
