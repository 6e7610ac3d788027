// Package control is a test bed from outside, for projects in any language: an API
// on loopback, for whoever has its token.
package control
