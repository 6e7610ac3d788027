// Package cli is how the programs of this project behave on a command line, so
// that hitherd and hither do it alike: exit codes, errors as one line with hints
// under it, commands that only have commands below them, signals, the version.
package cli
