// Package hybridtest has what tests of the hybrid transport need and no hardware
// has: an ether in memory on which adverts are sent, heard, lost and forged.
package hybridtest
