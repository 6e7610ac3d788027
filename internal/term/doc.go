// Package term is how a program speaks with the person at a terminal: a QR code
// with one line under it that says how far things are, and questions.
//
// Its manners: what is for the person goes to the terminal itself ([Open]), not to
// standard output or standard error, and is taken away again when it is over. What
// anybody else has said is shown without anything that could move a cursor, turn
// writing round or push a line out of sight. Where there is no terminal there are no
// questions: [ErrNoTerminal].
package term
