// Package api is the JSON API seen from outside, by a program that is no browser:
// ceremonies begun and finished, and what can be asked and done with the token of a
// session. What answers a ceremony is its caller's business.
//
// Whoever wants to know what became of a request that was never answered looks at
// the error: a [*RefusalError] is an answer, anything else is a doubt. A server may
// be anybody's: what it says is bounded in size, and tokens follow no redirect.
package api
