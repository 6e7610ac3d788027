// Package faultfs is a file system for tests of programs that promise to keep
// things: a disk in memory, mounted through FUSE under a directory of a real
// process, that fails where it is told to and forgets what was never made
// durable.
//
// # What is counted
//
// Each request that changes something gets the next ordinal, from 1 on: write,
// fsync (of a file or a directory), truncate, fallocate, chmod, create, mknod,
// mkdir, rename, link, unlink and rmdir. Not counted, and never failed: reads, locks,
// times, and what the kernel writes by itself from memory that was mapped. That
// is the index of SQLite's log, which no promise rests on, and it comes when the
// kernel likes.
//
// # What fails
//
// A [Fault] makes one ordinal fail, or that one and all behind it until
// [Disk.Heal]. What fails changes nothing, with one exception that real systems
// have too: when fsync of a file fails, what it should have made durable never
// will be, although programs go on reading it, until they write it again.
//
// # What is kept
//
// The disk knows two states. What programs see is [Disk.Image]: what a process
// that is killed leaves. What a power cut leaves is [Disk.Durable]: contents and
// size of a file as of its last fsync, names as of the last fsync of their
// directory; and [Disk.Torn]: some of the rest too, in pieces of 512 bytes, as
// disks that lose power are known to do. Permissions are durable at once.
//
// Locks are the kernel's own business, so they hold between the processes of one
// mount and end with them. Symbolic
// links, extended attributes and O_DIRECT are missing.
package faultfs
