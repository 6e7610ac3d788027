package main

// keepPrivate has nothing to do: files inherit the access list of the data
// directory.
func keepPrivate() {}
