// Package ledger keeps books about a hitherd from outside: what its people have
// asked for, what was acknowledged, and what is in doubt because no answer came.
// After the server was killed, has failed, or was restored, [Ledger.Compare]
// holds the books against what the server says through its public doors.
//
// It compares both ways. Nothing acknowledged may be missing: accounts exist,
// passkeys are listed and sign in, sessions answer, each change has its audit
// row. Nothing spent, ended or removed may be back: finishes that are handed in
// again are refused as spent, ended sessions and used invitations are dead,
// removed passkeys are unknown. What is in doubt has happened as a whole or not
// at all; Compare finds out which, writes it down, and the person goes on.
//
// A person does one thing at a time, so at most one of each person's changes is
// in doubt, and everything else about the person is certain. The number of
// people is bounded, and so is what one comparison looks at: all that has
// changed since the last one, and a sample of the rest. [Ledger.CompareAll]
// leaves nothing out.
//
// [Ledger.Audit] reads the database file beside the running server, without
// writing to it: whether SQLite finds it whole, and whether there are as many
// audit rows of each type and account as there must be.
package ledger
