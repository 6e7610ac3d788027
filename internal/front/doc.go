// Package front is what the programs that others come to have in common: a
// certificate that is read again when it changes, who asks when proxies are in
// between, how strictly what they send is read, and what is shown to those who watch.
package front
