// Package hither introduces the cast; it holds no code.
//
// Hither lets people sign in with passkeys. Its rooms are actors who speak
// languages and live in a house:
//
//   - The language: package webauthn, the words of WebAuthn Level 3 as Go
//     values. It decodes strictly and trusts nobody.
//   - The actor: package relyingparty, which begins and finishes registration
//     and authentication ceremonies and decides, check by check, whether a
//     response satisfies the ceremony that was begun. It knows no HTTP and no
//     storage, so any program can be a relying party with it.
//   - For tests: package webauthn/webauthntest, a software authenticator that
//     makes a valid ceremony and can break any one thing in it.
//   - The house: everything below internal, and the hosted pages in web. This
//     is the product, not an interface: it may change at any time.
//   - The door: cmd/hitherd, the server, one static binary.
//
// ARCHITECTURE.md draws the whole and holds the table of who may import whom,
// GLOSSARY.md fixes the words, README.md says how to start.
package hither
