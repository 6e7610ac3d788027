// Package hybridtest has what tests of the hybrid transport need and no hardware
// has: an ether in memory on which adverts are sent, heard, lost, repeated, delayed,
// changed and forged, and a [Scene] of a client platform and a phone with a real
// tunnel service between them. It is for tests alone.
package hybridtest
