// Package clientplatform is the WebAuthn client for programs without a browser. It
// keeps the rules that a browser keeps: it builds the client data, checks the RP ID
// against the origin, asks an authenticator, and gives the response for that origin alone.
package clientplatform
