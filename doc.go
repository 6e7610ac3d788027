// Package hither introduces the cast; it holds no code.
//
// Hither lets people sign in with passkeys. Its rooms are actors who speak
// languages, roads between them, and a house in which people live:
//
//   - The languages: package webauthn, the words of WebAuthn Level 3 as Go
//     values, and package ctap2, those of CTAP 2.2. They decode strictly and
//     trust nobody.
//   - The actors: package relyingparty begins and finishes registration and
//     authentication ceremonies and decides, check by check, whether a response
//     satisfies the ceremony that was begun. Package clientplatform does what a
//     browser does between a server and an authenticator. Package authenticator
//     holds keys, asks its user, and signs. None knows another, nor how they
//     reach each other; relyingparty knows no HTTP and no storage, so any program
//     can be a relying party with it.
//   - The roads: package hybrid brings a client platform and a phone together by
//     QR code, Bluetooth and a tunnel (CTAP 2.2 §11.5); package tunnel reaches
//     tunnel services, and package tunnel/relay is one.
//   - For tests: package webauthn/webauthntest, a software authenticator that
//     makes a valid ceremony and can break any one thing in it, and package
//     hybrid/hybridtest, a radio in memory.
//   - The house: everything below internal, and the hosted pages in web. This
//     is the product, not an interface: it may change at any time.
//   - The doors: cmd/hitherd, the server, one static binary, and cmd/hither,
//     tools beside it.
//
// ARCHITECTURE.md draws the whole and holds the table of who may import whom,
// docs/hybrid.md is the manual of the roads, GLOSSARY.md fixes the words,
// README.md says how to start.
package hither
